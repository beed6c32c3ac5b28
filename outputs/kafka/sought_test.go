package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"tailrace/agent/flow"
)

// Lines that are being looked for are told by the status, and the log is silent;
// what a person may have to see to is logged, once, also when it comes later.
func TestSoughtIsNoTrouble(t *testing.T) {
	sought := fmt.Errorf("read again: %w", flow.ErrSought)
	denied := errors.New("permission denied")
	for _, c := range []struct {
		name   string
		errs   []error
		errors int
	}{
		{"looked for", []error{sought, sought, nil}, 0},
		{"looked for, then denied", []error{sought, denied, denied, sought, nil}, 1},
		{"denied", []error{denied, nil}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				o := &Output{Options: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, stop: t.Context(), tallies: map[place]*tally{}, pulses: map[place]*flow.Pulse{}}
				at := place{"app", 0}
				n := 0
				ok := o.untilDone(t.Context(), at, func() error {
					if n > 0 && o.tally(at).waits.Load() == nil {
						t.Error("the status does not tell")
					}
					n++
					return c.errs[n-1]
				})
				if got := strings.Count(log.String(), "level=ERROR"); !ok || got != c.errors || n != len(c.errs) || o.tally(at).waits.Load() != nil {
					t.Errorf("%v after %d tries, %d errors:\n%s", ok, n, got, &log)
				}
				if c.errors == 0 && log.Len() > 0 {
					t.Errorf("log:\n%s", &log)
				}
			})
		})
	}
}

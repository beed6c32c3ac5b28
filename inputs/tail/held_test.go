package tail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tailrace/agent/journal"
)

// Deleted files that wait to be read may take so much room; beyond that the one
// that was deleted first is given up, counted and named.
func TestHoldDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.opts.HoldDeleted = 150 << 10
		big := strings.Repeat("x", 99) + "\n"
		for _, name := range []string{"b.log", "a.log", "c.log"} {
			h.append(name, strings.Repeat(big, 800))
		}
		h.start()
		h.wait(0)
		var want []journal.Loss
		for i, name := range []string{"b.log", "a.log", "c.log"} {
			h.remove(name)
			h.wait(2 * scanEvery)
			if i == 1 {
				want = append(want, journal.Loss{Path: h.path("b.log"), Cause: lostHeld, Bytes: 80_000, Lines: 800})
			}
			if i == 2 {
				want = append([]journal.Loss{{Path: h.path("a.log"), Cause: lostHeld, Bytes: 80_000, Lines: 800}}, want...)
			}
			if got := h.in.Stats().Losses; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("after %s: lost %v, want %v", name, got, want)
			}
		}
		h.settle()
		if len(h.got) != 800 || h.at[0] != "c.log@0" {
			t.Errorf("%d lines, %v", len(h.got), h.at[:1])
		}
		if n := h.logged("level=ERROR", "cause=hold_deleted", "lines=800"); n != 2 {
			t.Errorf("said %d times:\n%s", n, h.log)
		}
		h.stop()
	})
}

// Without a limit all is read.
func TestHoldDeletedWithoutLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", strings.Repeat("line\n", 100_000))
		h.start()
		h.remove("a.log")
		h.wait(time.Hour)
		h.settle()
		if len(h.got) != 100_000 {
			t.Errorf("%d lines", len(h.got))
		}
		h.stop()
	})
}

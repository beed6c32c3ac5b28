package tail

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What is history stays so when it could not be opened when it was found: it had
// other permissions, or was renamed meanwhile. What comes behind it is shipped.
func TestHistoryThatCannotBeOpened(t *testing.T) {
	for name, c := range map[string]struct {
		file, start string
		restart     bool
	}{
		"a rotated file":              {"a.log.1", "beginning", false},
		"a rotated file, restarted":   {"a.log.1", "beginning", true},
		"start at the end":            {"a.log", "end", false},
		"start at the end, restarted": {"a.log", "end", true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.opts.Inputs[0].Start = c.start
				var closed atomic.Bool
				closed.Store(true)
				h.before = func(call, path string) error {
					if closed.Load() && call == "open" && filepath.Base(path) == c.file {
						return unix.EACCES
					}
					return nil
				}
				h.append("a.log.1", linesOf(0, 100))
				later(20 * time.Millisecond)
				h.append("a.log", linesOf(100, 200))
				h.start()
				h.settle()
				h.got = nil
				if c.restart {
					h.stop()
					h.start()
				}
				closed.Store(false)
				h.wait(2 * scanEvery)
				h.settle()
				h.append(c.file, "late\n")
				h.wait(2 * scanEvery)
				h.settle()
				h.want("late")
				if c.restart {
					h.stop()
					h.start()
					h.append(c.file, "later\n")
					h.settle()
					h.want("late", "later")
				}
				h.stop()
			})
		})
	}
}

package tail

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What may not be read or listed for a while is neither gone nor lost, even if
// it is rotated meanwhile: it is read on when it may be.
func TestPermissionTakenAndGivenBack(t *testing.T) {
	for name, call := range map[string]string{"of the file": "open", "of the directory": "list"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				var taken atomic.Bool
				h.before = func(what, path string) error {
					of := filepath.Dir(path)
					if call == "list" {
						of = path
					}
					if taken.Load() && what == call && of == h.dir {
						return unix.EACCES
					}
					return nil
				}
				h.append("a.log", linesOf(0, 100))
				h.start()
				h.settle()
				h.wait(10 * time.Second) // closed by then
				taken.Store(true)
				h.append("a.log", "1\n")
				h.wait(time.Minute)
				h.rename("a.log", "a.log.1")
				h.append("a.log", "2\n")
				h.wait(10 * time.Minute)
				taken.Store(false)
				h.wait(2 * maxWait)
				h.settle()
				if n := len(h.got); n != 102 || h.got[100] != "1" || h.got[101] != "2" {
					t.Errorf("%d lines, the last %q\n%s", n, h.got[100:], h.log)
				}
				if s := h.in.Stats(); len(s.Lost) != 0 || s.Slips != 0 || h.logged("level=WARN") != 0 {
					t.Errorf("lost %v, %d slips, log:\n%s", s.Lost, s.Slips, h.log)
				}
				h.stop()
			})
		})
	}
}

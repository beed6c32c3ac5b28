package tail

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A file that cannot be looked at for a while, while its name is there, is not
// deleted: nothing of it is lost, and it is read on.
func TestNameThatCannotBeLookedAt(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			h.noHandles = true
			h.append("a.log", long+"\n1\n")
			h.session()
			h.append("a.log", "2\n")
			name := "a.log"
			if rotated {
				name = "a.log.1"
				h.rename("a.log", name)
				h.append("a.log", "3\n")
				h.start()
				h.stop() // it is known where it is
			}
			var broken atomic.Bool
			broken.Store(true)
			h.before = func(call, path string) error {
				if broken.Load() && call == "stat" && path == h.path(name) {
					return unix.EIO
				}
				return nil
			}
			h.start()
			h.wait(40 * time.Second)
			h.want(long, "1")
			broken.Store(false)
			h.wait(15 * time.Second)
			h.settle()
			h.stop()
			if want := []string{long, "1", "2", "3"}; rotated {
				h.want(want...)
			} else {
				h.want(want[:3]...)
			}
			if h.logged("level=ERROR") > 0 || len(h.in.Stats().Losses) > 0 {
				t.Errorf("losses %v, log:\n%s", h.in.Stats().Losses, h.log)
			}
		})
	}
}

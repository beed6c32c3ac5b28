package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A log is rotated to another directory for the first time, several times between two
// looks or while it is found out where the first one went, and compressed there at once or
// the next time.
func TestOldDirFirstRotations(t *testing.T) {
	looks := []string{"", "app", "app/old"} // at which directory a look is made in between
	for i := range 3 * 2 * 2 * 2 * 2 * 4 {
		pattern, open, n, next, delay := []string{"app/a.log", "app/*.log*", "app/**"}[i%3], i/3%2 > 0, []int{1, 4}[i/6%2], i/12%2 > 0, i/24%2 > 0
		look, pause := looks[i/48%3], i/48 == 3
		if pause {
			look = "app"
		}
		t.Run(fmt.Sprintf("%s open %v %d next %v delay %v look %s %v", pattern, open, n, next, delay, look, pause), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.must(os.MkdirAll(h.path("app/old"), 0o755))
				h.write("app/a.log", 1, 1)
				h.start()
				h.settle()
				if open {
					h.write("app/a.log", 2, 2)
					h.wait(time.Second)
					h.take()
					h.write("app/a.log", 3, 3)
				} else {
					h.wait(time.Minute)
					h.write("app/a.log", 2, 3)
				}
				for k := range n {
					h.toOldDir(n, delay)
					if k < n-1 || next {
						h.write("app/a.log", 4+k, 4+k)
					}
					if look != "" {
						h.must(h.in.ask(t.Context(), func() { h.in.look(h.path(look)) }))
					}
					if pause && k == 0 {
						h.wait(time.Second / 2)
					}
				}
				h.settleLong()
				if !next {
					h.write("app/a.log", 3+n, 3+n)
					h.settleLong()
				}
				h.want(texts(1, 3+n)...)
				h.noLoss()
				h.stop()
				h.sessionLong()
				h.want(texts(1, 3+n)...)
			})
		})
	}
}

// toOldDir rotates app/a.log to app/old, where so many are kept, and compresses it, or the
// one before it.
func (h *host) toOldDir(kept int, delay bool) {
	h.t.Helper()
	h.shift("app/old/a.log", kept)
	h.rename("app/a.log", "app/old/a.log.1")
	if !delay {
		h.compress("app/old/a.log.1", ".gz")
	} else if h.exists("app/old/a.log.2") {
		h.compress("app/old/a.log.2", ".gz")
	}
}

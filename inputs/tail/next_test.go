package tail

import (
	"testing"
	"time"
)

// A log is truncated again and again, and somebody keeps the first copy: what is
// known of it does not hold all generations that came after it.
func TestKeptCopyHoldsNoGenerations(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.start()
		for n := 1; n <= 3*keepGone; n++ {
			h.write("a.log", n*10, n*10+9)
			h.wait(time.Second)
			h.take()
			h.copyTruncate("a.log", "a.log.1")
			h.wait(2 * time.Second)
			h.take()
			if n == 1 {
				h.rename("a.log.1", "a.log.kept")
			} else {
				h.remove("a.log.1")
			}
			h.wait(2 * scanEvery)
		}
		h.wait(5 * time.Minute)
		h.must(h.in.ask(t.Context(), func() {
			for _, f := range h.in.files {
				long := 0
				for g := f.next; g != nil; g = g.next {
					long++
				}
				if long > keepGone+2 {
					t.Errorf("file %d, at %s, is followed by %d", f.id, f.now, long)
				}
			}
		}))
		h.stop()
	})
}

package tail

import (
	"fmt"
	"testing"
)

// An empty log is written to while no agent runs, rotated, and its rotated file is
// overwritten by the next: that its lines may be lost is said, and nothing else is.
func TestEmptyAtStopAndOverwritten(t *testing.T) {
	for _, rotations := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(rotations), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", "")
				h.session()
				for n := range rotations {
					h.write("a.log", n+1, n+1)
					tick()
					h.rename("a.log", "a.log.1")
				}
				h.write("a.log", 9, 9)
				h.session()
				h.want(text(rotations), text(9))
				said := 0
				if rotations > 1 {
					said = 1
				}
				if n := h.logged("level=ERROR", "cause="+lostMissing); n != said || h.logged("level=ERROR") != said {
					t.Errorf("said %d times, want %d:\n%s", n, said, h.log)
				}
			})
		})
	}
}

// The same with compression: where all that was rotated before is gone, its own file may
// be, too.
func TestEmptyAtStopAndRotatedAway(t *testing.T) {
	for _, c := range []struct{ kept, rotations, first, said int }{
		{kept: 1, rotations: 3, first: 3, said: 1},
		{kept: 2, rotations: 3, first: 2, said: 1},
		{kept: 3, rotations: 2, first: 1},
		{kept: 9, rotations: 3, first: 1},
	} {
		t.Run(fmt.Sprint(c.kept, c.rotations), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				name := func(n int) string { return fmt.Sprintf("a.log.%d.gz", n) }
				rotate := func() {
					for n := c.kept; n > 0; n-- {
						if h.exists(name(n)) {
							h.rename(name(n), name(n+1))
						}
					}
					h.packRotated("a.log", ".gz")
					if h.append("a.log", ""); h.exists(name(c.kept + 1)) {
						h.remove(name(c.kept + 1))
					}
				}
				h.write("a.log", 0, 0)
				h.start()
				h.settle()
				rotate()
				h.settleLong()
				h.stop()
				for n := range c.rotations {
					tick()
					h.write("a.log", n+1, n+1)
					rotate()
				}
				h.write("a.log", c.rotations+1, c.rotations+1)
				h.sessionLong()
				h.want(append(texts(0, 0), texts(c.first, c.rotations+1)...)...)
				if n := h.logged("level=ERROR", "cause="+lostMissing); n != c.said || h.logged("level=ERROR") != c.said {
					t.Errorf("said %d times, want %d:\n%s", n, c.said, h.log)
				}
			})
		})
	}
}

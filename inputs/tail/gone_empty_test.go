package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A log that was empty at the stop is rotated and compressed while no agent runs: its
// lines are read from what came of it, and nothing is said to be lost.
func TestEmptyAtStopAndRotated(t *testing.T) {
	for name, c := range map[string]struct {
		dir    string // where rotated files go
		before int    // rotations of the empty log while an agent runs, just before the stop
		late   time.Duration
		sizes  []int
	}{
		"once":                     {sizes: []int{20}},
		"twice":                    {sizes: []int{20, 3}},
		"empty again":              {sizes: []int{0, 20}},
		"only empty":               {sizes: []int{0, 0}},
		"empty between":            {sizes: []int{20, 0, 3}},
		"rotated empty":            {before: 1, sizes: []int{20}},
		"rotated empty, then more": {before: 2, sizes: []int{0, 0, 20, 3}},
		"olddir":                   {dir: "old/", sizes: []int{20, 3}},
		"olddir, empty":            {dir: "old/", before: 1, sizes: []int{0, 20, 0, 3}},
		"whole seconds":            {late: time.Second, before: 1, sizes: []int{0, 0, 20, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.must(os.MkdirAll(h.path(filepath.Join("x", c.dir)), 0o755))
				h.must(os.MkdirAll(h.path(c.dir), 0o755))
				n, last := 0, 0
				rotate := func() {
					for i := n; i > 0; i-- {
						h.rename(fmt.Sprintf("%sa.log.%d.gz", c.dir, i), fmt.Sprintf("%sa.log.%d.gz", c.dir, i+1))
					}
					n++
					to := c.dir + "a.log.1"
					h.rename("a.log", to)
					h.append("a.log", "")
					if c.late > 0 {
						at := realNow().Truncate(c.late)
						h.must(os.Chtimes(h.path(to), at, at))
					}
					h.compress(to, ".gz")
				}
				write := func(n int) {
					if n > 0 {
						h.write("a.log", last+1, last+n)
					}
					last += n
				}
				write(20)
				h.start()
				h.settle()
				rotate()
				h.settleLong()
				for range c.before {
					rotate()
					h.wait(lookGap)
				}
				h.stop()
				for _, size := range c.sizes {
					write(size)
					h.wait(time.Millisecond)
					rotate()
				}
				write(2)
				h.sessionLong()
				h.want(texts(1, last)...)
				h.noLoss()
			})
		})
	}
}

// It is copied and removed, as logrotate's renamecopy does and a move to another file
// system: its lines are in the copy. Where nothing came of it, they may be lost.
func TestEmptyAtStopAndCopied(t *testing.T) {
	for _, copied := range []bool{true, false} {
		t.Run(fmt.Sprint(copied), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", "")
				h.session()
				h.write("a.log", 1, 20)
				want := texts(21, 22)
				if copied {
					h.append("a.log.1", h.read("a.log"))
					want = texts(1, 22)
				}
				h.remove("a.log")
				h.write("a.log", 21, 22)
				h.session()
				h.want(want...)
				if said := h.logged("level=ERROR", "cause="+lostMissing) > 0; said == copied {
					t.Errorf("log:\n%s", h.log)
				}
			})
		})
	}
}

package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A file that has lost its end is read on from where it is known again, not from
// its beginning; what may come twice is counted, and said once.
func TestCutBack(t *testing.T) {
	line := func(i int) string { return fmt.Sprintf("line %05d %s", i, strings.Repeat("x", 88)) } // 100 bytes
	lines := func(from, to int) (all []string) {
		for i := from; i < to; i++ {
			all = append(all, line(i))
		}
		return all
	}
	f := func(name string, down bool, cut int64, more []string, again int) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.start()
				for i := 0; i < 1000; i += 10 { // 10 lines a span
					h.append("a.log", strings.Join(lines(i, i+10), "\n")+"\n")
					h.wait(100 * time.Millisecond)
					h.take()
				}
				h.want(lines(0, 1000)...)
				h.got = nil
				if down {
					h.stop()
				}
				h.must(os.Truncate(h.path("a.log"), cut))
				h.append("a.log", strings.Join(more, "\n")+"\n")
				if down {
					h.start()
				}
				h.settle()
				h.want(slices.Concat(lines(int(cut)/100-again, int(cut)/100), more)...)
				// at most: where the file was cut is not known
				size := cut + int64(len(strings.Join(more, "\n"))) + 1
				if n, want := h.in.Stats().Again, min(size, 100_000)-(cut/100-int64(again))*100; n != want {
					t.Errorf("%d bytes may come twice, want %d", n, want)
				}
				if n := h.logged("level=WARN", "has lost its end"); n != 1 || h.logged("level=ERROR") > 0 {
					t.Errorf("log:\n%s", h.log)
				}
				h.stop()
				h.start() // nothing comes again
				h.got = nil
				h.settle()
				h.want()
				h.stop()
			})
		})
	}
	for _, down := range []bool{false, true} {
		f("at a step", down, 98_000, []string{"new"}, 0)
		f("behind a step", down, 98_700, []string{"new"}, 7)
		f("written on beyond its former size", down, 99_000, lines(2000, 2100), 0)
	}
}

// Where nothing of it is known, it is another file.
func TestCutBackTooFar(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.start()
		for i := range 100 {
			h.append("a.log", fmt.Sprintf("line %d %s\n", i, strings.Repeat("x", 90)))
			h.wait(100 * time.Millisecond)
			h.take()
		}
		h.got = nil
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "new\n")
		h.settle()
		h.want("new")
		h.stop()
	})
}

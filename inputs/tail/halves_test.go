package tail

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The other half of a line is joined to the copy of a truncated file; before it
// is read, the file is truncated once more, and is longer than before: the half
// is a line of its own, and what is at the path now is read.
func TestJoinedHalfIsTruncated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.maxOpen = 1 // else it would be noticed because it is open
		h.append("a.log", long+"\nha")
		h.start()
		h.take()
		h.wait(2 * time.Second)
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "lf\nlost\n")
		h.wait(2 * scanEvery)
		h.take() // nothing but a half
		h.wait(5 * time.Second)
		joined := false
		for f := range h.in.active {
			joined = joined || f.joined > 0
		}
		if !joined {
			t.Error("nothing is joined")
		}
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", strings.Repeat("new ", 20)+"\n")
		var got int
		for range 20 { // the next scan is far
			h.take()
			h.wait(100 * time.Millisecond)
			got = len(h.got)
		}
		if h.want(long, "ha", strings.Repeat("new ", 20)); got != 3 {
			t.Errorf("%d lines", got)
		}
		h.stop()
	})
}

// A rotated file is truncated while its successor waits: what is in it now
// comes before the successor, and that before what comes next at the path.
func TestTruncatedBeforeItsSuccessor(t *testing.T) {
	for _, restart := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			h.append("a.log", long+"\n")
			h.start()
			h.take()
			h.append("a.log", "lost\n")
			h.rename("a.log", "a.log.1")
			var want []string
			for i := range 4 {
				want = append(want, strings.Repeat(string(rune('a'+i)), 200<<10))
				h.append("a.log", want[i]+"\n")
			}
			h.wait(2 * scanEvery)
			h.must(os.Truncate(h.path("a.log.1"), 0))
			h.append("a.log.1", "3\n")
			h.wait(2 * scanEvery)
			h.rename("a.log", "a.log.0")
			h.append("a.log", "5\n")
			h.wait(2 * scanEvery)
			if restart {
				h.stop()
				h.start()
			}
			h.settle()
			if got := append([]string{long, "3"}, append(want, "5")...); !slices.Equal(h.got, got) {
				t.Errorf("restart %v: %.10q", restart, h.got)
			}
			h.stop()
		})
	}
}

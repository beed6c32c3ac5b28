package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
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

// A rotated file that breaks off in a line is copied with its times, and deleted: the
// copy is younger than what is at the path now, but was not made of that by a
// copytruncate. The half is a line of its own.
func TestRenamedHalfIsCopied(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprint("started again ", again), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", long+"\nha")
				h.start()
				h.take()
				h.stop()
				h.rename("a.log", "a.log.1")
				later(20 * time.Millisecond)
				h.append("a.log", "next\n")
				later(20 * time.Millisecond)
				h.rename("a.log.1", "away.txt")
				h.copyAll("away.txt", "a.log.1")
				h.remove("away.txt")
				h.start()
				if again {
					h.stop()
					h.start()
				}
				h.settle()
				h.want(long, "ha", "next")
				h.stop()
			})
		})
	}
}

// The agent is killed while a line is under way of which the other half is in the next
// file, and that is compressed: it is looked for there before the line is given up.
func TestJoinedHalfIsCompressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\nha")
		h.start()
		h.take()
		h.copyTruncate("a.log", "a.log.2")
		h.append("a.log", "lf\n"+long+" next\n")
		for len(h.got) < 2 {
			h.wait(time.Second)
			var c flow.Chunk
			if h.next(&c, 1) {
				h.j.intent(c.Span(0, c.Lines()))
			}
		}
		h.copyTruncate("a.log", "a.log.1")
		h.wait(2 * scanEvery)
		h.crash()
		h.compress("a.log.1", ".gz")
		h.start()
		for _, s := range h.j.unacked() {
			var c flow.Chunk
			err := h.in.Fetch(s, &c)
			for range 20 {
				if err != nil && err != flow.ErrGone {
					h.wait(time.Second)
					err = h.in.Fetch(s, &c)
				}
			}
			if err != nil {
				t.Error(err)
			}
			h.j.ack(s)
		}
		h.settle()
		h.want(long, "half", long+" next")
		h.stop()
	})
}

// A log is copied and truncated in the middle of a line, and once more with the other
// half before anybody looks again: the half goes on in the second copy, not in what is
// at the path by then.
func TestHalfIsCopiedOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\nha")
		h.start()
		h.take()
		h.copyTruncate("a.log", "a.log.1")
		h.wait(2 * scanEvery)
		h.wait(graceTime)
		h.append("a.log", "lf\n")
		h.copyTruncate("a.log", "a.log.2")
		h.append("a.log", "next\n")
		h.settle()
		h.want(long, "half", "next")
		h.noLoss()
		h.stop()
	})
}

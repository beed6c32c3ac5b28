package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// The pieces of a long line are counted on over a restart.
func TestPiecesOverRestarts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		var parts []string
		life := func(more string) {
			h.append("a.log", more)
			h.start()
			var c flow.Chunk
			for h.next(&c, readSize) {
				parts = append(parts, fmt.Sprintf("%d %v", c.Part, c.Final))
				s := c.Span(0, c.Lines())
				h.j.intent(s)
				h.j.ack(s)
			}
			h.stop()
		}
		life(strings.Repeat("x", 2*maxLine+5))
		life(strings.Repeat("y", maxLine))
		life("the end\nnext\n")
		if got, want := strings.Join(parts, ", "), "1 false, 2 false, 3 false, 4 true, 0 false"; got != want {
			t.Errorf("parts %s, want %s", got, want)
		}
	})
}

// Files that wait to be read do not take all descriptors: sockets need some.
func TestFewDescriptors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.maxOpen = 8
		const files, lines = 50, 3
		write := func(round int) {
			for i := range files {
				for k := range lines {
					h.append(fmt.Sprintf("%02d.log", i), fmt.Sprintf("%d %d %d\n", i, round, k))
				}
			}
		}
		write(0)
		h.start()
		if n := h.in.Stats().Open; int64(n) > h.maxOpen {
			t.Errorf("%d files are open before anything is read", n)
		}
		h.settle()
		write(1)
		h.wait(2 * scanEvery)
		if n := h.in.Stats().Open; int64(n) > h.maxOpen {
			t.Errorf("%d files are open with new lines", n)
		}
		h.settle()
		next := map[string]int{}
		for _, line := range h.got {
			var file, round, k int
			if _, err := fmt.Sscan(line, &file, &round, &k); err != nil {
				t.Fatal(line)
			}
			if id := fmt.Sprint(file); next[id] != round*lines+k {
				t.Fatalf("%q after %d lines of the file", line, next[id])
			} else {
				next[id]++
			}
		}
		if len(h.got) != 2*files*lines {
			t.Errorf("%d lines, want %d\n%s", len(h.got), 2*files*lines, h.log)
		}
		h.stop()
	})
}

// A file that was read to its end and then truncated has lost nothing, however
// long it is again when that is seen.
func TestNothingLostNothingSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", strings.Repeat("an old line\n", 300))
		h.start()
		h.settle()
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", strings.Repeat("a new line that is longer\n", 900))
		h.settle()
		if len(h.got) != 1200 || strings.Contains(h.log.String(), "lost") {
			t.Errorf("%d lines, log:\n%s", len(h.got), h.log)
		}
		h.stop()
	})
}

// A file that is truncated while nobody looks may have had more lines, too: that is
// said unless a copy of it is there.
func TestTruncatedWhileDownIsSaid(t *testing.T) {
	for _, copied := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			h.append("a.log", strings.Repeat("an old line\n", 300))
			h.session()
			h.append("a.log", "unread\n")
			want := 1
			if copied {
				h.copyAll("a.log", "a.log.1")
				want = 0
			}
			h.must(os.Truncate(h.path("a.log"), 0))
			h.append("a.log", strings.Repeat("a new line that is longer\n", 900))
			h.start()
			h.settle()
			if h.logged("level=ERROR", "may be lost", "offset=3600") != want || strings.Contains(h.log.String(), "bytes=3") {
				t.Errorf("copied %v, log:\n%s", copied, h.log)
			}
			l := h.in.Stats().Losses
			if len(l) != want || want > 0 && (l[0].Cause != lostUnseen || l[0].Unknown != 1) {
				t.Errorf("copied %v, lost: %+v", copied, l)
			}
			h.stop()
		})
	}
}

// A file that is deleted while nobody looks may have had more lines: that is
// said, with the place up to which they are shipped.
func TestDeletedWhileDownIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", strings.Repeat("a line\n", 100))
		h.session()
		h.append("a.log", "unread\n")
		h.remove("a.log")
		h.start()
		h.settle()
		if h.logged("level=ERROR", "nowhere", "offset=700") != 1 || strings.Contains(h.log.String(), "bytes=") {
			t.Errorf("log:\n%s", h.log)
		}
		if l := h.in.Stats().Losses; len(l) != 1 || l[0].Cause != lostMissing || l[0].Unknown != 1 {
			t.Errorf("lost: %+v", l)
		}
		h.stop()
	})
}

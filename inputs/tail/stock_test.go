package tail

import (
	"os"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// Brokers are away, so that nobody reads, and a file is truncated: what had
// come meanwhile is counted as lost, whether lines of it were read before or
// none.
func TestTruncatedUnread(t *testing.T) {
	f := func(name string, readFirst bool, want int64) {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "*.log")
			h.append("a.log", "1\n2\n3\n")
			h.start()
			if readFirst {
				h.take()
			} else {
				h.wait(2 * time.Second)
			}
			for range 5 {
				h.append("a.log", "more\n")
				h.wait(2 * time.Second)
			}
			h.must(os.Truncate(h.path("a.log"), 0))
			h.append("a.log", "new\n")
			h.wait(15 * time.Second)
			l := h.in.Stats().Losses
			if len(l) != 1 || l[0].Bytes != want || l[0].Cause != lostTruncated {
				t.Errorf("%s: lost %+v, want %d bytes", name, l, want)
			}
			var c flow.Chunk
			for h.next(&c, readSize) {
			}
			if n := len(h.got); n == 0 || h.got[n-1] != "new" {
				t.Errorf("%s: got %q", name, h.got)
			}
			h.stop()
		})
	}
	f("nothing was read", false, 31)
	f("some was read", true, 25)
}

package tail

import (
	"os"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// A line that was joined over a copytruncate is not acked when the agent is killed;
// its input is removed, and the log is truncated once more: nothing of it is followed,
// and the others go on.
func TestRemovedInputOfAJoinedLine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\n")
		h.start()
		h.settle()
		h.append("a.log", "half ")
		h.wait(time.Second)
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "and half\n"+long+"\n")
		var c flow.Chunk
		for range 100 {
			h.wait(100 * time.Millisecond)
			if h.in.Feed("t").Next(&c, readSize) {
				break
			}
		}
		if string(c.Line(0)) != "half and half" {
			t.Fatalf("read %q", c.Data)
		}
		h.j.intent(c.Span(0, c.Lines()))
		h.crash()
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "other "+long+"\n")
		h.only("b.log")
		h.start()
		h.wait(time.Second)
		for _, s := range h.j.unacked() {
			_ = h.in.Fetch(s, &c)
		}
		h.wait(2 * scanEvery)
		h.append("b.log", "followed\n")
		h.settle()
		h.want(long, "followed")
		h.stop()
	})
}

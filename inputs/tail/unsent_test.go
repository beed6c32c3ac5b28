package tail

import (
	"testing"
	"time"

	"tailrace/agent/flow"
)

// A rotated file was read to its end and let go, but the batch with its last
// lines was not sent when the agent was killed: they come before those of its
// successor, and nobody is told that they are late.
func TestReadButNotSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n2\n")
		h.start()
		h.settle()
		h.append("a.log", "3\n4\n")
		h.wait(time.Second)
		var c flow.Chunk
		if !h.in.Feed("t").Next(&c, readSize) { // a lane has them and waits for its brokers
			t.Fatal("nothing to read")
		}
		h.append("b.log", "b\n")
		h.wait(time.Second)
		if !h.in.Feed("t").Next(&c, readSize) {
			t.Fatal("nothing to read")
		}
		h.rename("a.log", "a.log.1")
		h.append("a.log", "5\n")
		h.wait(time.Minute)
		h.j.crash(100) // that it was let go is on the disk
		h.stop()
		h.remove("b.log")
		h.start()
		h.settle()
		h.want("1", "2", "3", "4", "5")
		h.stop()
		if n := h.in.Stats().Slips; n != 0 {
			t.Errorf("%d files gave lines late", n)
		}
	})
}

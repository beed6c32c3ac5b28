package tail

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// A log is copied once more just before a look, and truncated just after it: the copy
// is taken for a generation, and what the look has seen in the log is in it.
func TestCopiedWhileLooked(t *testing.T) {
	for _, wait := range []time.Duration{0, 300 * time.Millisecond} {
		t.Run(wait.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.write("a.log", 1, 30)
				h.session()
				later(12 * time.Millisecond)
				h.copyTruncate("a.log", "a.log.2")
				h.write("a.log", 31, 60)
				later(12 * time.Millisecond)
				h.append("a.log.1", h.read("a.log"))
				h.start()
				h.wait(wait)
				h.must(os.Truncate(h.path("a.log"), 0))
				h.wait(2 * time.Second)
				h.write("a.log", 61, 65)
				h.settleLong()
				h.want(texts(1, 65)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

// A log of which nothing was read is copied and truncated, and what is in it then is read
// while a look compares the copy: that is read, too, late.
func TestReadWhileCopyIsCompared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "")
		var armed atomic.Bool
		h.before = func(call, path string) error {
			if call != "open" || filepath.Base(path) != "a.log.1" || !armed.CompareAndSwap(true, false) {
				return nil
			}
			var c flow.Chunk
			for h.in.Feed("t").Next(&c, readSize) {
				h.keep(&c, c.Lines())
				s := c.Span(0, c.Lines())
				h.j.intent(s)
				h.j.ack(s)
			}
			return nil
		}
		h.start()
		h.wait(time.Second)
		h.append("a.log", "first\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "second\n")
		armed.Store(true)
		h.settleLong()
		h.want("second", "first")
		if h.said("read late") != 1 || h.said("lost") != 0 {
			t.Errorf("said:\n%s", h.log.String())
		}
		h.stop()
	})
}

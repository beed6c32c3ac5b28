package tail

import (
	"fmt"
	"testing"

	"tailrace/agent/flow"
)

// Nothing was read of a log yet when it is copied and truncated several times
// while the agent is down. The lane asks for lines at every moment of the first
// look: what is at the path now must not be taken for what was there before.
func TestReadBeforeCopiesAreFound(t *testing.T) {
	for _, copies := range []int{1, 3} {
		t.Run(fmt.Sprint(copies), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", "")
				h.start()
				h.settle()
				h.stop()
				n := 0
				for i := range copies {
					h.write("a.log", n+1, n+3)
					n += 3
					h.copyTruncate("a.log", fmt.Sprintf("a.log.%d", copies-i))
				}
				h.write("a.log", n+1, n+5)
				h.before = func(call, path string) error {
					var c flow.Chunk
					if h.in == nil || call != "list" && call != "stat" || !h.mu.TryLock() {
						return nil // the call is one of Next itself, or not of the look
					}
					defer h.mu.Unlock()
					if h.in.Feed("t").Next(&c, readSize) {
						h.keep(&c, c.Lines())
					}
					return nil
				}
				h.start()
				h.settle()
				h.want(texts(1, n+5)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

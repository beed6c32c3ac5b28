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

// A log is copied and truncated several times while the agent is down, to the names
// that some programs give: each copy is found, in their order.
func TestCopiedToOtherNamesWhileDown(t *testing.T) {
	for _, name := range []string{"a__2026-01-31_00-00-0%d.log", "a_26.01.31_00.00.0%d.log", "a.log0000%d"} {
		for _, ext := range []string{"", ".gz"} {
			t.Run(name+ext, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					h.write("a.log", 1, 9)
					h.session()
					for n := 1; n < 4; n++ {
						to := fmt.Sprintf(name, n)
						h.write("a.log", 10*n, 10*n+9)
						h.copyTruncate("a.log", to)
						tick()
						if ext != "" {
							h.compress(to, ext)
						}
					}
					h.write("a.log", 40, 49)
					h.start()
					h.settleLong()
					h.want(texts(1, 49)...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
}

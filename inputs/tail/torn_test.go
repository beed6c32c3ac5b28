package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A copytruncate ends its copy before what was read already: the copy is not
// shipped, also when the agent is down at the truncation and after restarts.
func TestTornCopy(t *testing.T) {
	for _, pattern := range []string{"*.log", "*.log*"} {
		for _, down := range []bool{false, true} {
			t.Run(fmt.Sprint(pattern, down), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					var want []string
					add := func(n int) {
						for range n {
							s := fmt.Sprintf("line %d %s", len(want), strings.Repeat("x", 30))
							want = append(want, s)
							h.append("a.log", s+"\n")
						}
						h.settle()
					}
					h.start()
					add(100)
					p, err := os.ReadFile(h.path("a.log"))
					h.must(err)
					h.must(os.WriteFile(h.path("a.log.1"), p, 0o644))
					add(3)
					if down {
						h.stop()
					}
					h.must(os.Truncate(h.path("a.log"), 0))
					h.append("a.log", "new\n")
					want = append(want, "new")
					if down {
						h.start()
					}
					h.settle()
					h.want(want...)
					h.stop()
					h.start()
					add(1)
					h.want(want...)
					h.stop()
				})
			})
		}
	}
}

package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A log is cut shorter and written on behind that, and copied and truncated before
// anything was read of it again: the copy, which begins as the log did before it was
// cut, has other bytes at the place up to which that was read. It is the copy of what
// came since.
func TestCopiedAfterCut(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		t.Run(pattern, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				var lines, more []string
				for n := range 40 {
					lines = append(lines, fmt.Sprintf("%02d %s", n, strings.Repeat("x", 96))) // 100 bytes with the newline
				}
				h.append("a.log", strings.Join(lines, "\n")+"\n")
				h.start()
				h.settle()
				h.must(os.Truncate(h.path("a.log"), 3900+20))
				for n := range 60 {
					more = append(more, fmt.Sprintf("+%02d %s", n, strings.Repeat("y", 96)))
				}
				h.append("a.log", strings.Join(more, "\n")+"\n")
				h.wait(3 * time.Second)
				h.copyTruncate("a.log", "a.log.1")
				h.append("a.log", "1\n2\n")
				h.settle()
				torn := lines[39][:20] + more[0]
				again := append(append(append([]string{}, lines[:39]...), torn), more[1:]...)
				h.want(append(append(append([]string{}, lines...), again...), "1", "2")...)
				if s := h.in.Stats(); len(s.Losses) != 0 || h.logged("level=ERROR") > 0 {
					t.Errorf("%+v, log:\n%s", s, h.log)
				}
				h.stop()
			})
		})
	}
}

package tail

import (
	"os"
	"testing"
	"time"
)

// A file of which nothing was read yet, since no broker takes it, is copied and
// truncated: its lines come once, from it or from the copy, and none is lost.
func TestCopyOfUnread(t *testing.T) {
	for name, read := range map[string]bool{"read before it is truncated": true, "truncated first": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log*")
				text, all := numbers(1, 50)
				h.append("a.log", text)
				h.start()
				h.wait(5 * time.Second)
				h.must(os.WriteFile(h.path("a.log.1"), []byte(text), 0o644))
				h.wait(3 * time.Second)
				if read {
					h.settle()
				}
				h.must(os.Truncate(h.path("a.log"), 0))
				h.append("a.log", "new\n")
				h.settle()
				h.want(append(all, "new")...)
				if s := h.in.Stats(); len(s.Lost) > 0 {
					t.Errorf("lost: %v", s.Lost)
				}
				h.stop()
			})
		})
	}
}

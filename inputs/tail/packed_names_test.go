package tail

import (
	"strings"
	"testing"
)

// The unread rest of a log is in a compressed file, and the next generation is
// plain and has a name that the pattern matches, too: it waits for the
// compressed one, and is shipped as what was at the path.
func TestMatchedGenerationWaits(t *testing.T) {
	f := func(pattern, oldest, newer string) {
		t.Run(oldest, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.write("a.log", 1, 3)
				h.start()
				h.settle()
				h.stop()
				h.write("a.log", 4, 5)
				h.rename("a.log", oldest)
				h.compress(oldest, ".gz")
				h.write("a.log", 6, 7)
				h.rename("a.log", newer)
				h.write("a.log", 8, 9)
				h.start()
				h.settleLong()
				h.want(texts(1, 9)...)
				for _, at := range h.at {
					if !strings.HasPrefix(at, "a.log@") {
						t.Errorf("%s", at)
					}
				}
				h.noLoss()
				h.stop()
			})
		})
	}
	f("*.log*", "a.log.2", "a.log.1")
	f("*.log*", "a.log-20261123-1795412001", "a.log-20261123-1795412002")
	f("*.log*", "a.log.2026-11-23_11", "a.log.2026-11-23_12")
	f("*.log", "a.2.log", "a.1.log")
	f("*.log", "a-20261123-1795412001.log", "a-20261123-1795412002.log")
	f("*.log", "a-11-23-2026-1.log", "a-11-23-2026-2.log")
	f("a*", "a.2", "a.1")
}

// A log whose name looks like that of a rotated one, of a log that is not
// there, is a path of its own.
func TestNumberedLogs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.write("web-2.log", 1, 2)
		h.write("web-1.log", 3, 4)
		h.start()
		h.settle()
		h.stop()
		h.write("web-3.log", 5, 6)
		h.start()
		h.settle()
		if len(h.got) != 6 {
			t.Errorf("%d lines", len(h.got))
		}
		for i, at := range h.at {
			if strings.HasPrefix(at, "web.log@") {
				t.Errorf("%s: %s", at, h.got[i])
			}
		}
		h.stop()
	})
}

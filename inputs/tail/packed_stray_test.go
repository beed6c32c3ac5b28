package tail

import (
	"os"
	"strings"
	"testing"
)

// What was rotated to another directory for the first time while the agent was
// down, and compressed there, is read from there.
func TestOldDirCompressedWhileDown(t *testing.T) {
	f := func(name string, want []string, rotate func(h *host)) {
		for _, handles := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "app/a.log")
					h.noHandles = !handles
					h.must(os.MkdirAll(h.path("app/old"), 0o755))
					h.must(os.Mkdir(h.path("other"), 0o755))
					h.must(os.Mkdir(h.path("third"), 0o755))
					h.append("app/a.log", long+"\n")
					h.start()
					h.settle()
					h.stop()
					h.got = nil
					rotate(h)
					// another program's, one that begins alike; and a
					// third's, which is being rotated
					h.append("other/a.log.1", long+"\nof another\n")
					h.compress("other/a.log.1", ".gz")
					h.append("other/a.log", "of another\n")
					h.append("third/a.log.1", strings.Repeat("of a third\n", 10))
					h.compress("third/a.log.1", ".gz")
					h.start()
					h.settleLong()
					h.want(want...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
	f("once", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "3\n")
	})
	f("twice", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.2")
		h.compress("app/old/a.log.2", ".gz")
		h.append("app/old/a.log.1", "3\n")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "4\n")
	})
	f("once, and again uncompressed", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log-20260101")
		h.compress("app/old/a.log-20260101", ".gz")
		h.append("app/old/a.log-20260102", "3\n")
		h.append("app/a.log", "4\n")
	})
	f("nothing is at the path", []string{"2"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
	})
	f("copytruncate", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.copyTruncate("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "3\n")
	})
	f("copytruncate, twice", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.copyTruncate("app/a.log", "app/old/a.log.2")
		h.compress("app/old/a.log.2", ".gz")
		h.append("app/a.log", "3\n")
		h.copyTruncate("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "4\n")
	})
}

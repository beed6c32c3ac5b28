package tail

import (
	"os"
	"testing"
)

// A file that another user has put beside a log, with a name of its family and
// its first bytes, neither adds lines nor hides any.
func TestPlantedFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of other users")
	}
	f := func(name string, owner int, want []string, happens func(h *host)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", long+"\n")
				h.must(os.Chown(h.path("a.log"), 1000, -1))
				h.session()
				h.got = nil
				happens(h)
				h.must(os.Chown(h.path("a.log.1"), owner, -1))
				h.start()
				h.settle()
				h.want(want...)
				h.stop()
			})
		})
	}
	generation := func(h *host) {
		h.append("a.log", "2\n")
		h.rename("a.log", "moved")
		h.append("a.log.1", "3\n")
		h.append("a.log", "4\n")
		h.must(os.Chown(h.path("a.log"), 1000, -1))
	}
	f("a generation", 1001, []string{"2", "4"}, generation)
	f("one of its owner", 1000, []string{"2", "3", "4"}, generation)
	f("one of root", 0, []string{"2", "3", "4"}, generation)
	copied := func(h *host) {
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "3\n")
		h.append("a.log.1", long+"\n2\n")
	}
	f("a copy", 1001, []string{"3"}, copied)
	f("a copy of root", 0, []string{"2", "3"}, copied)
}

package tail

import (
	"os"
	"slices"
	"testing"

	"tailrace/inputs/tail/explain"
)

// A symbolic link is followed when it is root's or has the owner of what it
// points to: another user must not make the agent ship what only it may read.
func TestSymbolicLinks(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make links of other users")
	}
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		link := func(name, target string, linkOwner, targetOwner int) {
			t.Helper()
			h.append(target, name+"\n")
			h.must(os.Chown(h.path(target), targetOwner, -1))
			h.must(os.Symlink(target, h.path(name)))
			h.must(os.Lchown(h.path(name), linkOwner, -1))
		}
		link("1-root-to-root.log", "one", 0, 0)
		link("2-root-to-user.log", "two", 0, 1000)
		link("3-user-to-own.log", "three", 1000, 1000)
		link("4-user-to-root.log", "four", 1000, 0)
		link("5-user-to-other.log", "five", 1000, 1001)
		h.must(os.Symlink("nowhere", h.path("6-broken.log")))
		h.must(os.Symlink("7-itself.log", h.path("7-itself.log")))
		h.start()
		h.settle()
		slices.Sort(h.got)
		h.want("1-root-to-root.log", "2-root-to-user.log", "3-user-to-own.log")
		if h.logged("is not followed") != 2 || h.logged("in a circle", "7-itself.log") != 1 || h.logged("level=WARN") != 3 {
			t.Errorf("log:\n%s", h.log)
		}
		if a := h.explain("7-itself.log"); a.Verdict != explain.BadLink {
			t.Errorf("explained as %s", a.Verdict)
		}
		h.stop()
	})
}

// A file with several names is read once.
func TestHardLinks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log", "b.*")
		h.append("a.log", "1\n")
		h.must(os.Link(h.path("a.log"), h.path("b.log")))
		h.start()
		h.settle()
		h.append("b.log", "2\n")
		h.settle()
		h.want("1", "2")
		if n := h.logged("several names"); n != 1 {
			t.Errorf("said %d times:\n%s", n, h.log)
		}
		// it goes on under the name that is left
		h.remove("a.log")
		h.append("b.log", "3\n")
		h.settle()
		h.want("1", "2", "3")
		h.stop()
	})
}

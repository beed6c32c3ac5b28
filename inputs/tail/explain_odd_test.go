package tail

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/explain"
)

// What is at a path that was followed, and is no file any more, has nothing of the
// file that was there.
func TestExplainReplaced(t *testing.T) {
	f := func(kind string, put func(path string) error) {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "*.log")
			h.write("a.log", 1, 3)
			h.start()
			h.settle()
			h.remove("a.log")
			h.must(put(h.path("a.log")))
			h.settle()
			a := h.explain("a.log")
			if a.At.Kind != kind || len(a.Files) != 1 || a.Files[0].Now != "" || a.Of != h.path("a.log") {
				t.Errorf("%s: %+v", kind, a)
			}
			h.stop()
		})
	}
	f("named pipe", func(path string) error { return unix.Mkfifo(path, 0o644) })
	f("directory", func(path string) error { return os.Mkdir(path, 0o755) })
}

// A link that was switched, and then switched back, leads to a file that is known.
func TestExplainSwitchedBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.write("1", 1, 3)
		h.write("2", 4, 6)
		to := func(target string) {
			_ = os.Remove(h.path("a.log"))
			h.must(os.Symlink(target, h.path("a.log")))
		}
		to("1")
		h.start()
		h.settle()
		to("2")
		h.settle()
		to("1")
		h.settle()
		h.write("1", 7, 8)
		h.settle()
		h.want(texts(1, 8)...)
		a := h.explain("a.log")
		f := a.Current()
		if a.Of != a.Path || a.At.Link != "1" || f == nil || f.Now != h.path("1") || f.Unread() != 0 {
			t.Errorf("%+v", a)
		}
		h.stop()
	})
}

// A path that leads to a followed one through a link to its directory.
func TestExplainLinkedDirectory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "logs/*.log")
		h.must(os.Mkdir(h.path("logs"), 0o755))
		h.must(os.Symlink("logs", h.path("alias")))
		h.write("logs/a.log", 1, 3)
		if a := h.atRest("alias/a.log"); a.Verdict != explain.NoPattern || a.At.Real != h.path("logs/a.log") {
			t.Errorf("%+v", a)
		}
	})
}

// Files that are older than ignore_older are told as such, each for itself, in
// their directory, and beside a younger one.
func TestExplainOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.opts.Inputs[0].IgnoreOlder = time.Hour
		for _, name := range []string{"old.log", "a.log.1", "a.log"} {
			h.write(name, 1, 3)
		}
		h.age(2*time.Hour, "old.log", "a.log.1")
		f := func(a explain.Answer) {
			t.Helper()
			for _, in := range a.Inside {
				if in.Path == h.path("old.log") && in.Verdict == explain.TooOld && in.Unread == 0 {
					return
				}
			}
			t.Errorf("%+v", a)
		}
		f(h.atRest("."))
		if a := h.atRest("a.log"); len(a.Siblings) != 1 || !a.Siblings[0].Old {
			t.Errorf("%+v", a)
		}
		if a := h.atRest("a.log.1"); a.Verdict != explain.TooOld {
			t.Errorf("%+v", a)
		}
		h.start()
		h.settle()
		f(h.explain("."))
		if a := h.explain("a.log.1"); a.Verdict != explain.History {
			t.Errorf("%+v", a)
		}
		h.stop()
	})
}

// Why a file that is to be deleted is still there.
func TestExplainDeletion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		f := func(name, want string) {
			t.Helper()
			a := h.explain(name)
			if len(a.Files) != 1 || a.Files[0].Deletion == nil || !strings.Contains(a.Files[0].Deletion.Why, want) {
				t.Errorf("%s: %+v", name, a.Files)
			}
		}
		h.write("new.log", 1, 2)
		h.append("empty.log", "")
		h.append("half.log", "no newline")
		h.write("linked.log", 3, 4)
		h.write("open.log", 5, 6)
		h.must(os.Link(h.path("linked.log"), h.path("second")))
		w := must2(os.OpenFile(h.path("open.log"), os.O_WRONLY|os.O_APPEND, 0))
		h.start()
		f("new.log", "not read to its end")
		h.settle()
		f("new.log", "it was written to")
		f("empty.log", "empty")
		f("half.log", "not read to its end")
		h.age(2*testDelete, "linked.log", "open.log")
		h.settle()
		h.wait(2 * deleteEvery)
		f("linked.log", "several names")
		f("open.log", "has it open")
		h.must(w.Close())
		h.stop()
	})
}

// A compressed file beside the plain one counts when that is gone.
func TestExplainCompressing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.write("a.log", 1, 3)
		h.compressTo("a.log", "a.log.gz")
		h.start()
		h.settleLong()
		a := h.explain("a.log.gz")
		if a.Unpacking == nil || a.Unpacking.Plain != h.path("a.log") || a.Verdict != explain.Packed {
			t.Errorf("%+v", a)
		}
		if a = h.explain("a.log"); len(a.Siblings) != 1 || a.Siblings[0].Unpacking == nil {
			t.Errorf("%+v", a)
		}
		h.stop()
	})
}

// A directory that may not be entered is named, and one that may not be listed
// hides what is in it.
func TestExplainClosedDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read every directory")
	}
	h := newHost(t, "*/*.log")
	for name, mode := range map[string]os.FileMode{"closed": 0, "hidden": 0o100} {
		h.must(os.Mkdir(h.path(name), 0o755))
		h.write(name+"/a.log", 1, 2)
		h.must(os.Chmod(h.path(name), mode))
		t.Cleanup(func() { _ = os.Chmod(h.path(name), 0o755) })
	}
	if a := h.atRest("closed/a.log"); a.Verdict != explain.Unreadable || !strings.Contains(a.At.Error, h.path("closed")+" may not be entered") {
		t.Errorf("%+v", a)
	}
	if a := h.atRest("hidden/a.log"); a.Verdict != explain.Unlisted || a.At.Unlisted == "" {
		t.Errorf("%+v", a)
	}
}

// A compressed file that is passed over is told so in its directory, too.
func TestExplainPackedInside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.write("a.log", 1, 3)
		h.compressTo("a.log", "a.log.gz")
		h.start()
		h.settle()
		for _, in := range h.explain(".").Inside {
			if packed := in.Path == h.path("a.log.gz"); packed != (in.Verdict == explain.Packed) || in.Unread != 0 {
				t.Errorf("%+v", in)
			}
		}
		h.stop()
	})
}

// A copy that was overwritten by the next one, which is longer, has no more bytes than
// were read of it.
func TestExplainCopyOverwritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 9)
		h.start()
		h.settle()
		for n := 10; n < 70; n += 20 {
			h.copyTruncate("a.log", "a.log.1")
			h.write("a.log", n, n+n)
			h.settle()
		}
		h.noLoss()
		for _, f := range h.explain("a.log").Files {
			if f.Unread() > 0 {
				t.Errorf("%d bytes of %+v were not read", f.Unread(), f)
			}
		}
		h.stop()
	})
}

// Space that a program took in advance is not unread, whoever is asked, and whatever
// became of the file.
func TestExplainSpace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		f := func(when, name string, want int64) {
			t.Helper()
			for _, a := range []explain.Answer{h.explain(name), h.atRest(name)} {
				if n := len(a.Files); n == 0 || a.Files[n-1].Unread() != want {
					t.Errorf("%s: want %d unread: %+v", when, want, a.Files)
				}
			}
			for _, i := range h.explain("").Inside {
				if i.Path == h.path(name) && i.Unread != want {
					t.Errorf("%s, in its directory: %+v, want %d", when, i, want)
				}
			}
		}
		h.prepared("a.log", long+"\n")
		h.start()
		f("unread", "a.log", int64(len(long)+1))
		h.settle()
		f("read", "a.log", 0)
		h.overwrite("a.log", int64(len(long)+1), "half")
		h.settle()
		f("half a line", "a.log", 4)
		h.overwrite("a.log", int64(len(long)+5), "\n")
		h.rename("a.log", "a.log.1")
		h.append("a.log", "next\n")
		h.settle()
		f("rotated", "a.log.1", 0)
		h.stop()
	})
}

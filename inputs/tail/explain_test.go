package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/explain"
)

// explain asks the agent that runs.
func (h *host) explain(name string) explain.Answer {
	h.t.Helper()
	a, err := h.in.Explain(context.Background(), h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// atRest asks an agent that is not run.
func (h *host) atRest(name string) explain.Answer {
	h.t.Helper()
	o := h.opts
	o.Files, o.Journal = h.j.files(), h.j
	in, err := New(o)
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := in.ExplainAtRest(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// waits is what a file waits for, in words.
func waits(f explain.File) string {
	var out []string
	for _, w := range f.Waits {
		out = append(out, string(w.For))
	}
	return strings.Join(out, " ")
}

// What becomes of a path, by what the configuration says and what is there.
func TestExplainVerdict(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log", "deep/**/*.log")
		h.opts.Inputs[0].Exclude = []string{h.path("debug*.log")}
		h.append("a.log", "1\n")
		h.append("debug.log", "1\n")
		h.append("other.txt", "1\n")
		h.append("old.log.1", "1\n")
		h.append("old.log", "1\n")
		h.must(os.MkdirAll(h.path("deep/er"), 0o755))
		h.must(os.Mkdir(h.path("dir.log"), 0o755))
		h.must(unix.Mkfifo(h.path("pipe.log"), 0o644))
		h.must(os.Symlink("nowhere", h.path("broken.log")))
		h.start()
		h.settle()
		f := func(name string, want explain.Verdict) {
			t.Helper()
			if got := h.explain(name); got.Verdict != want {
				t.Errorf("%s: %s, want %s: %+v", name, got.Verdict, want, got)
			}
			if got := h.atRest(name); got.Verdict != want {
				t.Errorf("%s, at rest: %s, want %s: %+v", name, got.Verdict, want, got)
			}
		}
		f("a.log", explain.Followed)
		f("debug.log", explain.Excluded)
		f("other.txt", explain.NoPattern)
		f("old.log.1", explain.History)
		f("dir.log", explain.Several)
		f("pipe.log", explain.NoFile)
		f("broken.log", explain.Missing)
		f("none.log", explain.Missing)
		f("none/at/all", explain.NoPattern)
		f("deep/er/none.log", explain.Missing)
		h.remove("a.log")
		f("a.log", explain.Deleted)
		h.stop()
	})
}

// A rotated file is told with the path whose lines it has, and the path with
// all that became of it.
func TestExplainRotation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app.log")
		h.append("app.log.2", "before\n")
		h.append("app.log", "1\n2\n")
		h.start()
		h.settle()
		h.rename("app.log", "app.log.1")
		h.append("app.log.1", "late\n")
		h.append("app.log", "3\nhalf")
		h.wait(1100 * time.Millisecond)

		a := h.explain("app.log")
		if a.Verdict != explain.Followed || len(a.Files) != 3 || len(a.Siblings) != 2 {
			t.Fatalf("%+v", a)
		}
		history, old, now := a.Files[0], a.Files[1], a.Files[2]
		if history.State != explain.History || history.Unread() != 0 {
			t.Errorf("what was there before: %+v", history)
		}
		if !slices.ContainsFunc(a.Siblings, func(s explain.Sibling) bool { return s.Path == h.path("app.log.1") && s.File == old.ID }) {
			t.Errorf("siblings %+v", a.Siblings)
		}
		if old.State != explain.Draining || old.Now != h.path("app.log.1") || old.Unread() != 5 || waits(old) != "turn" {
			t.Errorf("the old one: %+v", old)
		}
		if waits(now) != "predecessor" || now.Waits[0].Path != h.path("app.log.1") || now.Waits[0].Bytes != 5 {
			t.Errorf("the new one: %+v", now)
		}
		if b := h.explain("app.log.1"); b.Of != h.path("app.log") || b.Verdict != explain.Draining || len(b.Files) != 3 {
			t.Errorf("by its new name: %+v", b)
		}

		h.settle()
		a = h.explain("app.log")
		now = a.Files[2]
		if now.Unread() != 4 || waits(now) != "newline" || now.Read != 2 || now.Acked != 2 {
			t.Errorf("in the end: %+v", now)
		}
		if b := h.explain("app.log.1"); b.Verdict != explain.Finished {
			t.Errorf("in the end: %+v", b)
		}
		h.stop()
	})
}

// What is waited for is told as long as it lasts.
func TestExplainWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		h.start()
		f := func(when, want string) {
			t.Helper()
			if a := h.explain("a.log"); len(a.Files) != 1 || waits(a.Files[0]) != want {
				t.Errorf("%s: it waits for %q, want %q: %+v", when, waits(a.Files[0]), want, a.Files)
			}
		}
		f("nobody asks for lines", "turn")
		var c flow.Chunk
		if !h.next(&c, 100) {
			t.Fatal("nothing to read")
		}
		f("no answer yet", "answer")
		s := c.Span(0, 1)
		h.j.intent(s)
		h.j.ack(s)
		f("all is done", "")
		h.append("a.log", "half")
		h.wait(100 * time.Millisecond)
		h.take()
		f("half a line", "newline")
		h.append("a.log", "\n")
		h.wait(100 * time.Millisecond)
		h.take()
		f("all is done", "")
		h.must(os.Truncate(h.path("a.log"), 4096))
		h.wait(100 * time.Millisecond)
		h.take()
		f("space taken in advance", "data")
		h.stop()
	})
}

// A line that a copytruncate cut in two waits for its other half.
func TestExplainHalf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.append("a.log", "the first half, ")
		h.start()
		h.settle()
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "and")
		h.settle()
		a := h.explain("a.log")
		if len(a.Files) != 2 || waits(a.Files[0]) != "half" || a.Files[0].Waits[0].Bytes != 16 || waits(a.Files[1]) != "predecessor" {
			t.Errorf("%+v", a)
		}
		h.append("a.log", " the second\n")
		h.settle()
		h.want(append(texts(1, 3), "the first half, and the second")...)
		h.stop()
	})
}

// The last record of several lines waits until it is sure that it is whole.
func TestExplainRecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "*.log")
		h.append("a.log", "1 a\n at x\n2 b\n at y\n")
		h.start()
		h.take()
		h.wait(500 * time.Millisecond)
		f := h.explain("a.log").Files[0]
		if waits(f) != "record" || f.Waits[0].Bytes != 10 || !f.Waits[0].Until.After(time.Now()) || f.Acked != 10 {
			t.Errorf("%+v", f)
		}
		h.settle()
		if f := h.explain("a.log").Files[0]; waits(f) != "" || f.Acked != 20 {
			t.Errorf("in the end: %+v", f)
		}
		h.stop()
	})
}

// A file that cannot be read says why, and when it is tried again.
func TestExplainParked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		var refuse atomic.Bool
		refuse.Store(true)
		h.before = func(call, path string) error {
			if refuse.Load() && call == "open" {
				return unix.EACCES
			}
			return nil
		}
		h.start()
		h.wait(time.Second)
		a := h.explain("a.log")
		if a.Verdict != explain.Unreadable || len(a.Files) != 1 || len(a.Files[0].Waits) != 1 {
			t.Fatalf("%+v", a)
		}
		if w := a.Files[0].Waits[0]; w.For != explain.ForRetry || !strings.Contains(w.Error, "permission denied") || !w.Until.After(time.Now()) {
			t.Errorf("%+v", w)
		}
		if s := h.in.Stats(); len(s.Parked) != 1 {
			t.Errorf("%+v", s)
		}
		refuse.Store(false)
		h.settle()
		if a := h.explain("a.log"); a.Verdict != explain.Followed {
			t.Errorf("%+v", a)
		}
		h.stop()
	})
}

// At rest the facts are those of the journal and of the disk now: what was
// rotated since is found by its identity, what grew is unread.
func TestExplainAtRest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app.log")
		h.append("app.log", "1\n")
		h.session()
		h.append("app.log", "2\n")
		h.rename("app.log", "app.log.1")
		h.append("app.log", "3\n")
		a := h.atRest("app.log")
		if a.Verdict != explain.New || len(a.Files) != 1 {
			t.Fatalf("%+v", a)
		}
		if f := a.Files[0]; f.Now != h.path("app.log.1") || f.Unread() != 2 || f.Acked != 2 {
			t.Errorf("%+v", f)
		}
		if b := h.atRest("app.log.1"); b.Of != h.path("app.log") || b.Verdict != explain.Followed {
			t.Errorf("%+v", b)
		}
	})
}

// A file of which nothing is known says whether that is for its age, or because
// it is a rotated one.
func TestExplainUnknown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.opts.Inputs[0].IgnoreOlder = time.Hour
		h.append("old.log", "1\n")
		h.append("app.log", "1\n")
		h.must(os.Chtimes(h.path("old.log"), time.Time{}, time.Now().Add(-2*time.Hour)))
		h.start()
		h.settle()
		h.append("app.log.7", "1\n")
		f := func(when string, a explain.Answer, verdict explain.Verdict, of string) {
			t.Helper()
			if a.Verdict != verdict || a.RotatedOf != of || of == "" && len(a.Files) > 0 || of != "" && (a.Of != of || len(a.Siblings) != 1) {
				t.Errorf("%s: %+v", when, a)
			}
		}
		f("too old", h.explain("old.log"), explain.TooOld, "")
		f("at rest", h.atRest("old.log"), explain.TooOld, "")
		f("a rotated file that nobody has seen", h.explain("app.log.7"), explain.NoPattern, h.path("app.log"))
		if a := h.explain("app.log"); len(a.Siblings) != 1 || a.Siblings[0].File != 0 || a.Siblings[0].Foreign {
			t.Errorf("siblings: %+v", a)
		}
		h.stop()
	})
}

// What another user has put beside a log is told as such; what was rotated to
// another directory is told with the rest.
func TestExplainSiblings(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of other users")
	}
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app.log")
		h.append("app.log", "1\n")
		h.must(os.Chown(h.path("app.log"), 1000, -1))
		h.must(os.Mkdir(h.path("old"), 0o755))
		h.start()
		h.settle()
		h.append("app.log.1", "planted\n")
		h.must(os.Chown(h.path("app.log.1"), 1001, -1))
		h.rename("app.log", "old/app.log.1")
		h.append("app.log", "2\n")
		h.must(os.Chown(h.path("app.log"), 1000, -1))
		h.settle()
		a := h.explain("app.log")
		var got []string
		for _, s := range a.Siblings {
			name, err := filepath.Rel(h.dir, s.Path)
			h.must(err)
			got = append(got, fmt.Sprint(name, " ", s.Foreign, " ", s.File != 0))
		}
		slices.Sort(got)
		if want := []string{"app.log.1 true false", "old/app.log.1 false true"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		h.stop()
	})
}

// A compressed file is told as what is known of it, and what it holds up waits
// for it.
func TestExplainCompressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 60)
		h.packRotated("a.log", ".gz")
		h.write("a.log", 61, 61)
		h.start()
		h.wait(2 * time.Second)

		a := h.explain("a.log")
		if len(a.Siblings) != 1 || a.Siblings[0].Unpacking == nil || !a.Siblings[0].Unpacking.Until.After(time.Now()) {
			t.Fatalf("before it is quiet: %+v", a)
		}
		if len(a.Files) != 1 || !a.Files[0].WaitsFor(explain.ForUnpacking) {
			t.Errorf("before it is quiet: %+v", a.Files)
		}
		if b := h.explain("a.log.1.gz"); b.Unpacking == nil || b.RotatedOf != h.path("a.log") || b.Verdict != explain.NoPattern {
			t.Errorf("before it is quiet: %+v", b)
		}

		h.wait(10 * time.Second)
		a = h.explain("a.log")
		if len(a.Files) != 2 || len(a.Siblings) != 1 || a.Siblings[0].File != a.Files[0].ID || a.Siblings[0].Unpacking != nil {
			t.Fatalf("when it is known: %+v", a)
		}
		if f := a.Files[0]; !f.Packed || f.State != explain.Draining || f.Unread() != int64(len(strings.Join(texts(4, 60), "\n"))+1) || f.Now != h.path("a.log.1.gz") {
			t.Errorf("when it is known: %+v", f)
		}
		h.settleLong()
		a = h.explain("a.log.1.gz")
		if a.Of != h.path("a.log") || a.Verdict != explain.Finished || a.Files[0].Unread() != 0 {
			t.Errorf("in the end: %+v", a)
		}
		h.want(texts(1, 61)...)
		h.stop()
	})
}

// A compressed file that is damaged says so.
func TestExplainDamaged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.append("a.log", "1\n")
		h.append("a.log.1.gz", "this is no gzip")
		h.append("b.log.gz", "nor is this")
		h.start()
		h.settleLong()
		for _, name := range []string{"a.log.1.gz", "b.log.gz"} {
			if a := h.explain(name); a.Verdict != explain.Packed {
				t.Errorf("%s: %+v", name, a)
			}
		}
		h.stop()
	})
}

// A directory or a pattern is told as the files in it.
func TestExplainSeveral(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\nhalf")
		h.append("b.txt", "1\n")
		h.start()
		h.settle()
		f := func(name string, want ...string) {
			t.Helper()
			var got []string
			for _, one := range h.explain(name).Inside {
				got = append(got, filepath.Base(one.Path)+" "+string(one.Verdict))
				if one.Verdict == explain.Followed && (one.Unread != 4 || one.Size != 6) {
					t.Errorf("%+v", one)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		f(".", "a.log followed", "b.txt no_pattern")
		f("*.log", "a.log followed")
		f("c*")
		h.stop()
	})
}

// The answer does not wait for a Run that has ended.
func TestExplainEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.start()
		h.stop()
		if _, err := h.in.Explain(context.Background(), h.path("a.log")); err != errEnded {
			t.Errorf("error %v", err)
		}
	})
}

// Of two inputs that match the first follows; an exclusion of one leaves the
// file to the other.
func TestExplainInputs(t *testing.T) {
	inputs := []Config{
		{Paths: []string{"/l/*.log"}, Exclude: []string{"/l/x*"}, Topic: "a", At: "1"},
		{Paths: []string{"/l/a*", "/l/x.log"}, Topic: "b", At: "2"},
	}
	in := &Input{o: Options{Inputs: inputs}, pats: Patterns(inputs)}
	f := func(path, input, excluded, also string) {
		t.Helper()
		if m := in.matchOf(path); m.Input != input || m.Excluded != excluded || strings.Join(m.Also, " ") != also {
			t.Errorf("%s: %+v", path, m)
		}
	}
	f("/l/a.log", "1", "", "2")
	f("/l/x.log", "2", "", "")
	f("/l/x2.log", "1", "/l/x*", "")
}

// What a file that is not begun yet waits for is told: a compressed file, whatever it is
// called, or a known file of which it is not known where it is; and also when a link that
// led to it was removed meanwhile.
func TestExplainAwaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.must(os.Mkdir(h.path("old"), 0o755))
		h.append("a.log", long+"\n")
		h.session()
		h.append("a.log", "more\n")
		h.compressTo("a.log", "any.gz")
		h.remove("a.log")
		h.append("new.txt", "new\n")
		h.must(os.Symlink("new.txt", h.path("a.log")))
		h.start()
		h.wait(2 * time.Second)
		f := func(name string) {
			t.Helper()
			a := h.explain(name)
			if a.Verdict != explain.New || a.Of != h.path("a.log") || a.Match.Topic != "t" || len(a.Awaits) != 2 {
				t.Fatalf("%s: %+v", name, a)
			}
			known, packed := a.Awaits[0], a.Awaits[1]
			if known.Path != h.path("a.log") || known.Read != int64(len(long)+1) || packed.Path != h.path("any.gz") || packed.Unpacking == nil || packed.Unpacking.Until.IsZero() {
				t.Errorf("%s waits for %+v", name, a.Awaits)
			}
		}
		f("a.log")
		f("new.txt")
		if u := h.explain("any.gz").Unpacking; u == nil || u.Until.IsZero() {
			t.Errorf("any.gz: %+v", u)
		}
		h.remove("a.log")
		h.wait(time.Second)
		f("new.txt")
		h.settle()
		h.wait(packedQuiet)
		h.settle()
		h.want(long, "more", "new")
		if a := h.explain("new.txt"); len(a.Awaits) > 0 || len(a.Files) == 0 {
			t.Errorf("at last: %+v", a)
		}
		h.stop()
	})
}

// An archive is none that counts when the file beside it is gone.
func TestExplainArchiveBeside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*")
		h.append("a.tar", "1\n")
		h.compress("a.tar", ".gz")
		h.append("a.tar", "1\n")
		h.start()
		if a := h.explain("a.tar.gz"); a.Verdict != explain.Archive || a.Unpacking != nil || len(a.Siblings) > 0 {
			t.Errorf("%+v", a)
		}
		h.stop()
	})
}

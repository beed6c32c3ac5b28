package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// Matches finds what an agent does that is started: the files, each in the
// first input that matches it, whatever names it has.
func TestMatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := older1d(t, "*.log", "**/*.txt")
		second := Config{Topic: "u", Paths: []string{h.path("b*")}, Exclude: []string{h.path("bad*")}}
		h.opts.Inputs = append(h.opts.Inputs, second)
		for _, name := range []string{"a.log", "b.log", "b.other", "bad.other", "old.log", "d/e/c.txt"} {
			h.must(os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
			h.append(name, "x\n")
		}
		h.age(2*testOlder, "old.log")
		h.must(os.Symlink("a.log", h.path("link.log")))
		h.must(os.Link(h.path("b.log"), h.path("hard.log")))
		h.must(os.Mkdir(h.path("dir.log"), 0o755))
		h.must(os.Symlink("d", h.path("dirlink.log")))
		h.must(os.Symlink("nowhere", h.path("loose.log")))
		h.must(unix.Mkfifo(h.path("pipe.log"), 0o644))
		var got []string
		for _, m := range Matches(h.opts.Inputs) {
			if (m.Pattern == "") != (m.Input < 0) {
				t.Errorf("%+v", m)
			}
			if m.Err != nil {
				got = append(got, strings.TrimPrefix(m.Path, h.dir+"/")+": "+m.Err.Error())
				continue
			}
			line := fmt.Sprintf("%s: input %d, also %v, link %v, same as %q, older %v", m.Path, m.Input, m.Also, m.Link, m.Same, m.Older)
			got = append(got, strings.ReplaceAll(line, h.dir+"/", ""))
		}
		want := []string{
			`a.log: input 0, also [], link false, same as "", older false`,
			`b.log: input 0, also [1], link false, same as "", older false`,
			`b.other: input 1, also [], link false, same as "", older false`,
			`d/e/c.txt: input 0, also [], link false, same as "", older false`,
			`hard.log: input 0, also [], link false, same as "b.log", older false`,
			`link.log: input 0, also [], link true, same as "a.log", older false`,
			`loose.log: it is a symbolic link to nowhere, where nothing is`,
			`old.log: input 0, also [], link false, same as "", older true`,
			`pipe.log: it is a named pipe, and only regular files are followed`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}

		// The agent itself follows as many.
		h.start()
		h.settle()
		h.wait(time.Minute)
		if n := h.in.Stats().Known; n != 4 { // but old.log
			t.Errorf("%d files are known", n)
		}
		h.stop()
	})
}

// A file that two inputs match goes to the first of them, all of it, over
// restarts and rotation; with that one gone, or excluding it, to the second.
func TestFirstInputTakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a*.log")
		h.opts.Inputs = append(h.opts.Inputs, Config{Paths: []string{h.path("*.log")}, Topic: "u"})
		var other []string
		life := func() {
			t.Helper()
			h.start()
			h.settle()
			var c flow.Chunk
			for h.in.Feed("u").Next(&c, readSize) {
				for i := range c.Lines() {
					other = append(other, string(c.Line(i)))
				}
				s := c.Span(0, c.Lines())
				h.j.intent(s)
				h.j.ack(s)
			}
			h.stop()
		}
		h.append("a.log", "a1\n")
		h.append("b.log", "b1\n")
		life()
		h.append("a.log", "a2\n")
		h.rename("a.log", "a.log.1")
		h.append("a.log", "a3\n")
		h.append("b.log", "b2\n")
		life()
		h.want("a1", "a2", "a3")
		h.opts.Inputs[0].Exclude = []string{h.path("a.log")}
		h.append("a.log", "a4\n")
		life()
		h.want("a1", "a2", "a3")
		if got := strings.Join(other, " "); got != "b1 b2 a4" {
			t.Errorf("the second input has %q", got)
		}
	})
}

// Directories that may not be listed, or only through which a pattern leads, are
// told.
func TestUnlistedMatches(t *testing.T) {
	h := newHost(t, "*/*.log", "b/c/*.log", "none/*.log")
	h.must(os.MkdirAll(h.path("b/c"), 0o755))
	h.must(os.MkdirAll(h.path("a"), 0o755))
	if got := Patterns(h.opts.Inputs).Unlisted(new(disk.Disk)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if os.Geteuid() == 0 {
		t.Skip("root may list every directory")
	}
	for _, dir := range []string{"a", "b/c"} {
		h.must(os.Chmod(h.path(dir), 0o100))
		t.Cleanup(func() { _ = os.Chmod(h.path(dir), 0o755) })
	}
	if got := sortedKeys(Patterns(h.opts.Inputs).Unlisted(new(disk.Disk))); len(got) != 2 || got[0] != h.path("a") || got[1] != h.path("b/c") {
		t.Errorf("got %v", got)
	}
}

package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// replace puts a file with this content at the path, in another inode.
func (h *host) replace(name, content string) {
	h.t.Helper()
	h.must(os.WriteFile(h.path("tmp-"+name), []byte(content), 0o644))
	h.rename("tmp-"+name, name)
}

// numberedLines is lines of 100 bytes.
func numberedLines(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("line %05d %s", i, strings.Repeat("x", 88)))
	}
	return all
}

func textOf(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

// A log that is replaced at its path while the agent runs, by another inode, is
// read on where it is known again.
func TestReplaced(t *testing.T) {
	type step func(h *host, old []string)
	for _, c := range []struct {
		name   string
		change step
		more   []string // what comes behind the first 500 lines
		again  int64    // at most so many bytes come twice
		warns  int
		// sharp is what comes instead, without a warning, while the old inode is
		// open, which can be compared; nil: the same.
		sharp []string
	}{
		{name: "copied and moved", change: func(h *host, old []string) {
			h.replace("a.log", textOf(old...))
		}, more: []string{"new"}},
		{name: "and written to at once", change: func(h *host, old []string) {
			h.replace("a.log", textOf(append(old, "more")...))
		}, more: []string{"more", "new"}},
		{name: "restored after it was deleted", change: func(h *host, old []string) {
			h.remove("a.log")
			h.append("a.log", textOf(old...))
		}, more: []string{"new"}},
		{name: "restored later", change: func(h *host, old []string) {
			h.remove("a.log")
			h.settle()
			h.append("a.log", textOf(old...))
		}, more: []string{"new"}},
		{name: "restored bit by bit", change: func(h *host, old []string) {
			h.remove("a.log")
			h.append("a.log", "")
			h.wait(300 * time.Millisecond)
			for i := 0; i < 500; i += 100 {
				h.append("a.log", textOf(old[i:i+100]...))
				h.wait(300 * time.Millisecond)
			}
		}, more: []string{"new"}},
		{name: "the old one is written to", change: func(h *host, old []string) {
			f, err := os.OpenFile(h.path("a.log"), os.O_APPEND|os.O_WRONLY, 0)
			h.must(err)
			defer f.Close()
			h.replace("a.log", textOf(old...))
			for range 5 {
				h.wait(time.Second / 4)
				h.take()
				_, err = f.WriteString("to the old one\n")
				h.must(err)
			}
		}, more: append(repeat("to the old one", 5), "new")},
		{name: "unread lines that the new one has", change: func(h *host, old []string) {
			h.append("a.log", "unread\nhal")
			h.replace("a.log", textOf(append(old, "unread", "half")...))
		}, more: []string{"unread", "half", "new"}},
		{name: "unread lines that the new one has not", change: func(h *host, old []string) {
			h.append("a.log", "unread\n")
			h.wait(0)
			h.replace("a.log", textOf(append(old, "other")...))
		}, more: []string{"unread", "other", "new"}, again: 100, warns: 1},
		{name: "the last line removed", change: func(h *host, old []string) {
			h.replace("a.log", textOf(old[:499]...))
		}, more: []string{"new"}},
		{name: "an early line changed", change: func(h *host, old []string) {
			h.replace("a.log", textOf(append([]string{old[0] + "!"}, old[1:]...)...))
		}, more: append(append([]string{numberedLines(0, 1)[0] + "!"}, numberedLines(1, 500)...), "new")},
		{name: "a line in its first half removed", change: func(h *host, old []string) {
			h.replace("a.log", textOf(append(append([]string{}, old[:100]...), old[101:]...)...))
		}, more: append(append(numberedLines(0, 100), numberedLines(101, 500)...), "new"), again: 1024, warns: 1}, // it is not known of more
	} {
		for _, idle := range []bool{true, false} {
			if idle && strings.Contains(c.name, "unread") || idle && c.name == "the old one is written to" {
				continue // it is open then
			}
			if c.sharp != nil && !idle {
				c.more, c.again, c.warns = c.sharp, 0, 0
			}
			t.Run(fmt.Sprintf("%s idle=%v", c.name, idle), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					h.start()
					old := numberedLines(0, 500)
					for i := 0; i < 500; i += 10 {
						h.append("a.log", textOf(old[i:i+10]...))
						h.wait(100 * time.Millisecond)
						h.take()
					}
					h.wait(2 * time.Second)
					if idle {
						h.wait(time.Minute)
					}
					h.want(old...)
					h.got = nil
					c.change(h, old)
					h.settle()
					h.append("a.log", "new\n")
					h.settle()
					h.want(c.more...)
					if n := h.in.Stats().Again; n > c.again {
						t.Errorf("%d bytes came twice at most, want %d", n, c.again)
					}
					if n := h.logged("level=WARN"); n != c.warns || h.logged("level=ERROR") > 0 {
						t.Errorf("%d warnings, want %d:\n%s", n, c.warns, h.log)
					}
					h.stop()
					h.got = nil
					h.start() // nothing comes again
					h.settle()
					h.want()
					h.stop()
				})
			})
		}
	}
}

// A short log, shipped at once, is edited: as long as its old inode is open it is
// read on from the line that was changed; later from the place below that is known.
func TestEdited(t *testing.T) {
	for _, idle := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			h.start()
			old := numberedLines(0, 500)
			h.append("a.log", textOf(old...))
			h.wait(2 * time.Second)
			h.take()
			h.wait(time.Second)
			want := append([]string{"changed"}, old[401:]...)
			if idle {
				h.wait(time.Minute)
				want = append(slices.Clone(old[372:400]), want...)
			}
			h.got = nil
			h.replace("a.log", textOf(append(append(slices.Clone(old[:400]), "changed"), old[401:]...)...))
			h.settle()
			h.append("a.log", "new\n")
			h.settle()
			h.want(append(want, "new")...)
			if n := h.logged("level=WARN"); n != 1 {
				t.Errorf("log:\n%s", h.log)
			}
			h.stop()
		})
	}
}

func repeat(s string, n int) (all []string) {
	for range n {
		all = append(all, s)
	}
	return all
}

// What begins like the file before it is not taken for it.
func TestNotReplaced(t *testing.T) {
	banner := textOf(numberedLines(0, 11)...)
	for name, change := range map[string]func(h *host) []string{
		"rotated, the same banner": func(h *host) []string {
			h.rename("a.log", "a.log.1")
			next := textOf(numberedLines(1000, 1300)...)
			h.append("a.log", banner+next)
			return strings.Split(strings.TrimSuffix(banner+next, "\n"), "\n")
		},
		"deleted and created, the same banner": func(h *host) []string {
			next := textOf(numberedLines(1000, 1300)...)
			h.remove("a.log")
			h.append("a.log", banner+next)
			return strings.Split(strings.TrimSuffix(banner+next, "\n"), "\n")
		},
		"deleted and created, the same banner alone": func(h *host) []string {
			h.remove("a.log")
			h.append("a.log", banner)
			return numberedLines(0, 11)
		},
		"copied and truncated": func(h *host) []string {
			h.copyTruncate("a.log", "a.log.1")
			h.append("a.log", banner)
			return numberedLines(0, 11)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", banner)
				h.start()
				h.take() // a place is known behind the banner
				for i := 11; i < 61; i += 10 {
					h.append("a.log", textOf(numberedLines(i, i+10)...))
					h.wait(100 * time.Millisecond)
					h.take()
				}
				h.settle()
				h.got = nil
				want := change(h)
				h.settle()
				h.want(want...)
				h.stop()
			})
		})
	}
}

// A log of which too little is known to tell that it is the same, and that is replaced
// by its lines and new ones, is shipped from its beginning each time: that is said once,
// and counted, also where it is replaced faster than it is read.
func TestReplacedAndShort(t *testing.T) {
	for _, every := range []time.Duration{time.Second / 4, 5 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.opts.Inputs[0].CloseIdle = time.Hour // else it is told like a file that was restored
				all := numberedLines(0, 8)
				h.append("a.log", textOf(all[:4]...))
				h.start()
				h.settle()
				for n := 5; n <= len(all); n++ {
					h.replace("a.log", textOf(all[:n]...))
					h.must(h.in.ask(t.Context(), func() { h.in.look(h.dir) }))
					h.wait(every)
					h.take()
				}
				h.settle()
				h.want(slices.Concat(all[:4], all[:5], all[:6], all[:7], all)...)
				if n := h.in.Stats().Again; n != 100*(4+5+6+7) {
					t.Errorf("%d bytes were counted", n)
				}
				if h.logged("level=WARN") != 1 || h.logged("begins with the same bytes") != 1 {
					t.Errorf("log:\n%s", h.log)
				}
				h.stop()
			})
		})
	}
}

// A log of which little was read is replaced by a copy of it that has its times. The
// agent ends before it has read the old inode, which it has open: all that is unread
// is in the copy.
func TestCopiedOverUnread(t *testing.T) {
	for _, written := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			old := numberedLines(0, 100)
			h.append("a.log", textOf(old[:3]...))
			h.start()
			h.take()
			h.append("a.log", textOf(old[3:90]...))
			h.wait(100 * time.Millisecond)
			h.rename("a.log", "away.txt")
			h.copyAll("away.txt", "a.log")
			h.remove("away.txt")
			if written {
				h.append("a.log", textOf(old[90:]...))
			}
			h.wait(3 * time.Second)
			h.stop()
			if !written {
				h.append("a.log", textOf(old[90:]...))
			}
			h.start()
			h.settle()
			h.want(old...)
			if h.logged("level=WARN")+h.logged("level=ERROR") > 0 {
				t.Errorf("log:\n%s", h.log)
			}
			h.stop()
		})
	}
}

// The same with a rotated file that a pattern matches too, when nothing is at the path,
// or the next one is.
func TestRotatedAndCopiedOverUnread(t *testing.T) {
	for i, pattern := range []string{"a.log", "a.log*", "a.log", "a.log*"} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, pattern)
			old := numberedLines(0, 100)
			h.append("a.log", textOf(old[:20]...))
			h.start()
			h.take()
			h.append("a.log", textOf(old[20:]...))
			h.wait(100 * time.Millisecond)
			h.rename("a.log", "a.log.1")
			if i >= 2 {
				h.append("a.log", "new\n")
				h.wait(3 * time.Second)
			}
			h.rename("a.log.1", "away.txt")
			h.copyAll("away.txt", "a.log.1")
			h.remove("away.txt")
			h.wait(3 * time.Second)
			h.stop()
			if i < 2 {
				h.append("a.log", "new\n")
			}
			h.start()
			h.settle()
			h.want(append(old, "new")...)
			if h.logged("level=WARN")+h.logged("level=ERROR") > 0 {
				t.Errorf("log:\n%s", h.log)
			}
			h.stop()
		})
	}
}

// A log is copied and deleted, its writer goes on in the copy, and that is renamed just
// when it is looked into: it is known all the same.
func TestReplacedAndRenamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		var renaming atomic.Bool
		h.before = func(call, path string) error {
			if call == "open" && filepath.Base(path) == "a.log" && renaming.CompareAndSwap(true, false) {
				return os.Rename(h.path("a.log"), h.path("a.log.1"))
			}
			return nil
		}
		h.write("a.log", 1, 60)
		h.start()
		h.take()
		h.rename("a.log", "away")
		h.copyAll("away", "a.log")
		h.remove("away")
		h.write("a.log", 61, 61)
		renaming.Store(true)
		h.settle()
		if renaming.Load() {
			t.Error("it was not looked into")
		}
		h.write("a.log", 62, 62)
		h.settle()
		h.want(texts(1, 62)...)
		h.stop()
	})
}

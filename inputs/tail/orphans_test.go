package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tailrace/agent/journal"
)

// What was rotated at a path that nobody knew is shipped if it came after the
// agent had looked last, and is history otherwise.
func TestUnknownPath(t *testing.T) {
	f := func(name string, before, meanwhile func(h *host), want ...string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log", "other/a.log")
				h.must(os.Mkdir(h.path("old"), 0o755))
				h.must(os.Mkdir(h.path("other"), 0o755))
				before(h)
				h.session()
				meanwhile(h)
				h.start()
				h.settle()
				h.append("a.log", long+" last\n")
				h.settle()
				h.want(append(want, long+" last")...)
				h.stop()
				h.start()
				h.settle()
				h.want(append(want, long+" last")...)
				h.stop()
			})
		})
	}
	none := func(*host) {}
	f("nothing at the path", none, func(h *host) {
		h.append("a.log", long+"1\n")
		h.rename("a.log", "a.log.1")
	}, long+"1")
	f("nothing at the path, twice", none, func(h *host) {
		h.append("a.log", long+"1\n")
		h.rename("a.log", "a.log.2")
		h.append("a.log", long+"2\n")
		h.rename("a.log", "a.log.1")
	}, long+"1", long+"2")
	f("history", func(h *host) { h.append("a.log.1", long+"old\n") }, none)
	f("copied to the directory of another log", func(h *host) {
		h.append("b.log", "")
		h.start()
		h.settle()
		h.rename("b.log", "old/b.log.1")
		h.settle()
		h.stop()
	}, func(h *host) {
		h.append("a.log", long+"1\n")
		h.copyTruncate("a.log", "old/a.log.2")
		h.append("a.log", long+"2\n")
		h.wait(time.Millisecond)
		h.copyTruncate("a.log", "old/a.log.1")
		h.append("a.log", long+"3\n")
	}, long+"1", long+"2", long+"3")
	f("of another path", none, func(h *host) {
		h.append("other/a.log", long+"1\n")
		h.append("other/a.log.1", long+"of other\n")
		h.append("a.log", long+"2\n")
	}, long+"2", long+"of other", long+"1")
}

// A directory is renamed, and then the log in it is rotated: the new file at the
// path that a pattern matches has that path.
func TestDirRenamedThenRotated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*/a.log")
		h.must(os.Mkdir(h.path("d"), 0o755))
		h.start()
		h.append("d/a.log", long+"1\n")
		h.settle()
		h.rename("d", "e")
		h.append("e/a.log", long+"2\n")
		h.settle()
		h.rename("e/a.log", "e/a.log.1")
		h.append("e/a.log", long+"3\n")
		h.settle()
		h.want(long+"1", long+"2", long+"3")
		for _, f := range h.in.files {
			if f.now == h.path("e/a.log") && f.path != f.now {
				t.Errorf("the new file is shipped as %s", f.path)
			}
		}
		h.stop()
	})
}

// A file that was not read to its end is copied and truncated twice, the older
// copy is compressed: the newer one waits for it, although a pattern matches it.
func TestCopyWaitsForCompressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.append("a.log", long+"0\n")
		h.session()
		h.append("a.log", long+"1\n")
		h.copyTruncate("a.log", "a.log.2")
		h.wait(time.Millisecond)
		h.compress("a.log.2", ".gz")
		h.append("a.log", long+"2\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", long+"3\n")
		h.start()
		for range 3 {
			h.settle()
			h.wait(11 * time.Second)
		}
		h.want(long+"0", long+"1", long+"2", long+"3")
		h.stop()
	})
}

// Each log has a date in its name, and a pattern matches that and not its compressed
// form: what came and was compressed while no agent ran is shipped under its own path,
// and what was there before the first start is not.
func TestDatedPathsCompressed(t *testing.T) {
	for _, c := range []struct{ banner, history bool }{{}, {true, false}, {false, true}, {true, true}} {
		t.Run(fmt.Sprintf("banner=%v history=%v", c.banner, c.history), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a-*.log")
				first := long
				if c.banner {
					first = strings.Repeat("=", 1500)
				}
				day := func(n int) string { return fmt.Sprintf("a-20261123-%04d.log", n) }
				var want []string
				write := func(n int) {
					off := 0
					for _, text := range append([]string{first}, texts(10*n, 10*n+5)...) {
						h.append(day(n), text+"\n")
						want = append(want, fmt.Sprintf("%s@%d", day(n), off))
						off += len(text) + 1
					}
					h.wait(20 * time.Millisecond)
				}
				if c.history {
					write(1)
					h.compress(day(1), ".gz")
					want = nil
				}
				write(2)
				h.session()
				h.compress(day(2), ".gz")
				write(3)
				h.compress(day(3), ".gz")
				write(4)
				h.compress(day(4), ".gz")
				write(5)
				h.sessionLong()
				slices.Sort(h.at) // each is a path of its own
				slices.Sort(want)
				if !slices.Equal(h.at, want) {
					t.Errorf("shipped %q, want %q\nlog:\n%s", h.at, want, h.log)
				}
				h.noLoss()
			})
		})
	}
}

// The same, and the first run after that ends before it knows what is in the compressed
// ones; the next one begins long after they came.
func TestDatedPathsCompressedInBriefRuns(t *testing.T) {
	for _, c := range []struct {
		ran  time.Duration
		kill bool
	}{{100 * time.Millisecond, true}, {time.Second, false}, {time.Second, true}, {9 * time.Second, false}} {
		t.Run(fmt.Sprintf("%v kill=%v", c.ran, c.kill), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.write("a-20261123-0001.log", 1, 3)
				h.session()
				h.compress("a-20261123-0001.log", ".gz")
				h.write("a-20261123-0002.log", 4, 6)
				h.compress("a-20261123-0002.log", ".gz")
				h.write("a-20261123-0003.log", 7, 9)
				h.start()
				h.take()
				h.wait(c.ran)
				h.take()
				if c.kill {
					h.crash()
				} else {
					h.stop()
				}
				h.lookedUntil(time.Minute)
				h.sessionLong()
				slices.Sort(h.got) // each is a path of its own
				h.want(texts(1, 9)...)
				h.noLoss()
			})
		})
	}
}

// lookedUntil has the run that ended have seen all that happened up to d from now, if
// it looked at all files.
func (h *host) lookedUntil(d time.Duration) {
	if slices.ContainsFunc(h.j.recs[min(h.j.run, len(h.j.recs)):], func(r journal.Record) bool { return r.Looked != nil }) {
		h.life = realNow().Add(d)
	}
}

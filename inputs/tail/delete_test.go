package tail

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

const testDelete = time.Hour

// deletes is a host that deletes files that were shipped an hour ago.
func deletes(t testing.TB, patterns ...string) *host {
	h := newHost(t, patterns...)
	h.opts.Inputs[0].DeleteAfter = testDelete
	return h
}

// there checks which files are in the directory.
func (h *host) there(names ...string) {
	h.t.Helper()
	var got []string
	for _, e := range must2(os.ReadDir(h.dir)) {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		h.t.Errorf("in the directory: %q, want %q\nlog:\n%s", got, names, h.log)
	}
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// forgotten checks that the journal knows no file any more.
func (h *host) forgotten() {
	h.t.Helper()
	if files := h.j.files(); len(files) != 0 {
		h.t.Errorf("the journal still knows %d files: %+v", len(files), files)
	}
}

// said counts the lines of the log that have the text.
func (h *host) said(text string) int {
	h.logMu.Lock()
	defer h.logMu.Unlock()
	return strings.Count(h.log.String(), text)
}

// A file is deleted once all of it is acked and the time is over, and then
// nothing is known of it. A new one at its path is shipped as ever.
func TestDeleteAfterAck(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		h.append("a.log", "1\n")
		h.append("new.log", "2\n")
		h.age(testDelete+time.Second, "a.log")
		h.age(testDelete-time.Hour/2, "new.log")
		h.start()
		h.wait(2 * scanEvery)
		h.there("a.log", "new.log") // not acked
		h.settle()
		h.wait(2 * scanEvery)
		h.there("new.log")
		h.wait(time.Hour / 2)
		h.there()
		h.want("1", "2")
		h.wait(2 * scanEvery)
		h.forgotten()
		h.append("a.log", "3\n")
		h.wait(scanEvery)
		h.settle()
		h.want("1", "2", "3")
		h.stop()
		if h.said("level=WARN")+h.said("level=ERROR") > 0 || h.said("deleted, since") != 2 {
			t.Errorf("log:\n%s", h.log)
		}
	})
}

// What is under way is not acked.
func TestDeleteWaitsForAck(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		h.append("a.log", "1\n")
		h.age(2*testDelete, "a.log")
		h.start()
		var c flow.Chunk
		if !h.next(&c, readSize) {
			t.Fatal("nothing to read")
		}
		s := c.Span(0, c.Lines())
		h.j.intent(s)
		h.next(&c, readSize) // the first chunk can no longer be given back
		h.wait(3 * deleteAgain)
		h.there("a.log")
		h.j.ack(s)
		h.wait(2 * scanEvery)
		h.there()
		h.stop()
	})
}

// Lines that are left out are done too.
func TestDeleteWithExcludedLines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		h.opts.Inputs[0].Record.Exclude = []string{"DEBUG"}
		h.append("all.log", "DEBUG 1\nDEBUG 2\n")
		h.append("last.log", "1\nDEBUG 2\n")
		h.age(2*testDelete, "all.log", "last.log")
		h.start()
		h.settle()
		h.wait(2 * scanEvery)
		h.there()
		h.want("1")
		h.stop()
	})
}

// What is not deleted, however old it is.
func TestNotDeleted(t *testing.T) {
	f := func(name string, prepare func(h *host), left ...string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := deletes(t, "*.log")
				prepare(h)
				h.start()
				h.settle()
				for _, e := range must2(os.ReadDir(h.dir)) {
					h.age(2*testDelete, e.Name())
				}
				h.wait(3 * deleteAgain)
				h.settle()
				h.there(left...)
				if n := h.said("is a link, or has several names"); (n == 1) != (name == "a symbolic link" || name == "several names") || n > 1 {
					t.Errorf("said %d times that it is a link\n%s", n, h.log)
				}
				h.stop()
			})
		})
	}
	f("an unfinished line", func(h *host) { h.append("a.log", "1\n2") }, "a.log")
	f("nothing in it", func(h *host) { h.append("a.log", "") }, "a.log")
	f("a symbolic link", func(h *host) {
		h.append("file", "1\n")
		h.must(os.Symlink(h.path("file"), h.path("a.log")))
	}, "a.log", "file")
	f("several names", func(h *host) {
		h.append("file", "1\n")
		h.must(os.Link(h.path("file"), h.path("a.log")))
	}, "a.log", "file")
	f("not shipped from its beginning", func(h *host) {
		h.opts.Inputs[0].Start = "end"
		h.append("a.log", "1\n")
	}, "a.log")
	f("a pattern of another input", func(h *host) {
		keeps := h.opts.Inputs[0]
		keeps.Paths, keeps.DeleteAfter = []string{h.path("a.log")}, 0
		h.opts.Inputs = append([]Config{keeps}, h.opts.Inputs...)
		h.append("a.log", "1\n")
		h.append("b.log", "2\n")
	}, "a.log")
}

// A rotated file is deleted only if a pattern matches the name that it has now.
func TestDeleteRotated(t *testing.T) {
	f := func(pattern string, left ...string) {
		bubble(t, func(t *testing.T) {
			h := deletes(t, pattern)
			h.append("a.log", "1\n")
			h.start()
			h.settle()
			h.rename("a.log", "a.log.1")
			h.append("a.log", "2\n")
			h.wait(scanEvery)
			h.settle()
			h.age(2*testDelete, "a.log.1")
			h.wait(2 * scanEvery)
			h.there(left...)
			h.append("a.log", "3\n")
			h.settle()
			h.stop()
			h.start()
			h.settle()
			h.want("1", "2", "3")
			h.stop()
		})
	}
	f("a.log", "a.log", "a.log.1")
	f("a.log*", "a.log")
}

// The name that a rotated file has now belongs to an input that keeps its files.
func TestDeleteRotatedToOtherInput(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "a.log")
		keeps := h.opts.Inputs[0]
		keeps.Paths, keeps.DeleteAfter = []string{h.path("a.log.*")}, 0
		h.opts.Inputs = []Config{keeps, h.opts.Inputs[0]}
		h.append("a.log", "1\n")
		h.start()
		h.settle()
		h.rename("a.log", "a.log.1")
		h.append("a.log", "2\n")
		h.wait(scanEvery)
		h.settle()
		h.age(2*testDelete, "a.log.1")
		h.wait(3 * deleteAgain)
		h.there("a.log", "a.log.1")
		h.want("1", "2")
		h.stop()
	})
}

// A copy that is not shipped, because it is one, keeps its original: without it
// the next start would ship it.
func TestDeleteKeepsOriginals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "a.log*")
		lines := strings.Repeat("0123456789\n", 20)
		h.append("a.log", lines)
		h.start()
		h.settle()
		h.append("a.log.1", lines)
		h.wait(2 * scanEvery)
		h.age(2*testDelete, "a.log", "a.log.1")
		h.wait(3 * deleteAgain)
		h.there("a.log", "a.log.1")
		h.remove("a.log.1")
		h.wait(3 * deleteAgain)
		h.there()
		if n := len(h.got); n != 20 {
			t.Errorf("%d lines, want 20", n)
		}
		h.stop()
	})
}

// What was deleted is known as long as something is beside it that may have
// been made of it.
func TestDeletedIsKnownByItsFamily(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "a.log")
		h.append("a.log.1", "history\n")
		h.append("a.log", "1\n")
		h.age(2*testDelete, "a.log")
		h.start()
		h.settle()
		h.wait(3 * scanEvery)
		h.there("a.log.1")
		if n := len(h.j.files()); n != 2 {
			t.Errorf("%d files in the journal, want 2", n)
		}
		h.remove("a.log.1")
		h.wait(3 * scanEvery)
		for _, f := range h.j.files() {
			if f.Now == "" {
				t.Errorf("the journal knows %+v", f)
			}
		}
		h.stop()
	})
}

// As long as somebody has the file open to write to it, it stays: what is
// written next would be lost.
func TestDeleteWaitsForWriter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		w := must2(os.OpenFile(h.path("a.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644))
		must2(w.WriteString("1\n"))
		h.age(2*testDelete, "a.log")
		h.start()
		h.settle()
		if err := h.in.disk.Lease(int(w.Fd())); err != unix.EAGAIN {
			t.Skip("no leases here: ", err)
		}
		h.wait(3 * deleteAgain)
		h.there("a.log")
		must2(w.WriteString("2\n"))
		h.must(w.Close())
		h.settle()
		h.age(2*testDelete, "a.log")
		h.wait(3 * deleteAgain)
		h.settle()
		h.there()
		h.want("1", "2")
		h.stop()
	})
}

// Without leases somebody may write until the name is gone, and beyond.
func TestDeleteWhileWritten(t *testing.T) {
	for _, call := range []string{"lease", "remove", "unlink"} {
		t.Run(call, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := deletes(t, "*.log")
				h.append("a.log", "1\n")
				h.age(2*testDelete, "a.log")
				done := false
				h.before = func(c, _ string) error {
					if c == call && !done {
						done = true
						h.append("a.log", "2\n")
					}
					if c == "lease" {
						return unix.EINVAL
					}
					return nil
				}
				h.start()
				h.settle()
				h.wait(2 * scanEvery)
				h.settle()
				h.want("1", "2")
				if call == "unlink" {
					h.there()
				} else {
					h.there("a.log")
				}
				h.stop()
			})
		})
	}
}

// Whoever may write to the log's directory, or to one above it, cannot make the
// agent delete another file.
func TestDeleteExchangedDirectory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "d/*.log")
		h.must(os.Mkdir(h.path("d"), 0o755))
		h.must(os.Mkdir(h.path("etc"), 0o755))
		h.append("d/a.log", "1\n")
		h.append("etc/a.log", "precious\n")
		h.age(2*testDelete, "d/a.log")
		h.before = func(c, _ string) error {
			if c == "unlink" {
				h.rename("d", "moved")
				h.must(os.Symlink(h.path("etc"), h.path("d")))
			}
			return nil
		}
		h.start()
		h.settle()
		h.wait(2 * scanEvery)
		if _, err := os.Stat(h.path("etc/a.log")); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(h.path("moved/a.log")); err == nil {
			t.Error("the file itself is still there")
		}
		h.stop()
	})
}

// kill -9 between any two steps: the file is deleted once, shipped once, and
// that it is gone is no loss.
func TestDeleteKilled(t *testing.T) {
	f := func(name string, call string, after bool) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := deletes(t, "*.log")
				h.append("a.log", "1\n")
				h.append("b.log", "2\n")
				h.age(2*testDelete, "a.log")
				h.before = func(c, path string) error {
					if c != call || h.j.dead {
						return nil
					}
					if after {
						h.remove("a.log")
					}
					h.j.crash(1 << 20) // what was written before a kill is there
					return unix.EIO
				}
				h.start()
				h.settle()
				h.wait(2 * scanEvery)
				h.stop()
				if !h.j.dead {
					t.Fatal("the step was not reached")
				}
				h.before = nil
				h.start()
				h.settle()
				h.wait(2 * scanEvery)
				h.settle()
				h.there("b.log")
				h.jump(keepPath)
				h.want("1", "2")
				h.stop()
				if n := len(h.j.files()); n != 1 {
					t.Errorf("%d files in the journal", n)
				}
				if h.said("nowhere") > 0 || h.said("lines are lost") > 0 {
					t.Errorf("log:\n%s", h.log)
				}
			})
		})
	}
	f("before the name is removed", "unlink", false)
	f("after the name is removed", "unlink", true)
}

// A directory in which nothing can be deleted is said once, and when it is
// over; what is shipped is not touched by that.
func TestDeleteRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		h.append("a.log", "1\n")
		h.append("b.log", "2\n")
		h.age(2*testDelete, "a.log", "b.log")
		var refused atomic.Bool
		refused.Store(true)
		h.before = func(c, _ string) error {
			if c == "unlink" && refused.Load() {
				return unix.EACCES
			}
			return nil
		}
		h.start()
		h.settle()
		h.wait(5 * deleteAgain)
		h.there("a.log", "b.log")
		if n := h.said("cannot delete"); n != 1 {
			t.Errorf("said %d times\n%s", n, h.log)
		}
		refused.Store(false)
		h.wait(2 * deleteAgain)
		h.there()
		if n := h.said("files can be deleted again"); n != 1 || h.said(filepath.Base(h.dir)) == 0 {
			t.Errorf("said %d times\n%s", n, h.log)
		}
		h.want("1", "2")
		h.stop()
	})
}

// Without the journal's word that a file is being deleted it stays.
func TestDeleteNeedsJournal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		h.append("a.log", "1\n")
		h.age(testDelete-time.Minute, "a.log")
		h.start()
		h.settle()
		h.j.failWith(unix.ENOSPC)
		h.wait(5 * time.Minute)
		h.there("a.log")
		h.j.failWith(nil)
		h.wait(time.Minute)
		h.there()
		h.stop()
	})
}

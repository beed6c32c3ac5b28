package tail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack/unpacktest"
)

// compress replaces the file by its compressed form, as the commands do: the
// new file gets the time of the old one, which is removed at last.
func (h *host) compress(name, ext string) {
	h.t.Helper()
	h.compressTo(name, name+ext)
	h.remove(name)
}

func (h *host) compressTo(name, to string) {
	h.t.Helper()
	plain, err := os.ReadFile(h.path(name))
	h.must(err)
	st, err := os.Stat(h.path(name))
	h.must(err)
	h.must(os.WriteFile(h.path(to), unpacktest.Pack(h.t, to, plain), 0o644))
	h.must(os.Chtimes(h.path(to), st.ModTime(), st.ModTime()))
}

// packRotated renames the file to the first generation and compresses that.
func (h *host) packRotated(name, ext string) {
	h.t.Helper()
	h.rename(name, name+".1")
	h.compress(name+".1", ext)
}

// text is a line of that number that is long enough to know a file by.
func text(n int) string { return fmt.Sprintf("%d %s end", n, strings.Repeat("x", 80)) }

func texts(from, to int) []string {
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, text(n))
	}
	return out
}

// write appends the lines of these numbers.
func (h *host) write(name string, from, to int) {
	h.t.Helper()
	h.append(name, strings.Join(texts(from, to), "\n")+"\n")
}

var packedExts = []string{".gz", ".zst", ".xz", ".bz2"}

// eachFormat runs a history for each format.
func eachFormat(t *testing.T, f func(t *testing.T, ext string)) {
	t.Helper()
	for _, ext := range packedExts {
		t.Run(ext[1:], func(t *testing.T) {
			bubble(t, func(t *testing.T) { f(t, ext) })
		})
	}
}

// settleLong is settle for compressed files, which have to be quiet first.
func (h *host) settleLong() {
	h.t.Helper()
	for range 30 {
		h.take()
		h.wait(time.Second)
	}
	h.take()
}

// sessionLong is session for compressed files.
func (h *host) sessionLong() {
	h.t.Helper()
	h.start()
	h.settleLong()
	h.stop()
}

// noLoss checks that nothing was given up, and nothing said to be wrong.
func (h *host) noLoss() {
	h.t.Helper()
	if n := h.logged("level=ERROR") + h.logged("level=WARN"); n != 0 {
		h.t.Errorf("%d warnings and errors:\n%s", n, h.log)
	}
}

// The file is read in part; the rest is written, the file rotated and
// compressed while the agent is down.
func TestCompressedWhileDown(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 6)
		h.packRotated("a.log", ext)
		h.write("a.log", 7, 8)
		h.start()
		h.settleLong()
		h.want(texts(1, 8)...)
		h.noLoss()
		h.stop()
		h.start() // nothing comes again
		h.settleLong()
		h.stop()
		h.want(texts(1, 8)...)
	})
}

// The same three rotations deep, the older two compressed (B15).
func TestThreeDeepWhileDown(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 5)
		h.rename("a.log", "a.log.3")
		h.compress("a.log.3", ext)
		h.write("a.log.2", 6, 7)
		h.compress("a.log.2", ext)
		h.write("a.log.1", 8, 9)
		h.write("a.log", 10, 11)
		h.start()
		h.settleLong()
		h.want(texts(1, 11)...)
		h.noLoss()
		for _, at := range h.at {
			if !strings.HasPrefix(at, "a.log@") {
				t.Errorf("a line has the path of %s", at)
			}
		}
		h.stop()
	})
}

// What was read to its end is not read again in its compressed form, whatever
// the pattern, however often it is rotated and restarted.
func TestReadThenCompressed(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*", "*.gz"} {
		for _, down := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/down=%v", pattern, down), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log", pattern)
					h.start()
					var want []string
					for i := range 5 {
						h.write("a.log", 10*i, 10*i+3)
						want = append(want, texts(10*i, 10*i+3)...)
						h.settle()
						if down {
							h.stop()
						}
						for n := 4; n > 0; n-- {
							if _, err := os.Stat(h.path(fmt.Sprintf("a.log.%d.gz", n))); err == nil {
								h.rename(fmt.Sprintf("a.log.%d.gz", n), fmt.Sprintf("a.log.%d.gz", n+1))
							}
						}
						h.packRotated("a.log", ".gz")
						h.append("a.log", "")
						if down {
							h.start()
						}
						h.settleLong()
					}
					h.want(want...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
}

// With delaycompress, while the agent runs.
func TestDelayCompress(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log*")
		h.start()
		var want []string
		for i := range 4 {
			h.write("a.log", 10*i, 10*i+3)
			want = append(want, texts(10*i, 10*i+3)...)
			h.take()
			for n := 5; n > 1; n-- {
				if _, err := os.Stat(h.path(fmt.Sprintf("a.log.%d%s", n, ext))); err == nil {
					h.rename(fmt.Sprintf("a.log.%d%s", n, ext), fmt.Sprintf("a.log.%d%s", n+1, ext))
				}
			}
			if i > 0 {
				h.rename("a.log.1", "a.log.2")
				h.compress("a.log.2", ext)
			}
			h.rename("a.log", "a.log.1")
			h.settle()
		}
		h.settleLong()
		h.want(want...)
		h.noLoss()
		h.stop()
	})
}

// A line does not wait because a file that was read has been compressed.
func TestCompressionHoldsNothingUp(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 100)
		h.start()
		h.settle()
		h.wait(time.Minute) // it is closed
		h.packRotated("a.log", ext)
		h.write("a.log", 101, 101)
		h.wait(3 * time.Second)
		h.take()
		h.wait(2 * time.Second)
		h.take()
		h.want(texts(1, 101)...)
		h.settleLong()
		h.want(texts(1, 101)...)
		h.noLoss()
		h.stop()
	})
}

// A file that a pattern matches and that is nobody's generation is read once.
func TestPackedOfItsOwn(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "*"+ext, "b.log*")
		h.write("old", 1, 3)
		h.compressTo("old", "old"+ext)
		h.remove("old")
		h.write("b.log.1", 4, 6)
		h.compress("b.log.1", ext)
		h.write("b.log", 7, 8)
		h.sessionLong()
		h.start()
		h.settleLong()
		want := map[string]int{}
		for _, s := range texts(1, 8) {
			want[s] = 1
		}
		for _, s := range h.got {
			want[s]--
		}
		for s, n := range want {
			if n != 0 {
				t.Errorf("%.20q is missing %d times\n%s", s, n, h.log)
			}
		}
		// one more comes while the agent runs, and stays where it is
		h.got, h.at = nil, nil
		h.write("new", 10, 12)
		h.compressTo("new", "new"+ext)
		h.remove("new")
		h.settleLong()
		h.want(texts(10, 12)...)
		if want := "new" + ext + "@0"; len(h.at) == 0 || h.at[0] != want {
			t.Errorf("at %v", h.at)
		}
		h.noLoss()
		h.stop()
	})
}

// The agent is stopped in the middle of a compressed file, and goes on there.
func TestRestartInCompressed(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 2000)
		h.packRotated("a.log", ext)
		h.write("a.log", 2001, 2002)
		h.start()
		h.wait(15 * time.Second)
		var c flow.Chunk
		for range 5 {
			if !h.next(&c, 10_000) {
				t.Fatalf("nothing to read\n%s", h.log)
			}
			s := c.Span(0, c.Lines())
			h.j.intent(s)
			h.j.ack(s)
		}
		h.stop()
		h.start()
		h.settleLong()
		h.want(texts(1, 2002)...)
		h.noLoss()
		h.stop()
	})
}

// Spans that were not acked are found in the compressed file: it was compressed
// before the crash, or between that and the start.
func TestReplayFromCompressed(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		for _, before := range []bool{true, false} {
			h := newHost(t, "a.log")
			h.write("a.log", 1, 300)
			h.start()
			var c flow.Chunk
			var spans []flow.Span
			for h.next(&c, 5000) {
				s := c.Span(0, c.Lines())
				h.j.intent(s)
				spans = append(spans, s)
			}
			h.settle()
			if before {
				h.packRotated("a.log", ext)
				h.settleLong()
			}
			h.j.crash(0)
			h.stop()
			if !before {
				h.packRotated("a.log", ext)
			}
			h.start()
			for _, s := range spans {
				err := h.in.Fetch(s, &c)
				for range 40 {
					if err != nil {
						h.wait(time.Second)
						err = h.in.Fetch(s, &c)
					}
				}
				if err != nil || c.Start != s.Start || len(c.Data) != int(s.End-s.Start) {
					t.Fatalf("before=%v: %+v: %v\n%s", before, s, err, h.log)
				}
				h.j.ack(s)
			}
			h.settleLong()
			h.want(texts(1, 300)...)
			h.stop()
		}
	})
}

// While the plain file is there, the compressed one is being made: half of it
// is nothing to look at.
func TestCompressionUnderWay(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log*")
		h.write("a.log", 1, 50)
		h.session()
		h.write("a.log", 51, 60)
		h.rename("a.log", "a.log.1")
		h.write("a.log", 61, 62)
		plain, err := os.ReadFile(h.path("a.log.1"))
		h.must(err)
		packed := unpacktest.Pack(t, ext, plain)
		to := "a.log.1" + ext
		h.append(to, string(packed[:len(packed)/2]))
		h.start()
		h.settle()
		h.want(texts(1, 62)...)
		h.wait(time.Minute)
		h.append(to, string(packed[len(packed)/2:]))
		h.remove("a.log.1")
		h.settleLong()
		h.wait(time.Minute)
		h.settleLong()
		h.want(texts(1, 62)...)
		h.noLoss()
		h.stop()
	})
}

// A file that breaks off is tried again when it has changed; one that stays so
// is said and counted once, and holds nothing up.
func TestDamagedCompressed(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		for _, known := range []bool{true, false} {
			for _, mended := range []bool{true, false} {
				h := newHost(t, "a.log")
				h.write("a.log", 1, 3)
				h.session()
				from := "a.log"
				if !known {
					from = "x"
					h.rename("a.log", "a.log.2")
					h.must(os.WriteFile(h.path("x"), nil, 0o644))
				}
				h.write(from, 4, 60)
				h.rename(from, "a.log.1")
				plain, err := os.ReadFile(h.path("a.log.1"))
				h.must(err)
				packed := unpacktest.Pack(t, ext, plain)
				h.remove("a.log.1")
				h.append("a.log.1"+ext, string(packed[:len(packed)-5]))
				h.write("a.log", 61, 62)
				h.start()
				h.wait(3 * time.Second)
				h.take()
				if mended {
					h.append("a.log.1"+ext, string(packed[len(packed)-5:]))
					h.settleLong()
					h.want(texts(1, 62)...)
					h.noLoss()
					h.stop()
					continue
				}
				h.settleLong()
				h.wait(10 * time.Minute)
				h.settleLong()
				h.want(append(texts(1, 3), texts(61, 62)...)...)
				if n := h.logged("level=ERROR", "a.log.1"+ext, "cause=compressed"); n != 1 || h.logged("level=ERROR") != 1 {
					t.Errorf("known=%v: %d lines about it:\n%s", known, n, h.log)
				}
				h.stop()
				h.start()
				h.settleLong()
				if n := h.logged("level=ERROR"); n != 1 {
					t.Errorf("known=%v: after a restart there are %d lines about it:\n%s", known, n, h.log)
				}
				h.stop()
			}
		}
	})
}

// Several members, one behind the other, are one file.
func TestManyMembers(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		var packed bytes.Buffer
		for n := 1; n < 30; n += 3 {
			packed.Write(unpacktest.Pack(t, ext, []byte(strings.Join(texts(n, n+2), "\n")+"\n")))
		}
		h.append("a.log.1"+ext, packed.String())
		h.remove("a.log")
		h.write("a.log", 31, 32)
		h.start()
		h.settleLong()
		h.want(append(texts(1, 30), texts(31, 32)...)...)
		h.noLoss()
		h.stop()
	})
}

// copytruncate, and compressed at once, while the agent is down: the unread
// rest is in the compressed copy, and the line that was cut is joined.
func TestCopyTruncateCompressed(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 6)
		h.append("a.log", "half a ")
		h.copyTruncate("a.log", "a.log.1")
		h.compress("a.log.1", ext)
		h.append("a.log", "line\n")
		h.write("a.log", 7, 8)
		h.start()
		h.settleLong()
		want := append(texts(1, 6), "half a line")
		h.want(append(want, texts(7, 8)...)...)
		h.noLoss()
		h.stop()
	})
}

// Compressed into another directory, with a date.
func TestCompressedOlddir(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "log/a.log")
		h.must(os.MkdirAll(h.path("log"), 0o755))
		h.must(os.MkdirAll(h.path("log/old"), 0o755))
		h.write("log/a.log", 1, 3)
		h.start()
		h.settle()
		h.rename("log/a.log", "log/old/a.log-20260101")
		h.write("log/a.log", 4, 5)
		h.settle()
		h.stop()
		h.write("log/a.log", 6, 7)
		h.rename("log/a.log", "log/old/a.log-20260102")
		h.compress("log/old/a.log-20260102", ext)
		h.compress("log/old/a.log-20260101", ext)
		h.write("log/old/a.log-20260103", 8, 9)
		h.compress("log/old/a.log-20260103", ext)
		h.write("log/a.log", 10, 11)
		h.start()
		h.settleLong()
		h.want(texts(1, 11)...)
		h.noLoss()
		h.stop()
	})
}

// The last line of a compressed file may be without a newline, and an empty
// file is nothing.
func TestEmptyAndHalf(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "*"+ext)
		h.append("empty", "")
		h.compress("empty", ext)
		h.append("none"+ext, "")
		h.append("half", text(1)+"\nno newline")
		h.compress("half", ext)
		h.start()
		h.settleLong()
		h.want(text(1), "no newline")
		h.noLoss()
		h.stop()
		if len(h.in.parcels) > 1 {
			t.Errorf("%d parcels are left", len(h.in.parcels))
		}
	})
}

// Lines that were written to a file after it was let go, and before it was
// compressed, are read from there.
func TestLateThenCompressed(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.start()
		h.settle()
		h.rename("a.log", "a.log.1")
		h.write("a.log", 10, 11)
		h.settle()
		h.stop()
		h.write("a.log.1", 4, 5)
		h.compress("a.log.1", ext)
		h.sessionLong()
		h.start()
		h.settleLong()
		h.stop()
		var want []string
		want = append(append(append(want, texts(1, 3)...), texts(10, 11)...), texts(4, 5)...)
		h.want(want...)
	})
}

// A small file that would give very many bytes is parked for good, and holds
// nothing up.
func TestBomb(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log", "*.gz")
		h.append("bomb", strings.Repeat("\x00", 8<<20))
		h.compress("bomb", ".gz")
		h.write("a.log", 1, 2)
		h.limits.Plain, h.limits.Ratio = 1<<20, 10
		h.start()
		h.settleLong()
		h.wait(10 * time.Minute)
		h.settleLong()
		h.want(texts(1, 2)...)
		if n := h.logged("level=ERROR", filepath.Base("bomb.gz")); n != 1 {
			t.Errorf("%d lines about it:\n%s", n, h.log)
		}
		h.stop()
	})
}

func (h *host) read(name string) string {
	h.t.Helper()
	p, err := os.ReadFile(h.path(name))
	h.must(err)
	return string(p)
}

// Of a file that only has the name of a compressed one nothing is known but its
// size.
func TestNotCompressed(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.rename("a.log", "a.log.2")
		h.append("a.log.1"+ext, "eleven old\n")
		h.write("a.log", 4, 5)
		h.start()
		h.settleLong()
		if got := h.in.Stats().Lost[lostCompressed]; got != 11 || h.logged("counted=\"the bytes of the compressed file") != 1 {
			t.Errorf("%d bytes are lost:\n%s", got, h.log)
		}
		h.stop()
	})
}

// Which files a path has is known of those too that came, or were forgotten,
// since it was sorted out.
func TestFilesOf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		h.start()
		h.settle()
		h.rename("a.log", "a.log.1")
		h.append("a.log", "2\n")
		h.append("b.log", "3\n")
		h.settle()
		do := func(do func()) {
			h.in.tell(task{do: do})
			h.wait(0)
		}
		do(func() { h.in.filesOf(h.path("a.log")) })
		h.rename("a.log.1", "a.log.2")
		h.rename("a.log", "a.log.1")
		h.append("a.log", "4\n")
		h.wait(time.Second)
		var ids []flow.FileID
		do(func() {
			for _, f := range h.in.filesOf(h.path("a.log")) {
				ids = append(ids, f.id)
			}
			h.in.drop(h.in.filesOf(h.path("b.log"))[0])
			if n := len(h.in.filesOf(h.path("b.log"))); n != 0 {
				t.Errorf("b.log has %d files, and was forgotten", n)
			}
		})
		if len(ids) != 3 || !slices.IsSorted(ids) {
			t.Errorf("a.log has files %d", ids)
		}
		h.stop()
	})
}

// Rotated files of which nothing was read yet are known, and not open. Two of them
// are compressed, and all are renamed while a look finds out whose those are.
func TestRenamedWhileTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.maxOpen = 1
		renamed := false
		h.before = func(call, path string) error {
			if renamed || call != "stat" || path != h.path("a.log.2.gz") || h.logged("compressed form") == 0 {
				return nil
			}
			renamed = true
			h.rename("a.log.3", "a.log.4")
			h.rename("a.log.2.gz", "a.log.3.gz")
			h.rename("a.log.1.gz", "a.log.2.gz")
			return nil
		}
		h.write("a.log", 1, 20)
		h.start() // nothing is read for now, as when no broker is there
		for n := 1; n < 4; n++ {
			h.wait(3 * time.Second)
			for old := n - 1; old > 0; old-- {
				h.rename(fmt.Sprintf("a.log.%d", old), fmt.Sprintf("a.log.%d", old+1))
			}
			h.rename("a.log", "a.log.1")
			h.write("a.log", n*20+1, n*20+20)
		}
		h.wait(3 * time.Second)
		h.compress("a.log.2", ".gz")
		h.compress("a.log.1", ".gz")
		h.wait(time.Minute)
		if !renamed {
			t.Fatal("nothing was renamed while it was found out")
		}
		h.settleLong()
		h.want(texts(1, 80)...)
		h.noLoss()
		h.stop()
	})
}

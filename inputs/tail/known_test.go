package tail

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/unpack"
)

// decompress replaces the compressed file by its plain form, as the commands do.
func (h *host) decompress(packed string) {
	h.t.Helper()
	st, err := os.Stat(h.path(packed))
	h.must(err)
	h.writeAs(unpack.Plain(packed), h.plain(packed), st)
	h.remove(packed)
}

// plain is what is in the file, compressed or not.
func (h *host) plain(name string) []byte {
	h.t.Helper()
	p := h.look(name)
	if !unpack.Is(name) {
		return p
	}
	r := unpack.NewReader(name, bytes.NewReader(p), int64(len(p)), unpack.Standard)
	defer r.Close()
	plain := make([]byte, 1<<20)
	n, err := r.Pread(plain, 0)
	h.must(err)
	return plain[:n]
}

// look is what is in the file. Its time of access stays: no program has read it.
func (h *host) look(name string) []byte {
	h.t.Helper()
	f, err := os.OpenFile(h.path(name), unix.O_RDONLY|unix.O_NOATIME, 0)
	h.must(err)
	defer f.Close()
	p, err := io.ReadAll(f)
	h.must(err)
	return p
}

// copyAll copies a file, or the files of a directory, with their times.
func (h *host) copyAll(from, to string) {
	h.t.Helper()
	st, err := os.Stat(h.path(from))
	h.must(err)
	if st.IsDir() {
		names, err := os.ReadDir(h.path(from))
		h.must(err)
		h.must(os.MkdirAll(h.path(to), 0o755))
		for _, e := range names {
			h.copyAll(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
		return
	}
	p, err := os.ReadFile(h.path(from))
	h.must(err)
	h.writeAs(to, p, st)
}

// writeAs writes a file and gives it the time at which the one that st describes was
// written, which is before it is made: file systems may count in steps of 10 ms.
func (h *host) writeAs(name string, p []byte, st os.FileInfo) {
	h.t.Helper()
	tick, err := os.CreateTemp("", "")
	h.must(err)
	defer os.Remove(tick.Name())
	defer tick.Close()
	for now := st; !now.ModTime().After(st.ModTime()); {
		_, err = tick.WriteString(".")
		h.must(err)
		now, err = tick.Stat()
		h.must(err)
	}
	h.must(os.WriteFile(h.path(name), p, 0o644))
	h.must(os.Chtimes(h.path(name), st.ModTime(), st.ModTime()))
}

// setTimes gives a file that was just made times from before that.
func (h *host) setTimes(name string, st os.FileInfo) {
	at := st.ModTime().Add(-20 * time.Millisecond)
	h.must(os.Chtimes(h.path(name), at, at))
}

// A file whose content was shipped has another inode, or another form: none of it
// is shipped again, and what is new in it is.
func TestKnownContent(t *testing.T) {
	type step = func(h *host)
	for _, c := range []struct {
		name, pattern string
		before        step   // the first start
		steps         []step // with a look, or a restart, between any two of them
		last          int    // lines 1 to last are there at the end
	}{
		{name: "compressed, was there at the first start", pattern: "a.log*", before: func(h *host) {
			h.write("a.log.3", 1, 20)
			h.write("a.log.2", 21, 40)
			h.write("a.log", 41, 45)
		}, steps: []step{
			func(h *host) { h.compress("a.log.3", ".gz") },
			func(h *host) { h.compress("a.log.2", ".gz"); h.write("a.log", 46, 47) },
			func(h *host) { h.decompress("a.log.3.gz") },
		}, last: 47},
		{name: "shifted and compressed, were there at the first start", pattern: "a.log*", before: func(h *host) {
			h.write("a.log.2", 1, 20)
			h.write("a.log.1", 21, 40)
			h.write("a.log", 41, 60)
		}, steps: []step{
			func(h *host) {
				h.rename("a.log.2", "a.log.3")
				h.compress("a.log.3", ".gz")
				h.rename("a.log.1", "a.log.2")
				h.compress("a.log.2", ".gz")
				h.rename("a.log", "a.log.1")
				h.write("a.log", 61, 62)
			},
		}, last: 62},
		{name: "decompressed, the log is empty", pattern: "*.log", before: func(h *host) { h.write("a.log", 1, 5) }, steps: []step{
			func(h *host) { h.write("a.log", 6, 40); h.packRotated("a.log", ".gz"); h.append("a.log", "") },
			func(h *host) { h.decompress("a.log.1.gz") },
			func(h *host) { h.write("a.log", 41, 43) },
		}, last: 43},
		{name: "decompressed, matched", pattern: "*.log*", before: func(h *host) { h.write("a.log", 1, 5) }, steps: []step{
			func(h *host) { h.write("a.log", 6, 40); h.packRotated("a.log", ".gz"); h.append("a.log", "") },
			func(h *host) { h.decompress("a.log.1.gz") },
			func(h *host) { h.write("a.log", 41, 43) },
			func(h *host) { h.compress("a.log.1", ".zst") },
			func(h *host) { h.decompress("a.log.1.zst"); h.compress("a.log.1", ".xz") },
			func(h *host) { h.decompress("a.log.1.xz") },
			func(h *host) { h.rename("a.log.1", "a.log.2"); h.rename("a.log", "a.log.1"); h.write("a.log", 44, 45) },
			func(h *host) { h.compress("a.log.1", ".gz"); h.compress("a.log.2", ".gz") },
		}, last: 45},
		{name: "a few lines, compressed and decompressed", pattern: "*.csv*", before: func(h *host) { h.write("a.csv", 1, 2) }, steps: []step{
			func(h *host) { h.compress("a.csv", ".gz") },
			func(h *host) { h.decompress("a.csv.gz") },
			func(h *host) { h.compress("a.csv", ".xz") },
			func(h *host) { h.decompress("a.csv.xz") },
			func(h *host) { h.write("a.csv", 3, 5) },
		}, last: 5},
		{name: "first seen compressed", pattern: "*.csv*", before: func(h *host) { h.write("a.csv", 1, 20); h.compress("a.csv", ".zst") }, steps: []step{
			func(h *host) { h.decompress("a.csv.zst") },
			func(h *host) { h.compress("a.csv", ".gz") },
			func(h *host) { h.decompress("a.csv.gz") },
			func(h *host) { h.write("a.csv", 21, 25) },
		}, last: 25},
		{name: "decompressed beside its compressed form", pattern: "*.csv*", before: func(h *host) { h.write("a.csv", 1, 20); h.compress("a.csv", ".gz") }, steps: []step{
			func(h *host) { h.copyAll("a.csv.gz", "copy"); h.decompress("a.csv.gz"); h.rename("copy", "a.csv.gz") },
			func(h *host) { h.remove("a.csv.gz") },
			func(h *host) { h.write("a.csv", 21, 25) },
		}, last: 25},
		{name: "an older state of it is copied back", pattern: "m/*.log", before: func(h *host) {
			h.must(os.Mkdir(h.path("m"), 0o755))
			h.write("m/a.log", 1, 20)
			h.copyAll("m/a.log", "copy")
			h.write("m/a.log", 21, 30)
		}, steps: []step{
			func(h *host) { h.rename("m/a.log", "a.log"); h.copyAll("copy", "m/a.log") },
			func(h *host) { h.write("m/a.log", 31, 35) },
		}, last: 35},
		{name: "a generation is copied to the path", pattern: "m/a.log*", before: func(h *host) {
			h.must(os.Mkdir(h.path("m"), 0o755))
			h.write("m/a.log.1", 1, 20)
			h.write("m/a.log", 21, 30)
		}, steps: []step{
			func(h *host) { h.rename("m/a.log", "m/a.log.2"); h.copyAll("m/a.log.1", "m/a.log") },
			func(h *host) { h.write("m/a.log", 31, 35) },
		}, last: 35},
		{name: "history is decompressed", pattern: "*.log", before: func(h *host) {
			h.write("a.log.1", 101, 120)
			h.compress("a.log.1", ".gz")
			h.write("a.log", 1, 5)
		}, steps: []step{
			func(h *host) { h.decompress("a.log.1.gz") },
			func(h *host) { h.rename("a.log.1", "a.log.2"); h.rename("a.log", "a.log.1"); h.write("a.log", 6, 8) },
			func(h *host) { h.compress("a.log.2", ".xz"); h.write("a.log", 9, 10) },
		}, last: 10},
		{name: "moved away and copied back", pattern: "m/*.log", before: func(h *host) {
			h.must(os.Mkdir(h.path("m"), 0o755))
			h.write("m/a.log", 1, 20)
		}, steps: []step{
			func(h *host) { h.rename("m/a.log", "a.log"); h.copyAll("a.log", "m/a.log") },
			func(h *host) { h.write("m/a.log", 21, 25) },
			func(h *host) { h.remove("a.log") },
			func(h *host) { h.write("m/a.log", 26, 27) },
		}, last: 27},
		{name: "moved away, copied back and written to", pattern: "m/*.log", before: func(h *host) {
			h.must(os.Mkdir(h.path("m"), 0o755))
			h.write("m/a.log", 1, 20)
		}, steps: []step{
			func(h *host) { h.rename("m/a.log", "a.log"); h.copyAll("a.log", "m/a.log"); h.write("m/a.log", 21, 25) },
			func(h *host) { h.write("m/a.log", 26, 27) },
		}, last: 27},
		{name: "directory moved away and copied back", pattern: "m/*.log*", before: rotatedInDir, steps: []step{
			func(h *host) { h.rename("m", "m2"); h.copyAll("m2", "m") },
			func(h *host) { h.write("m/a.log", 61, 65) },
			func(h *host) { h.write("m/a.log", 66, 70) },
			func(h *host) { h.must(os.RemoveAll(h.path("m2"))) },
			func(h *host) { h.write("m/a.log", 71, 75) },
		}, last: 75},
		{name: "directory moved away and copied back, unmatched", pattern: "m/*.log", before: rotatedInDir, steps: []step{
			func(h *host) { h.rename("m", "m2"); h.copyAll("m2", "m") },
			func(h *host) { h.write("m/a.log", 61, 65) },
			func(h *host) { h.rename("m/a.log", "m/a.log.0"); h.write("m/a.log", 66, 70) },
			func(h *host) { h.must(os.RemoveAll(h.path("m2"))) },
			func(h *host) { h.write("m/a.log", 71, 75) },
		}, last: 75},
		{name: "directory copied, removed and copied back", pattern: "m/*.log*", before: rotatedInDir, steps: []step{
			func(h *host) { h.copyAll("m", "m2"); h.must(os.RemoveAll(h.path("m"))); h.copyAll("m2", "m") },
			func(h *host) { h.write("m/a.log", 61, 65) },
		}, last: 65},
		{name: "decompressed with the present time", pattern: "a.log*", before: func(h *host) { h.write("a.log", 1, 20) }, steps: []step{
			func(h *host) { h.packRotated("a.log", ".gz"); h.write("a.log", 21, 25) },
			func(h *host) { h.append("a.log.1", string(h.plain("a.log.1.gz"))) },
			func(h *host) { h.remove("a.log.1.gz") },
			func(h *host) { h.write("a.log", 26, 27) },
		}, last: 27},
		{name: "copied to a name that no rotation gives", pattern: "a.log*", before: func(h *host) { h.write("a.log", 1, 20) }, steps: []step{
			func(h *host) { h.copyAll("a.log", "a.log.bak") },
			func(h *host) { h.write("a.log", 21, 25); h.copyAll("a.log", "a.log.2026 before") },
			func(h *host) { h.copyAll("a.log", "a.log~") },
		}, last: 25},
		{name: "copied back slowly, under another name at first", pattern: "m/*", before: func(h *host) {
			h.must(os.Mkdir(h.path("m"), 0o755))
			h.write("m/a.log", 1, 40)
		}, steps: []step{
			func(h *host) {
				h.rename("m/a.log", "a.log")
				p := string(h.plain("a.log"))
				h.append("m/.a.log.x8Tq2Z", p[:len(p)/2])
				h.wait(quietTime / 2)
				h.append("m/.a.log.x8Tq2Z", p[len(p)/2:])
				h.wait(quietTime / 2)
				st, err := os.Stat(h.path("a.log"))
				h.must(err)
				h.setTimes("m/.a.log.x8Tq2Z", st)
				h.rename("m/.a.log.x8Tq2Z", "m/a.log")
			},
			func(h *host) { h.write("m/a.log", 41, 45) },
		}, last: 45},
		{name: "copied back very slowly, under another name at first", pattern: "m/*", before: func(h *host) {
			h.must(os.Mkdir(h.path("m"), 0o755))
			h.write("m/a.log", 1, 600)
		}, steps: []step{
			func(h *host) {
				h.rename("m/a.log", "a.log")
				for p := h.plain("a.log"); len(p) > 0; h.wait(quietTime / 2) {
					n := min(len(p), 1500)
					h.append("m/.a.log.x8Tq2Z", string(p[:n]))
					p = p[n:]
				}
				st, err := os.Stat(h.path("a.log"))
				h.must(err)
				h.setTimes("m/.a.log.x8Tq2Z", st)
				h.rename("m/.a.log.x8Tq2Z", "m/a.log")
			},
			func(h *host) { h.write("m/a.log", 601, 605) },
		}, last: 605},
		{name: "copied again and again, and compressed", pattern: "a.log*", before: func(h *host) { h.write("a.log", 1, 20) }, steps: []step{
			func(h *host) { h.copyAll("a.log", "a.log.1") },
			func(h *host) {
				h.write("a.log", 21, 40)
				h.packRotated("a.log.1", ".gz")
				h.copyAll("a.log", "a.log.1")
			},
			func(h *host) {
				h.write("a.log", 41, 45)
				h.packRotated("a.log.1", ".xz")
				h.copyAll("a.log", "a.log.1")
			},
			func(h *host) { h.rename("a.log.1.1.gz", "a.log.2.gz") },
			func(h *host) { h.rename("a.log", "a.log.3"); h.write("a.log", 46, 48); h.compress("a.log.3", ".gz") },
		}, last: 48},
		{name: "a finished copy is written to", pattern: "a.log*", before: func(h *host) { h.write("a.log", 1, 20) }, steps: []step{
			func(h *host) { h.copyAll("a.log", "a.log.1") },
			func(h *host) { h.write("a.log.1", 21, 25) },
			func(h *host) { h.write("a.log.1", 26, 27) },
			func(h *host) { h.write("a.log", 28, 29) },
		}, last: 29},
	} {
		for _, down := range []bool{false, true} {
			when := map[bool]string{false: "running", true: "down"}[down]
			t.Run(c.name+", "+when, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, c.pattern)
					c.before(h)
					h.start()
					h.settleLong()
					for _, s := range c.steps {
						if down {
							h.stop()
						}
						s(h)
						if down {
							h.start()
						}
						h.settleLong()
					}
					h.stop()
					h.sessionLong() // nothing comes again
					got := slices.Sorted(slices.Values(h.got))
					want := slices.Sorted(slices.Values(texts(1, c.last)))
					if !slices.Equal(got, want) {
						t.Errorf("%d lines, want %d; at %s\nlog:\n%s", len(got), len(want), strings.Join(h.at, " "), h.log)
					}
					if h.logged("level=ERROR") > 0 {
						t.Errorf("log:\n%s", h.log)
					}
				})
			})
		}
	}
}

// A file that is decompressed bit by bit has the present time until it is whole: it
// is waited for, at the name of a rotated file and at the path of the log itself.
func TestDecompressedForLong(t *testing.T) {
	for _, name := range []string{"a.log", "a.log.1"} {
		for _, first := range []int{0, 20} {
			t.Run(fmt.Sprintf("%s, %d bytes at first", name, first), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log*")
					h.write("a.log", 1, 200)
					h.start()
					h.settle()
					if name != "a.log" {
						h.rename("a.log", name)
						h.append("a.log", "") // of which nothing is read yet
						h.settle()
					}
					h.compress(name, ".gz")
					h.settleLong()
					plain, at := string(h.plain(name+".gz")), 0
					for to := first; at < len(plain); to = min(max(4000, to+400), len(plain)) {
						h.append(name, plain[at:to])
						at = to
						for range 3 { // looks, which see it with the same size
							h.in.tell(task{do: func() { h.in.look(h.dir) }})
							h.wait(quietTime / 6)
						}
						h.take()
					}
					st, err := os.Stat(h.path(name + ".gz"))
					h.must(err)
					h.setTimes(name, st)
					h.remove(name + ".gz")
					h.settleLong()
					h.write("a.log", 206, 208)
					h.settleLong()
					h.want(append(texts(1, 200), texts(206, 208)...)...)
					h.stop()
				})
			})
		}
	}
}

// A log begins with the same lines each time that it is made anew. It is rotated
// twice before anybody looks: what came in between may be a copy of the first that
// is being made, and the last waits for it.
func TestSameBeginningTwice(t *testing.T) {
	banner := strings.Repeat("=", 2000)
	for _, pattern := range []string{"*.log", "*.log*"} {
		for _, down := range []bool{false, true} {
			t.Run(pattern+map[bool]string{false: "", true: ", down"}[down], func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					h.append("a.log", banner+"\n"+text(1)+"\n"+text(2)+"\n")
					h.start()
					h.settle()
					if down {
						h.stop()
					}
					h.rename("a.log", "a.log.2")
					h.append("a.log.1", banner+"\nthree\n")
					h.append("a.log", banner+"\n"+text(4)+"\n"+text(5)+"\n")
					if down {
						h.start()
					}
					h.settle()
					h.wait(3 * quietTime)
					h.want(banner, text(1), text(2), banner, "three", banner, text(4), text(5))
					h.stop()
				})
			})
		}
	}
}

// rotatedInDir is a log that was rotated twice, and its generations.
func rotatedInDir(h *host) {
	h.must(os.Mkdir(h.path("m"), 0o755))
	h.write("m/a.log", 1, 20)
	h.start()
	h.settle()
	for i := range 2 {
		if i == 1 {
			h.rename("m/a.log.1", "m/a.log.2")
		}
		h.rename("m/a.log", "m/a.log.1")
		h.write("m/a.log", 20*i+21, 20*i+40)
		h.settle()
	}
	h.stop()
}

// Lines that two programs write, or one does again, are shipped for each: nothing
// says that they were copied.
func TestSameLinesAgain(t *testing.T) {
	for name, write := range map[string]func(h *host){
		"rotated and written again": func(h *host) { h.rename("a.log", "a.log.1"); h.write("a.log", 1, 30) },
		"moved away and written again": func(h *host) {
			h.must(os.Mkdir(h.path("old"), 0o755))
			h.rename("a.log", "old/a.log")
			h.write("a.log", 1, 30)
		},
		"another log":                    func(h *host) { h.write("b.log", 1, 30) },
		"another log, copied":            func(h *host) { h.copyAll("a.log", "b.log") },
		"another name of the same shape": func(h *host) { h.write("a-7.log", 1, 20); h.settle(); h.write("a-7.log", 21, 30) },
	} {
		for _, down := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "", true: ", down"}[down], func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "*.log")
					h.write("a.log", 1, 30)
					h.start()
					h.settle()
					h.wait(time.Minute)
					h.got = nil
					if down {
						h.stop()
						write(h)
						h.start()
					} else {
						write(h)
					}
					h.settle()
					if strings.Contains(name, "shape") {
						h.write("a-7.log", 31, 32)
						h.settle()
						h.want(texts(1, 32)...)
					} else {
						h.want(texts(1, 30)...)
					}
					h.stop()
				})
			})
		}
	}
}

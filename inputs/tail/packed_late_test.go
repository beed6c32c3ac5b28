package tail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A compressed file that may not be read holds nothing up. It is named once, and
// its lines come when it may be read: late, which is said.
func TestUnreadableCompressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		var locked atomic.Bool
		locked.Store(true)
		h.before = func(call, path string) error {
			if call == "open" && filepath.Base(path) == "a.log.1.gz" && locked.Load() {
				return unix.EACCES
			}
			return nil
		}
		h.write("a.log", 1, 3)
		h.session()
		h.rename("a.log", "a.log.2")
		h.write("a.log", 4, 6)
		h.packRotated("a.log", ".gz")
		h.write("a.log", 7, 9)
		h.start()
		h.settle()
		h.wait(5 * time.Minute)
		h.write("a.log", 10, 10)
		h.settle()
		h.want(append(texts(1, 3), texts(7, 10)...)...)
		if n := h.logged("level=ERROR", "cannot read", "a.log.1.gz"); n != 1 {
			t.Errorf("%d lines about it:\n%s", n, h.log)
		}
		locked.Store(false)
		h.wait(2 * maxWait)
		h.settle()
		h.want(append(append(texts(1, 3), texts(7, 10)...), texts(4, 6)...)...)
		if s := h.in.Stats(); h.logged("read late", "a.log.1.gz") != 1 || s.Slips != 1 || len(s.Losses) != 0 {
			t.Errorf("%+v, log:\n%s", s, h.log)
		}
		h.stop()
	})
}

// A large file that was read to its end and is compressed while another is at its
// path does not hold that up, though only its beginning is looked at; whether its
// format tells how long it is, or not.
func TestLargeCompressed(t *testing.T) {
	for _, ext := range []string{".gz", ".zst", ".bz2"} {
		for _, open := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s open %v", ext, open), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					var big bytes.Buffer
					for n := 0; big.Len() < glanceMax+glanceMax/2; n++ {
						fmt.Fprintf(&big, "%d %s\n", n, strings.Repeat("x", 4000))
					}
					h.append("a.log", big.String())
					h.start()
					h.settle()
					read := len(h.got)
					h.rename("a.log", "a.log.1")
					h.write("a.log", 1, 1)
					h.settle()
					if !open {
						h.wait(time.Minute)
					}
					h.compress("a.log.1", ext)
					h.rename("a.log", "a.log.0")
					h.write("a.log", 2, 3)
					h.wait(3 * time.Second)
					h.take()
					if got := h.got[min(read, len(h.got)):]; strings.Join(got, ",") != strings.Join(texts(1, 3), ",") {
						t.Errorf("%d lines after 3 s: %.100q, log:\n%s", len(got), got, h.log)
					}
					h.settleLong()
					if len(h.got) != read+3 {
						t.Errorf("%d lines, want %d", len(h.got), read+3)
					}
					h.noLoss()
					h.stop()
				})
			})
		}
	}
}

// Numbers count upwards, and a rotated file gets a line after the next one was
// finished: that next one is no history, whatever the last writes say.
func TestLateBeforeCompressed(t *testing.T) {
	for _, packed := range []string{"a.log.1", "a.log.2", "a.log.1 a.log.2"} {
		t.Run(packed, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.write("a.log", 1, 3)
				h.session()
				h.rename("a.log", "a.log.1")
				h.write("a.log", 4, 6)
				later(12 * time.Millisecond)
				h.write("a.log.1", 7, 7)
				h.rename("a.log", "a.log.2")
				for _, name := range strings.Fields(packed) {
					h.compress(name, ".gz")
				}
				later(12 * time.Millisecond)
				h.write("a.log", 8, 9)
				h.start()
				h.settleLong()
				h.want(append(append(texts(1, 3), text(7)), append(texts(4, 6), texts(8, 9)...)...)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

// A compressed file whose name says that it is older than what was read, but that was
// written to since, is read, and not taken for history.
func TestOlderNameWrittenSince(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.rename("a.log", "a.log-20260103")
		later(12 * time.Millisecond)
		h.write("a.log", 4, 6)
		h.rename("a.log", "a.log-20260102")
		h.compress("a.log-20260103", ".gz")
		h.compress("a.log-20260102", ".gz")
		h.write("a.log", 7, 9)
		h.start()
		h.settleLong()
		slices.Sort(h.got) // what has no place in the order comes late
		h.want(texts(1, 9)...)
		if n := h.logged("level=WARN", "read late", "a.log-20260102.gz"); n != 1 {
			t.Errorf("%d lines about it:\n%s", n, h.log)
		}
		if s := h.in.Stats(); len(s.Losses) != 0 {
			t.Errorf("%+v, log:\n%s", s, h.log)
		}
		h.stop()
	})
}

// A rotated file, which was empty, gets a line long after it was rotated, and is
// compressed before that is read: the content is nobody's that is known. That tells
// nothing against the order that the other files have, which are not compressed.
func TestLateBeforeRotated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		rotate := func(names ...string) {
			for i := 0; i+1 < len(names); i += 2 {
				h.rename(names[i], names[i+1])
			}
			later(12 * time.Millisecond)
		}
		h.append("a.log", "")
		h.start()
		h.settle()
		rotate("a.log", "a.log.1")
		h.write("a.log", 1, 3)
		h.settle()
		h.write("a.log.1", 4, 4)
		h.wait(3 * time.Second)
		h.stop()
		h.compress("a.log.1", ".gz")
		rotate("a.log.1.gz", "a.log.2.gz", "a.log", "a.log.1")
		h.write("a.log", 5, 6)
		rotate("a.log.2.gz", "a.log.3.gz", "a.log.1", "a.log.2", "a.log", "a.log.1")
		h.write("a.log", 7, 7)
		h.start()
		h.settleLong()
		slices.Sort(h.got) // the late line has no place in the order
		h.want(texts(1, 7)...)
		if s := h.in.Stats(); len(s.Losses) != 0 {
			t.Errorf("%+v, log:\n%s", s, h.log)
		}
		h.stop()
	})
}

// A program goes on writing to a rotated file while that is compressed: what comes after
// the compressor has read is only in the file that was removed, which is open. The
// compressed one has the beginning of it, and is not shipped again.
func TestLateBehindCompressed(t *testing.T) {
	f := func(lines int, dir string, gap time.Duration, restart bool) {
		t.Run(fmt.Sprint(lines, " lines, ", dir, " ", gap, " ", restart), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.must(os.MkdirAll(h.path(dir), 0o755))
				h.write("a.log", 1, lines)
				h.start()
				h.settle()
				h.rename("a.log", dir+"a.log.1")
				h.append("a.log", "")
				h.wait(lookGap)
				h.compressTo(dir+"a.log.1", dir+"a.log.1.gz")
				h.wait(gap)
				fd, err := os.OpenFile(h.path(dir+"a.log.1"), os.O_WRONLY|os.O_APPEND, 0)
				h.must(err)
				defer fd.Close()
				h.remove(dir + "a.log.1")
				h.wait(gap)
				_, err = fd.WriteString(strings.Join(texts(lines+1, lines+5), "\n") + "\n")
				h.must(err)
				if restart {
					h.take()
					h.wait(lookGap)
					h.stop()
					h.start()
				}
				h.settle()
				h.write("a.log", lines+6, lines+6)
				h.settleLong()
				h.rename(dir+"a.log.1.gz", dir+"a.log.2.gz")
				h.settleLong()
				h.want(texts(1, lines+6)...)
				h.noLoss()
				h.stop()
			})
		})
	}
	for _, lines := range []int{3, 30} {
		for _, dir := range []string{"", "old/"} {
			f(lines, dir, 0, false)
			f(lines, dir, 10*lookGap, false)
			f(lines, dir, 10*lookGap, true)
		}
	}
}

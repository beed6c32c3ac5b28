package tail

import (
	"bytes"
	"fmt"
	"path/filepath"
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

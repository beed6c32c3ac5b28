package tail

import (
	"fmt"
	"os"
	"testing"
)

// A log is copied; what is written to it then is read, too; it is truncated, and the copy
// compressed, before an agent looks again. All that is in the copy was read.
func TestCompressedCopyOfLessThanWasRead(t *testing.T) {
	for i := range 2 * 3 * 2 * 3 {
		size, end, packs, more := []int{300, 12000}[i%2], i/2%3, i/6%2 > 0, i/12
		t.Run(fmt.Sprintf("%d lines end %d packs %v more %d", size, end, packs, more), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.write("a.log", 1, size)
				h.start()
				h.settle()
				copied := h.look("a.log")
				h.write("a.log", size+1, size+9)
				h.settle()
				switch end {
				case 1:
					h.stop()
				case 2:
					h.crash()
				}
				n := size + 9
				for k := range more + 1 {
					h.shift("a.log", 5)
					if k > 0 {
						h.write("a.log", n+1, n+size)
						n += size
						copied = h.look("a.log")
					}
					h.must(os.WriteFile(h.path("a.log.1"), copied, 0o644))
					h.empty("a.log")
					if packs {
						h.compress("a.log.1", ".gz")
					}
				}
				h.write("a.log", n+1, n+5)
				if end > 0 {
					h.start()
				}
				h.settleLong()
				h.want(texts(1, n+5)...)
				h.stop()
			})
		})
	}
}

// shift renames the rotated files of name, so many of them, as logrotate does.
func (h *host) shift(name string, kept int) {
	h.t.Helper()
	for i := kept; i > 0; i-- {
		for _, ext := range []string{".gz", ""} {
			if from := fmt.Sprint(name, ".", i, ext); h.exists(from) {
				h.rename(from, fmt.Sprint(name, ".", i+1, ext))
			}
		}
	}
}

package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A log is compressed to its own name with the extension behind it, and truncated, as
// gzip -c app.log > app.log.gz; : > app.log does: what is unread of it is read from
// there. The next time it is overwritten.
func TestCompressedBeside(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		for _, live := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s live %v", pattern, live), func(t *testing.T) {
				eachFormat(t, func(t *testing.T, ext string) {
					h := newHost(t, pattern)
					h.write("a.log", 1, 3)
					h.start()
					h.settle()
					n := 3
					for range 3 {
						if !live {
							h.stop()
						}
						later(12 * time.Millisecond)
						h.write("a.log", n+1, n+20)
						h.packBeside("a.log", ext)
						h.write("a.log", n+21, n+24)
						n += 24
						if !live {
							h.start()
						}
						h.settleLong()
						h.want(texts(1, n)...)
					}
					h.noLoss()
					h.stop()
					h.sessionLong()
					h.want(texts(1, n)...)
				})
			})
		}
	}
}

// The same, but it is appended to: what the log itself has not any more is not read from
// there, and counted.
func TestCompressedBesideAppended(t *testing.T) {
	for i := range 4 {
		live, fresh := i&1 != 0, i&2 != 0
		t.Run(fmt.Sprintf("live %v fresh %v", live, fresh), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				if !fresh {
					h.write("a.log.2", 101, 101)
					h.compressTo("a.log.2", "a.log.gz")
					h.remove("a.log.2")
					h.age(time.Hour, "a.log.gz")
				}
				h.write("a.log", 2, 4)
				h.start()
				h.settleLong()
				want := texts(2, 4)
				for i, unread := range []int{0, 20, 0, 20} {
					if !live {
						h.stop()
					}
					later(12 * time.Millisecond)
					n := 100 * (i + 1)
					for k := range unread {
						h.write("a.log", n+k, n+k)
					}
					before := ""
					if h.exists("a.log.gz") {
						before = h.read("a.log.gz")
					}
					h.packBeside("a.log", ".gz")
					h.must(os.WriteFile(h.path("a.log.gz"), []byte(before+h.read("a.log.gz")), 0o644))
					h.write("a.log", n+30, n+33)
					want = append(want, texts(n+30, n+33)...)
					if !live {
						h.start()
					}
					h.settleLong()
				}
				h.want(want...)
				lost := fmt.Sprintf("bytes=%d", 20*(len(text(100))+1))
				if h.logged("level=ERROR", lost) != 2 || h.logged("level=ERROR") != 2 || h.logged("level=WARN") != 0 {
					t.Errorf("want two errors with %s:\n%s", lost, h.log)
				}
				h.stop()
			})
		})
	}
}

// packBeside compresses the log beside it and truncates it.
func (h *host) packBeside(name, ext string) {
	h.t.Helper()
	h.compressTo(name, name+ext)
	h.must(os.Chtimes(h.path(name+ext), realNow(), realNow()))
	h.must(os.Truncate(h.path(name), 0))
}

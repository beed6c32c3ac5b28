package tail

import (
	"testing"
	"time"
)

// copytruncate, compressed at once, twice while the agent is down: what is
// unread of the first content is in the older copy, all of the second in the
// newer.
func TestCopyTruncateCompressedTwice(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 5)
		h.copyTruncate("a.log", "a.log.1")
		h.compress("a.log.1", ext)
		h.write("a.log", 6, 8)
		h.rename("a.log.1"+ext, "a.log.2"+ext)
		h.copyTruncate("a.log", "a.log.1")
		h.compress("a.log.1", ext)
		h.write("a.log", 9, 10)
		h.start()
		h.settleLong()
		h.want(texts(1, 10)...)
		h.noLoss()
		h.stop()
	})
}

// A path that nothing is known of comes into being and is rotated and
// compressed twice while the agent is down.
func TestUnknownPathCompressedTwice(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "*.log")
		h.write("other.log", 1, 1)
		h.session()
		h.write("a.log.2", 2, 3)
		h.compress("a.log.2", ext)
		h.write("a.log.1", 4, 5)
		h.compress("a.log.1", ext)
		h.write("a.log", 6, 7)
		h.start()
		h.settleLong()
		h.want(texts(1, 7)...)
		h.noLoss()
		h.stop()
	})
}

// A file that was read to its end is rotated, compressed and rotated again while
// the agent runs; then the same happens twice while it is down.
func TestRunningThenDown(t *testing.T) {
	eachFormat(t, func(t *testing.T, ext string) {
		h := newHost(t, "a.log")
		h.start()
		rotate := func() {
			for _, n := range []string{"3", "2", "1"} {
				if h.exists("a.log." + n + ext) {
					h.rename("a.log."+n+ext, "a.log."+n+"0"+ext)
					h.rename("a.log."+n+"0"+ext, "a.log."+string(n[0]+1)+ext)
				}
			}
			h.packRotated("a.log", ext)
		}
		h.write("a.log", 1, 3)
		h.settle()
		rotate()
		h.write("a.log", 4, 6)
		h.settle()
		h.stop()
		h.write("a.log", 7, 8)
		rotate()
		h.write("a.log", 9, 10)
		rotate()
		h.write("a.log", 11, 12)
		h.start()
		h.settleLong()
		h.want(texts(1, 12)...)
		h.noLoss()
		h.stop()
	})
}

// A compressed file that may hold what is missing is written to for a long time:
// nothing is given up meanwhile.
func TestSlowCompression(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 60)
		h.packRotated("a.log", ".gz")
		packed := h.read("a.log.1.gz")
		h.remove("a.log.1.gz")
		h.write("a.log", 61, 62)
		h.append("a.log.1.gz", packed[:1])
		h.start()
		for n := 1; n < len(packed); n += 10 {
			h.wait(3 * time.Second)
			h.take()
			h.append("a.log.1.gz", packed[n:min(n+10, len(packed))])
		}
		h.settleLong()
		h.want(texts(1, 62)...)
		h.noLoss()
		h.stop()
	})
}

// Of two rotated files of which nothing was read, the younger is compressed first: how
// long they were tells which is which, and so their order.
func TestYoungerIsCompressedFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 4)
		h.rename("a.log", "moved")
		h.write("a.log", 5, 7)
		h.rename("a.log", "a.log.1")
		later(20 * time.Millisecond)
		h.write("a.log", 8, 11)
		h.start()
		h.wait(2 * time.Second)
		h.stop()
		h.rename("a.log", "a.log.2")
		for _, name := range []string{"a.log.2", "a.log.1"} {
			h.compress(name, ".gz")
			later(20 * time.Millisecond)
		}
		h.write("a.log", 12, 12)
		h.start()
		h.settleLong()
		h.want(texts(1, 12)...)
		h.noLoss()
		h.stop()
	})
}

package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A copy breaks off in a line, and the file between it and the present one is
// compressed, and so young that somebody may be writing to it: what the line goes on
// with is looked for there, and nowhere before. The agent knows the copy already, or
// not.
func TestHalfGoesOnInCompressed(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, known %v", pattern, known), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					h.append("a.log", "1 a\n")
					h.start()
					h.take()
					h.append("a.log", "2 b\n3 ha")
					h.settle()
					if known {
						h.copyTruncate("a.log", "a.log.2")
						h.settle()
						h.stop()
					} else {
						h.stop()
						h.copyTruncate("a.log", "a.log.2")
					}
					h.append("a.log", "lf\n4 c\n5 whole l")
					h.copyTruncate("a.log", "a.log.1")
					h.compress("a.log.1", ".gz")
					h.must(os.Chtimes(h.path("a.log.1.gz"), realNow(), realNow()))
					h.append("a.log", "ine\n6 d\n")
					for range 3 { // too short to know what is in it
						h.start()
						for range 8 {
							h.take()
							h.wait(time.Second)
						}
						h.stop()
					}
					h.sessionLong()
					h.want("1 a", "2 b", "3 half", "4 c", "5 whole line", "6 d")
					h.noLoss()
				})
			})
		}
	}
}

// A short copy broke off in a line, all of which was read. It is compressed, and the
// rest of the line is truncated away, before anybody looks: the copy is known by its
// size.
func TestShortCompressedWithoutItsRest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\n2 ha")
		h.start()
		h.settle()
		h.copyTruncate("a.log", "a.log.1")
		h.settle()
		h.append("a.log", "lf\n3\n")
		h.settle()
		h.compress("a.log.1", ".gz")
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "4\n")
		h.settleLong()
		h.want(long, "2 half", "3", "4")
		h.noLoss()
		h.stop()
	})
}

// A compressed file that has more bytes than its plain form is deleted while that is read:
// it is read to its end, and nothing is said to be lost.
func TestShortPackedIsDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "1\n")
		h.start()
		h.wait(5 * time.Second) // it is known, and not read
		h.stop()
		h.packRotated("a.log", ".gz")
		h.append("a.log", "2\n")
		h.start()
		h.wait(15 * time.Second)
		h.remove("a.log.1.gz")
		h.wait(5 * time.Second)
		h.settle()
		h.want("1", "2")
		h.noLoss()
		h.stop()
	})
}

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

package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A log is rotated to another directory for the first time, several times between two
// looks, and compressed there at once.
func TestOldDirFirstRotations(t *testing.T) {
	for i := range 48 {
		pattern, open, n, next := []string{"app/a.log", "app/*.log*", "app/**"}[i%3], i/3%2 > 0, 1+i/6%4, i/24 > 0
		t.Run(fmt.Sprintf("%s open %v %d next %v", pattern, open, n, next), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.must(os.MkdirAll(h.path("app/old"), 0o755))
				h.write("app/a.log", 1, 2)
				h.start()
				h.settle()
				if open {
					h.write("app/a.log", 3, 3)
					h.wait(time.Second)
					h.take()
				} else {
					h.wait(time.Minute)
					h.write("app/a.log", 3, 3)
				}
				for k := range n {
					for i := n; i > 0; i-- {
						if from := fmt.Sprint("app/old/a.log.", i, ".gz"); h.exists(from) {
							h.rename(from, fmt.Sprint("app/old/a.log.", i+1, ".gz"))
						}
					}
					h.rename("app/a.log", "app/old/a.log.1")
					h.compress("app/old/a.log.1", ".gz")
					if k < n-1 || next {
						h.write("app/a.log", 4+k, 4+k)
					}
				}
				h.settleLong()
				if !next {
					h.write("app/a.log", 3+n, 3+n)
					h.settleLong()
				}
				h.want(texts(1, 3+n)...)
				h.noLoss()
				h.stop()
				h.sessionLong()
				h.want(texts(1, 3+n)...)
			})
		})
	}
}

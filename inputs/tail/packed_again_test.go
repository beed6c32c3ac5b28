package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A log is compressed, and decompressed while the agent looks, before it is known
// what is in the compressed file, or after that: what is at the path is empty at
// first, and is not the next log.
func TestDecompressedSlowly(t *testing.T) {
	for _, packed := range []time.Duration{0, 3 * time.Second, 15 * time.Second} {
		t.Run(fmt.Sprintf("compressed for %v", packed), func(t *testing.T) {
			eachFormat(t, func(t *testing.T, ext string) {
				const step = 600 * time.Millisecond
				h := newHost(t, "*.csv*")
				h.write("a.csv", 1, 60)
				h.start()
				h.settle()
				h.compress("a.csv", ext)
				later(12 * time.Millisecond)
				h.wait(packed)
				st, err := os.Stat(h.path("a.csv" + ext))
				h.must(err)
				plain := string(h.plain("a.csv" + ext))
				for _, part := range []string{"", plain[:2000], plain[2000:]} {
					h.append("a.csv", part)
					h.wait(step)
					h.take()
				}
				h.setTimes("a.csv", st)
				h.remove("a.csv" + ext)
				h.wait(step)
				h.write("a.csv", 61, 62)
				h.settleLong()
				h.want(texts(1, 62)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

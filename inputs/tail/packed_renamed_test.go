package tail

import (
	"fmt"
	"testing"
	"time"
)

// A file that breaks off in a line was renamed, and is compressed, or that and decompressed
// and compressed again, while its lines wait and the agent is restarted: its inode is younger
// than that of the next, but it is no copy of it, and nothing is joined to it.
func TestHalfOfRenamedIsNotJoined(t *testing.T) {
	for _, turns := range []int{0, 1, 3} {
		t.Run(fmt.Sprint(turns), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", long+"\n")
				h.session()
				h.append("a.log", "2\n3 ha")
				h.rename("a.log", "a.log.1")
				later(12 * time.Millisecond)
				h.write("a.log", 4, 6)
				for i := range turns {
					if i%2 == 0 {
						h.compress("a.log.1", ".gz")
					} else {
						h.decompress("a.log.1.gz")
					}
					h.start()
					h.wait(20 * time.Second)
					h.stop()
				}
				h.start()
				h.settleLong()
				h.want(append([]string{long, "2", "3 ha"}, texts(4, 6)...)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

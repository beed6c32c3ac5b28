package tail

import (
	"fmt"
	"testing"
	"time"
)

// A log of which not all was read is renamed, copied to the name of a rotated file and
// deleted, as logrotate's renamecopy does, several times within a moment: its copy, which
// has little more than was read, is not shipped again.
func TestBurstOfRenamedAndCopied(t *testing.T) {
	for _, pattern := range []string{"a.log", "*.log"} {
		for burst := 2; burst <= 3; burst++ {
			t.Run(fmt.Sprint(pattern, " ", burst), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					h.start()
					line, copies := 0, 0
					write := func() {
						line++
						h.write("a.log", line, line)
					}
					for range 3 {
						write()
						h.wait(time.Second)
						h.take()
						for range burst {
							write()
							h.shift("a.log", copies)
							h.rename("a.log", "a.log.tmp")
							write()
							h.append("a.log.1", string(h.plain("a.log.tmp")))
							h.remove("a.log.tmp")
							copies++
						}
						h.settleLong()
					}
					h.want(texts(1, line)...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
}

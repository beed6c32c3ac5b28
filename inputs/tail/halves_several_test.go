package tail

import (
	"strings"
	"testing"
	"time"
)

// A line breaks off at each of several copytruncates between two looks, and the
// copies are compressed or not.
func TestHalvesOfSeveralTruncations(t *testing.T) {
	x := strings.Repeat("x", 100)
	for name, c := range map[string]struct{ down, packs bool }{
		"while it is down":             {down: true},
		"while it runs":                {},
		"while it is down, compressed": {down: true, packs: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.start()
				h.append("a.log", x+"1\n")
				h.settle()
				h.append("a.log", x+"2\n"+x+"3 fi")
				if c.down {
					h.stop()
				} else {
					h.settle()
				}
				rotate := func(copies ...string) {
					for i := len(copies) - 2; i >= 0; i-- {
						h.rename(copies[i], copies[i+1])
					}
					h.copyTruncate("a.log", "a.log.1")
					h.wait(time.Millisecond)
					if c.packs {
						h.compress("a.log.1", ".gz")
					}
				}
				ext := ""
				if c.packs {
					ext = ".gz"
				}
				rotate()
				h.append("a.log", "rst\n"+x+"4\n"+x+"5 se")
				rotate("a.log.1"+ext, "a.log.2"+ext)
				h.append("a.log", "cond\n"+x+"6\n"+x+"7 th")
				rotate("a.log.1"+ext, "a.log.2"+ext, "a.log.3"+ext)
				h.append("a.log", "ird\n"+x+"8\n")
				if c.down {
					h.start()
				}
				for range 3 {
					h.settle()
					h.wait(packedQuiet + time.Second)
				}
				h.want(x+"1", x+"2", x+"3 first", x+"4", x+"5 second", x+"6", x+"7 third", x+"8")
				h.stop()
			})
		})
	}
}

package tail

import (
	"testing"
	"time"
)

// A file that nobody reads ends with half a line, is renamed for so long that
// nothing more is expected of it, and gets its name back: what is written then is
// given line by line again.
func TestHalfLineAfterReturn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\nfirst ha")
		h.start()
		h.take()
		h.rename("a.log", "old")
		h.wait(5 * time.Minute)
		h.rename("old", "a.log")
		h.wait(2 * scanEvery)
		h.append("a.log", "lf\nsecond ha")
		h.settle()
		h.append("a.log", "lf\n")
		h.settle()
		h.want(long, "first half", "second half")
		h.stop()
	})
}

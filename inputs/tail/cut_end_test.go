package tail

import (
	"os"
	"strings"
	"testing"
)

// A program that starts anew cuts off the half line that it broke off in, and
// writes less than that was long: what it writes is given without delay.
func TestHalfLineIsCutOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		text, all := numbers(1, 50)
		h.append("a.log", text+strings.Repeat("x", 500))
		h.start()
		h.settle()
		h.must(os.Truncate(h.path("a.log"), int64(len(text))))
		h.append("a.log", "one\ntwo\n")
		h.settle()
		h.want(append(all, "one", "two")...)
		if lost := h.in.Stats().Lost; len(lost) > 0 {
			t.Errorf("lost: %v", lost)
		}
		h.stop()
	})
}

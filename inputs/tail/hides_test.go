package tail

import (
	"errors"
	"testing"

	"tailrace/agent/flow"
)

// A file that hid once from a replay, and was found, gets a full scan each time
// that it hides again.
func TestHidesTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", linesOf(1, 200))
		h.start()
		var c flow.Chunk
		if !h.next(&c, readSize) {
			t.Fatal("nothing to read")
		}
		s := c.Span(0, c.Lines())
		h.j.intent(s)
		h.stop()
		h.start()
		for range 2 {
			h.rename("a.log", "../hidden.log")
			if err := h.in.Fetch(s, &c); err == nil || errors.Is(err, flow.ErrGone) {
				t.Errorf("hidden: %v", err)
			}
			h.rename("../hidden.log", "a.log")
			h.wait(scanEvery)
			if err := h.in.Fetch(s, &c); err != nil {
				t.Error(err)
			}
		}
		h.stop()
	})
}

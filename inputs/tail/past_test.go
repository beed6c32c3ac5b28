package tail

import (
	"testing"

	"tailrace/agent/flow"
)

// What was in the files when the run began is told apart from what came later,
// and is left until it was read. A last line without its newline does not wait.
func TestPast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n2\nhalf")
		h.start()
		f := h.in.Feed(h.opts.Inputs[0].Topic)
		for !f.Past().Looked {
			h.wait(tickEvery)
		}
		past := f.Past()
		if !past.Left || past.Since == 0 {
			t.Errorf("before it is read: %+v", past)
		}
		h.append("b.log", "later\n")
		h.wait(scanEvery)
		var c flow.Chunk
		for f.Next(&c, 1<<16) {
			size, born := f.Was(c.File)
			want := int64(0)
			if c.Path == h.path("a.log") {
				want = 8
			}
			if size != want || want > 0 && born != past.Since {
				t.Errorf("%s had %d bytes, born %d", c.Path, size, born)
			}
		}
		if f.Past().Left {
			t.Error("left, although all was read")
		}
		h.stop()
	})
}

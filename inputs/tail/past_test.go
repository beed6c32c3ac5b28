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
		h.append("c.log", "3\n")
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
		ids := map[string]flow.FileID{}
		for f.Next(&c, 1<<16) {
			size, born := f.Was(c.File)
			want := map[string]int64{h.path("a.log"): 8, h.path("c.log"): 2}[c.Path]
			ids[c.Path] = c.File
			if size != want || want == 8 && born != past.Since || want > 0 && born < past.Since {
				t.Errorf("%s had %d bytes, born %d", c.Path, size, born)
			}
		}
		if f.Past().Left {
			t.Error("left, although all was read")
		}
		h.wait(2 * scanMax)
		if size, _ := f.Was(ids[h.path("c.log")]); size != 0 {
			t.Error("it is remembered what a file had that was read")
		}
		if size, _ := f.Was(ids[h.path("a.log")]); size != 8 {
			t.Error("it is forgotten that half a line was there")
		}
		h.stop()
	})
}

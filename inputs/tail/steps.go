package tail

import (
	"bytes"
	"math"
	"slices"
	"sync"

	"tailrace/agent/flow"
)

// steps is places shortly below the position of a file, the highest first, by
// which it is known again when it has lost its end: the last line ends, and
// further back so few that at most three times as much is repeated as was cut
// off. The journal's ladder goes on where they end; after a restart it is alone.
type steps [8]step

// step is the end of a record: how many bytes below the position it is, 0 in one
// that is not used, and the Tail of the mark there.
type step struct{ back, tail uint32 }

// stepsAll is how many of the last line ends are all kept.
const stepsAll = 4

// noteSteps keeps places below the position, up to which c was just read from
// before. The caller holds mu.
func (f *file) noteSteps(c *flow.Chunk, before position) {
	if f.joined > 0 || f.z != nil {
		f.below = nil // its offsets are not those of its bytes, or it cannot be cut
		return
	}
	var room [32]step
	all := room[:0]
	add := func(off int64, tail uint64) {
		if back := f.pos.off - off; off > 0 && back > 0 && back <= math.MaxUint32 {
			all = append(all, step{uint32(back), uint32(tail)})
		}
	}
	for k := 1; k < c.Lines(); k += max(1, k&^(stepsAll-1)) {
		n := c.Lines() - k
		if c.Reading != 0 && c.Records[n-1].Part != 0 {
			continue
		}
		end := c.LineStart(n)
		m := flow.Mark{PrefixLen: flow.PrefixMax}
		m.Extend(c.Lead, c.Data[:end])
		add(c.Start+int64(end), m.Tail)
	}
	if before.mark.Part == 0 && before.mark.Window == flow.TailMax {
		add(before.off, before.mark.Tail)
	}
	if f.below != nil {
		for _, s := range f.below {
			if s.back > 0 {
				add(before.off-int64(s.back), uint64(s.tail))
			}
		}
	}
	f.keepSteps(all)
}

// stepsWithin is how many bytes below the position are searched for steps.
const stepsWithin = 8 << 10

// scraps is memory for such a search.
var scraps = sync.Pool{New: func() any { return &flow.Chunk{Buf: make([]byte, flow.TailMax+stepsWithin)} }}

// findSteps finds the steps of an open file whose content was compared, if it has
// none: it is known from the run before, or was cut. Of what is not cut into lines
// none are found. The caller holds mu.
func (f *file) findSteps() {
	if f.below != nil || f.rec != nil || f.joined > 0 || f.z != nil || f.pos.off == 0 || f.pos.mark.Part != 0 {
		return
	}
	c := scraps.Get().(*flow.Chunk)
	defer scraps.Put(c)
	p := c.Buf[:min(f.pos.off, int64(len(c.Buf)))]
	from := f.pos.off - int64(len(p))
	if n, err := f.content().pread(p, from); err != nil || n < len(p) {
		return
	}
	lead := 0
	if from > 0 {
		lead = flow.TailMax + bytes.IndexByte(p[flow.TailMax:], '\n') + 1
	}
	c.Lead, c.Data, c.Start = p[:lead], p[lead:], from+int64(lead)
	c.Split()
	f.noteSteps(c, position{})
}

// keepSteps keeps those of all, which are in descending order, that are needed.
func (f *file) keepSteps(all []step) {
	for i := len(all) - 2; i >= stepsAll; i-- {
		if above := all[i-1].back; all[i+1].back-above <= 3*above {
			all = slices.Delete(all, i, i+1)
		}
	}
	if len(all) == 0 {
		f.below = nil
		return
	}
	if f.below == nil {
		f.below = new(steps)
	}
	clear(f.below[copy(f.below[:], all):])
}

// lowerSteps drops the steps that are not below the position any more, which was
// set back by so many bytes. The caller holds mu.
func (f *file) lowerSteps(by int64) {
	if f.below == nil {
		return
	}
	all := make([]step, 0, len(f.below))
	for _, s := range f.below {
		if int64(s.back) > by {
			all = append(all, step{s.back - uint32(by), s.tail})
		}
	}
	f.keepSteps(all)
}

// placesBelow is the places below the position that are kept. The caller holds mu.
func (f *file) placesBelow() (out []position) {
	if f.below == nil {
		return nil
	}
	for _, s := range f.below {
		if off := f.pos.off - int64(s.back); s.back > 0 && off > 0 {
			out = append(out, f.placeAt(off, s.tail))
		}
	}
	return out
}

// placeAt is a place by its Tail. Where that covers all bytes before it no other
// prefix is needed: that of the position may be longer.
func (f *file) placeAt(off int64, tail uint32) position {
	m := flow.Mark{Tail: uint64(tail), Window: flow.TailMax}
	if off >= flow.PrefixMax {
		m.PrefixLen, m.Prefix = f.pos.mark.PrefixLen, f.pos.mark.Prefix
	}
	return position{off: off, mark: m}
}

package content

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"sync"

	"tailrace/agent/flow"
)

// Steps is places shortly below the position of a file, the highest first, by which
// it is known again when it has lost its end: the last line ends, and further back so
// few that at most three times as much is repeated as was cut off. The journal's ladder
// goes on where they end; after a restart it is alone. nil: none are kept. Each file
// that is read has them, so they are small.
type Steps [8]step

// step is the end of a record: how many bytes below the position it is, 0 in one
// that is not used, and the Tail of the mark there.
type step struct{ back, tail uint32 }

// stepsAll is how many of the last line ends are all kept.
const stepsAll = 4

// Note keeps places below at, up to which c was just read from off, where the mark
// was m. It may reuse s.
func (s *Steps) Note(c *flow.Chunk, at, off int64, m flow.Mark) *Steps {
	var room [32]step
	all := room[:0]
	add := func(off int64, tail uint64) {
		if back := at - off; off > 0 && back > 0 && back <= math.MaxUint32 {
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
	if m.Part == 0 && m.Window == flow.TailMax {
		add(off, m.Tail)
	}
	for at, tail := range s.Below(off) {
		add(at, uint64(tail))
	}
	return s.keep(all)
}

// stepsWithin is how many bytes below the position are searched for steps.
const stepsWithin = 8 << 10

// scraps is memory for such a search.
var scraps = sync.Pool{New: func() any { return &flow.Chunk{Buf: make([]byte, flow.TailMax+stepsWithin)} }}

// StepsBelow finds the steps below off, where a line ends and m marks the content; nil
// when that is another by now.
func (c Content) StepsBelow(off int64, m flow.Mark) *Steps {
	k := scraps.Get().(*flow.Chunk)
	defer scraps.Put(k)
	p := k.Buf[:min(off, int64(len(k.Buf)))]
	from := off - int64(len(p))
	if n, err := c.Pread(p, from); err != nil || n < len(p) || !m.Follows(p[len(p)-LeadLen(off):]) {
		return nil
	}
	lead := 0
	if from > 0 {
		lead = flow.TailMax + bytes.IndexByte(p[flow.TailMax:], '\n') + 1
	}
	k.Lead, k.Data, k.Start = p[:lead], p[lead:], from+int64(lead)
	k.Split()
	return (*Steps)(nil).Note(k, off, 0, flow.Mark{})
}

// keep keeps those of all, which are in descending order, that are needed.
func (s *Steps) keep(all []step) *Steps {
	for i := len(all) - 2; i >= stepsAll; i-- {
		if above := all[i-1].back; all[i+1].back-above <= 3*above {
			all = slices.Delete(all, i, i+1)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if s == nil {
		s = new(Steps)
	}
	clear(s[copy(s[:], all):])
	return s
}

// Lower drops the steps that are not below the position any more, which was set
// back by so many bytes.
func (s *Steps) Lower(by int64) *Steps {
	if s == nil {
		return nil
	}
	all := make([]step, 0, len(s))
	for _, step := range s {
		if int64(step.back) > by {
			step.back -= uint32(by)
			all = append(all, step)
		}
	}
	return s.keep(all)
}

// Below is the offsets of the steps below the position, which is at, and the Tail of
// the mark at each.
func (s *Steps) Below(at int64) iter.Seq2[int64, uint32] {
	return func(yield func(int64, uint32) bool) {
		if s == nil {
			return
		}
		for _, step := range s {
			if off := at - int64(step.back); step.back > 0 && off > 0 && !yield(off, step.tail) {
				return
			}
		}
	}
}

package tail

import (
	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
	"tailrace/inputs/tail/turns"
)

// A feed is the files of one queue that one lane ships, with something to read. It is
// a flow.Feed, and for that lane.
type feed struct {
	*turns.Row[*file]
	q      *queue
	back   position // of the file that Next filled last, before that
	cutter record.Cutter
}

// Next implements flow.Feed.
func (s *feed) Next(c *flow.Chunk, max int) bool {
	in := s.q.in
	for left := 0; left < skipMax; {
		f := s.Take()
		if f == nil {
			return false
		}
		c.Form = f.form
		f.mu.Lock()
		if f.size-f.pos.off > turns.QuantumMin && s.Yields() {
			f.mu.Unlock()
			s.Put(f, false, true)
			continue
		}
		r, err := f.readOpen(s, c, max)
		more := (r == filled || r == skipped) && f.unread()
		f.spare()
		f.mu.Unlock()
		s.Put(f, r == filled, more)
		switch {
		case r == other || r == broken:
			in.report(f, err)
		case !more:
			in.cooled(f)
		}
		if r == filled {
			in.stats.read.Add(int64(len(c.Data)))
			in.stats.records.Add(int64(c.Lines()))
			return true
		}
		if r == skipped {
			left += len(c.Data)
		}
	}
	s.TellMore()
	return false
}

// readOpen reads the file for s, opening it first if need be.
func (f *file) readOpen(s *feed, c *flow.Chunk, max int) (result, error) {
	if f.doubt != 0 {
		return nothing, nil
	}
	if err := f.open(); err != nil {
		return broken, err
	}
	return f.read(s, c, min(max, s.Quantum(readSize)))
}

// Unread implements flow.Feed.
func (s *feed) Unread(c *flow.Chunk, n int) {
	f := s.Last()
	if f == nil || f.id != c.File || n >= c.Lines() {
		return
	}
	f.mu.Lock()
	f.unreadFrom(s, c, n)
	f.mu.Unlock()
	s.q.add(f)
}

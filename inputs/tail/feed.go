package tail

import (
	"sync"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
)

// A shard is the files of one queue that one lane ships, with something to read.
// It is a flow.Feed.
type shard struct {
	q      *queue
	number int32
	wake   chan struct{} // buffer of one

	// q.mu guards these.
	ready   turns
	reading *file      // taken out by Next, which is at work
	last    *file      // what Next filled last: it may be unread
	idle    *sync.Cond // reading became nil

	// Next and Unread have these to themselves.
	back   position // of last, before that
	cutter record.Cutter
}

// Wake implements flow.Feed.
func (s *shard) Wake() <-chan struct{} { return s.wake }

// Next implements flow.Feed.
func (s *shard) Next(c *flow.Chunk, max int) bool {
	in := s.q.in
	for left := 0; left < skipMax; {
		f := s.take()
		if f == nil {
			return false
		}
		c.Form = f.form
		f.mu.Lock()
		if f.size-f.pos.off > quantumMin && s.yields() {
			f.mu.Unlock()
			s.put(f, false, true)
			continue
		}
		r, err := f.readOpen(c, max)
		more := (r == filled || r == skipped) && f.unread()
		f.spare()
		f.mu.Unlock()
		s.put(f, r == filled, more)
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
	return false // Wake tells, since there is more
}

// readOpen reads the file, opening it first if need be.
func (f *file) readOpen(c *flow.Chunk, max int) (result, error) {
	if f.inDoubt() {
		return nothing, nil
	}
	if err := f.open(); err != nil {
		return broken, err
	}
	return f.read(c, min(max, f.shard.quantum()))
}

// yields says that the file whose turn it is, which has more than a quantum,
// gives its turn away.
func (s *shard) yields() bool {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	return s.ready.yield()
}

// quantum is how many bytes the file that is read now gives.
func (s *shard) quantum() int {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	return s.ready.quantum()
}

// take takes the next file out. What was filled before can no longer be unread.
func (s *shard) take() *file {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	s.last = nil
	if s.q.closed || s.ready.len() == 0 {
		return nil
	}
	f := s.ready.next()
	f.queued = false
	s.reading = f
	return f
}

// put ends what take began.
func (s *shard) put(f *file, filled, more bool) {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	s.reading = nil
	s.idle.Broadcast()
	if filled {
		s.last = f
	}
	if more && !f.queued {
		s.ready.backlog.push(f)
		s.queued(f)
	}
}

// queued notes that f is ready. The caller holds q.mu.
func (s *shard) queued(f *file) {
	f.queued = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Unread implements flow.Feed.
func (s *shard) Unread(c *flow.Chunk, n int) {
	s.q.mu.Lock()
	f := s.last
	s.q.mu.Unlock()
	if f == nil || f.id != c.File || n >= c.Lines() {
		return
	}
	f.mu.Lock()
	f.unreadFrom(c, n)
	f.mu.Unlock()
	s.q.add(f)
}

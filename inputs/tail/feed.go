package tail

import (
	"sync"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
)

// A queue is the files of one topic that have something to read. It is the
// topic's flow.Feed.
type queue struct {
	in    *Input
	topic string
	wake  chan struct{} // buffer of one

	mu      sync.Mutex
	ready   turns
	reading *file         // taken out by Next, which is at work
	last    *file         // what Next filled last: it may be unread
	back    position      // of last, before that; belongs to Next and Unread
	cutter  record.Cutter // belongs to Next and Unread
	closed  bool          // Run has ended: nothing is read any more
	idle    *sync.Cond    // reading became nil
}

func newQueue(in *Input, topic string) *queue {
	q := &queue{in: in, topic: topic, wake: make(chan struct{}, 1)}
	q.idle = sync.NewCond(&q.mu)
	return q
}

// Wake implements flow.Feed.
func (q *queue) Wake() <-chan struct{} { return q.wake }

// Next implements flow.Feed.
func (q *queue) Next(c *flow.Chunk, max int) bool {
	for left := 0; left < skipMax; {
		f := q.take()
		if f == nil {
			return false
		}
		f.mu.Lock()
		r, err := f.readOpen(c, max)
		more := (r == filled || r == skipped) && f.unread()
		f.spare()
		f.mu.Unlock()
		q.put(f, r == filled, more)
		switch {
		case r == other || r == broken:
			q.in.report(f, err)
		case !more:
			q.in.cooled(f)
		}
		if r == filled {
			q.in.stats.read.Add(int64(len(c.Data)))
			q.in.stats.records.Add(int64(c.Lines()))
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
	return f.read(c, min(max, f.queue.quantum()))
}

// quantum is how many bytes the file that is read now gives.
func (q *queue) quantum() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ready.quantum()
}

// take takes the next file out of the queue. What was filled before can no
// longer be unread.
func (q *queue) take() *file {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = nil
	if q.closed || q.ready.len() == 0 {
		return nil
	}
	f := q.ready.next()
	f.queued = false
	q.reading = f
	return f
}

// put ends what take began.
func (q *queue) put(f *file, filled, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reading = nil
	q.idle.Broadcast()
	if filled {
		q.last = f
	}
	if more && !f.queued {
		q.ready.backlog.push(f)
		q.queued(f)
	}
}

// queued notes that f is ready. The caller holds mu.
func (q *queue) queued(f *file) {
	f.queued = true
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// add makes f ready.
func (q *queue) add(f *file) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !f.queued && !q.closed {
		q.ready.fresh.push(f)
		q.queued(f)
	}
}

// remove takes f out of the ready files.
func (q *queue) remove(f *file) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if f.queued {
		f.queued = false
		q.ready.remove(f)
	}
}

// busy says that f is ready, being read, or may be unread.
func (q *queue) busy(f *file) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return f.queued || q.reading == f || q.last == f
}

// Unread implements flow.Feed.
func (q *queue) Unread(c *flow.Chunk, n int) {
	q.mu.Lock()
	f := q.last
	q.mu.Unlock()
	if f == nil || f.id != c.File || n >= c.Lines() {
		return
	}
	f.mu.Lock()
	f.unreadFrom(c, n)
	f.mu.Unlock()
	q.add(f)
}

// close ends the feed, waiting for a Next that is at work.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for q.reading != nil {
		q.idle.Wait()
	}
}

package turns

import (
	"sync"

	"tailrace/agent/flow"
)

// File is what a Queue hands out.
type File interface {
	comparable
	Form() *flow.Form // tells with which others it is read
	Seat() *Seat
}

// Seat is where a File is in its Queue, which alone uses it. The zero value is nowhere.
type Seat struct {
	number int32  // of its row
	round  uint16 // in which it got that
	waits  bool
}

// Queue is the files of a topic that have something to read, shared out among rows by
// their forms. It does what flow.Topic says of Share, Feed and Rest. It is safe for any
// goroutine.
type Queue[F File] struct {
	feed func(*Row[F]) flow.Feed

	mu     sync.Mutex
	number func(*flow.Form) int32 // nil before Share
	open   func(int32, flow.Feed) // as Share was given it
	rows   map[int32]*Row[F]      // by the number of the forms
	early  FIFO[F]                // ready before Share
	round  uint16                 // how often Rest was called, and once more
	closed bool                   // nothing is read any more
}

// NewQueue is an empty queue. feed makes what reads the files of a row.
func NewQueue[F File](feed func(*Row[F]) flow.Feed) *Queue[F] {
	return &Queue[F]{feed: feed, rows: map[int32]*Row[F]{}, round: 1}
}

// Share implements flow.Topic.
func (q *Queue[F]) Share(number func(*flow.Form) int32, open func(number int32, f flow.Feed)) {
	q.mu.Lock()
	q.number, q.open = number, open
	var fresh []*Row[F]
	var none F
	for f := q.early.Pop(); f != none; f = q.early.Pop() {
		fresh = append(fresh, q.push(f)...)
	}
	q.mu.Unlock()
	opened(fresh, open)
}

// Feed implements flow.Topic.
func (q *Queue[F]) Feed(number int32) flow.Feed {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, _ := q.row(number)
	return r.feed
}

// row is the one with that number, and whether it is new. The caller holds mu.
func (q *Queue[F]) row(number int32) (r *Row[F], fresh bool) {
	r = q.rows[number]
	if r == nil {
		r = &Row[F]{q: q, number: number, wake: make(chan struct{}, 1), idle: sync.NewCond(&q.mu)}
		r.feed = q.feed(r)
		q.rows[number], fresh = r, true
	}
	return r, fresh
}

// rowOf is the row that f is in, or was in last; nil: none yet. The caller holds mu.
func (q *Queue[F]) rowOf(f F) *Row[F] {
	if s := f.Seat(); s.round == q.round {
		return q.rows[s.number]
	}
	return nil
}

// Add makes f ready. It reports whether nobody has called Share.
func (q *Queue[F]) Add(f F) (asleep bool) {
	q.mu.Lock()
	var fresh []*Row[F]
	if !f.Seat().waits && !q.closed {
		fresh = q.push(f)
	}
	asleep, open := q.number == nil, q.open
	q.mu.Unlock()
	opened(fresh, open)
	return asleep
}

// push makes f ready, and gives the row that it opened, if any. The caller holds mu.
func (q *Queue[F]) push(f F) (fresh []*Row[F]) {
	if q.number == nil {
		f.Seat().waits = true
		q.early.Push(f)
		return nil
	}
	r := q.rowOf(f)
	if r == nil {
		var opened bool
		if r, opened = q.row(q.number(f.Form())); opened {
			fresh = []*Row[F]{r}
		}
		*f.Seat() = Seat{number: r.number, round: q.round}
	}
	r.ready.Fresh(f)
	r.queued(f)
	return fresh
}

// opened tells of rows that have got their first lines. No lock is held: by now Rest
// may have taken their files back, and then nobody reads them.
func opened[F File](fresh []*Row[F], open func(int32, flow.Feed)) {
	for _, r := range fresh {
		open(r.number, r.feed)
	}
}

// Rest takes the files from all rows, as flow.Topic says, and calls untake before
// anything else can become ready: a file is ready either before that, and then left
// says so, or after it, and Add reports that nobody has called Share.
func (q *Queue[F]) Rest(untake func()) (left bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var none F
	for _, r := range q.rows {
		for f := r.ready.Next(); f != none; f = r.ready.Next() {
			q.early.Push(f)
		}
	}
	clear(q.rows)
	q.number, q.open = nil, nil
	q.round = max(1, q.round+1) // 0 is that of no file
	untake()
	return q.early.Len() > 0
}

// Remove takes f out of the ready files.
func (q *Queue[F]) Remove(f F) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := f.Seat()
	if !s.waits {
		return
	}
	s.waits = false
	if r := q.rowOf(f); r != nil {
		r.ready.Remove(f)
	} else {
		q.early.Remove(f)
	}
}

// Waits says that f is ready.
func (q *Queue[F]) Waits(f F) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return f.Seat().waits
}

// Busy says that f is ready, being read, or may be unread.
func (q *Queue[F]) Busy(f F) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.rowOf(f)
	return f.Seat().waits || r != nil && (r.reading == f || r.last == f)
}

// Close ends the rows, waiting for whoever reads what Take gave.
func (q *Queue[F]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	var none F
	for _, r := range q.rows {
		for r.reading != none {
			r.idle.Wait()
		}
	}
}

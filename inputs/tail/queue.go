package tail

import (
	"sync"
	"sync/atomic"
	"time"

	"tailrace/agent/flow"
)

// A queue is the files of one topic of one output that have something to read,
// shared out by their forms. It is a flow.Topic.
type queue struct {
	in            *Input
	output, topic string
	fixed         bool        // an input has it in its configuration: it is always wanted
	unwanted      atomic.Bool // as of the last full scan
	taken         bool        // the output has it, or gets it; also where none ever does. in.mu guards it

	mu     sync.Mutex
	number func(*flow.Form) int32 // nil before Share
	open   func(int32, flow.Feed) // as Share was given it
	shards map[int32]*shard       // by the number of the forms
	early  fifo                   // ready before Share
	closed bool                   // Run has ended: nothing is read any more
}

func newQueue(in *Input, output, topic string) *queue {
	return &queue{in: in, output: output, topic: topic, shards: map[int32]*shard{}}
}

// Name implements flow.Topic.
func (q *queue) Name() string { return q.topic }

// Share implements flow.Topic.
func (q *queue) Share(number func(*flow.Form) int32, open func(number int32, f flow.Feed)) {
	q.mu.Lock()
	q.number, q.open = number, open
	var fresh []*shard
	for f := q.early.pop(); f != nil; f = q.early.pop() {
		fresh = append(fresh, q.push(f)...)
	}
	q.mu.Unlock()
	opened(fresh, open)
}

// Feed implements flow.Topic.
func (q *queue) Feed(number int32) flow.Feed {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, _ := q.shard(number)
	return s
}

// Form implements flow.Topic.
func (q *queue) Form(id flow.FileID) *flow.Form {
	q.in.mu.Lock()
	f := q.in.files[id]
	q.in.mu.Unlock()
	if f == nil || f.queue != q {
		return nil
	}
	return f.form
}

// shard is the one with that number, and whether it is new. The caller holds mu.
func (q *queue) shard(number int32) (s *shard, fresh bool) {
	s = q.shards[number]
	if s == nil {
		s = &shard{q: q, number: number, wake: make(chan struct{}, 1), idle: sync.NewCond(&q.mu)}
		q.shards[number], fresh = s, true
	}
	return s, fresh
}

// add makes f ready.
func (q *queue) add(f *file) {
	q.mu.Lock()
	var fresh []*shard
	if !f.queued && !q.closed {
		fresh = q.push(f)
	}
	asleep, open := q.number == nil, q.open
	q.mu.Unlock()
	opened(fresh, open)
	if asleep {
		q.in.offer(q)
	}
}

// push makes f ready, and gives the shard that it opened, if any. The caller
// holds mu.
func (q *queue) push(f *file) (fresh []*shard) {
	if q.number == nil {
		f.queued = true
		q.early.push(f)
		return nil
	}
	if f.shard == nil {
		s, opened := q.shard(q.number(f.form))
		if f.shard = s; opened {
			fresh = []*shard{s}
		}
	}
	f.shard.ready.fresh.push(f)
	f.shard.queued(f)
	return fresh
}

// opened tells of shards that have got their first lines. No lock is held: by now
// Rest may have taken their files back, and then nobody reads them.
func opened(fresh []*shard, open func(int32, flow.Feed)) {
	for _, s := range fresh {
		open(s.number, s)
	}
}

// restAfter is how long a topic is kept ready when all is read and acked that
// leads there: the next file may come soon.
const restAfter = time.Hour

// Wanted implements flow.Topic.
func (q *queue) Wanted() bool { return !q.unwanted.Load() }

// Rest implements flow.Topic. It holds both locks for all that it changes: a file
// that becomes ready meanwhile is ready either before, and goes to early, or after,
// and brings the topic back.
func (q *queue) Rest() {
	q.mu.Lock()
	for _, s := range q.shards {
		for f := s.ready.next(); f != nil; f = s.ready.next() {
			q.early.push(f)
		}
	}
	clear(q.shards)
	q.number, q.open = nil, nil
	q.in.mu.Lock()
	q.taken = false
	for _, f := range q.in.files {
		if f.queue == q {
			f.shard = nil
		}
	}
	q.in.mu.Unlock()
	left := q.early.len() > 0
	q.mu.Unlock()
	if left {
		q.in.offer(q)
	}
}

// findUnwanted finds the topics that are not wanted: to which no file leads that is
// followed, or of which not all is acked, or that was done a moment ago.
func (in *Input) findUnwanted() {
	wanted := map[*queue]bool{}
	for _, f := range in.files {
		if !f.queue.fixed && !wanted[f.queue] && (f.state != done || time.Since(f.since) < restAfter || in.unacked(f)) {
			wanted[f.queue] = true
		}
	}
	for _, q := range in.queues {
		q.unwanted.Store(!q.fixed && !wanted[q])
	}
}

// remove takes f out of the ready files.
func (q *queue) remove(f *file) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !f.queued {
		return
	}
	if f.queued = false; f.shard == nil {
		q.early.remove(f)
	} else {
		f.shard.ready.remove(f)
	}
}

// busy says that f is ready, being read, or may be unread.
func (q *queue) busy(f *file) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return f.queued || f.shard != nil && (f.shard.reading == f || f.shard.last == f)
}

// close ends the feeds, waiting for each Next that is at work.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, s := range q.shards {
		for s.reading != nil {
			s.idle.Wait()
		}
	}
}

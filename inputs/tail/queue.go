package tail

import (
	"sync"

	"tailrace/agent/flow"
)

// A queue is the files of one topic of one output that have something to read,
// shared out by their forms. It is a flow.Topic.
type queue struct {
	in            *Input
	output, topic string

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
	q.opened(fresh)
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
	q.mu.Unlock()
	q.opened(fresh)
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

// opened tells of shards that have got their first lines.
func (q *queue) opened(fresh []*shard) {
	for _, s := range fresh {
		q.open(s.number, s)
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

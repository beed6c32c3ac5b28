package tail

import (
	"sync/atomic"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/turns"
)

// A queue is the files of one topic of one output that have something to read. It is
// a flow.Topic.
type queue struct {
	*turns.Queue[*file]
	in            *Input
	output, topic string
	fixed         bool        // an input has it in its configuration: it is always wanted
	unwanted      atomic.Bool // as of the last full scan
	taken         bool        // the output has it, or gets it; also where none ever does. in.mu guards it
}

func newQueue(in *Input, output, topic string) *queue {
	q := &queue{in: in, output: output, topic: topic}
	q.Queue = turns.NewQueue(func(r *turns.Row[*file]) flow.Feed { return &feed{Row: r, q: q} })
	return q
}

// Seat and Form are what the queue wants to know of f.
func (f *file) Seat() *turns.Seat { return &f.seat }
func (f *file) Form() *flow.Form  { return f.form }

// Name implements flow.Topic.
func (q *queue) Name() string { return q.topic }

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

// add makes f ready.
func (q *queue) add(f *file) {
	if q.Add(f) {
		q.in.offer(q)
	}
}

// restAfter is how long a topic is kept ready when all is read and acked that
// leads there: the next file may come soon.
const restAfter = time.Hour

// Wanted implements flow.Topic.
func (q *queue) Wanted() bool { return !q.unwanted.Load() }

// Rest implements flow.Topic.
func (q *queue) Rest() {
	left := q.Queue.Rest(func() {
		q.in.mu.Lock()
		q.taken = false
		q.in.mu.Unlock()
	})
	if left {
		q.in.offer(q)
	}
}

// findUnwanted finds the topics that are not wanted: to which no file leads that is
// followed, or of which not all is acked, or that was done a moment ago. One that no
// known file leads to any more is forgotten once no output has it.
func (in *Input) findUnwanted() {
	wanted := map[*queue]bool{} // false: a file leads there
	for _, f := range in.files {
		if !f.queue.fixed && !wanted[f.queue] {
			wanted[f.queue] = f.state != done || f.since.ago() < restAfter || in.unacked(f)
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for at, q := range in.queues {
		q.unwanted.Store(!q.fixed && !wanted[q])
		if _, known := wanted[q]; !known && !q.fixed && !q.taken {
			delete(in.queues, at)
		}
	}
}

// destination is where lines go.
type destination struct{ output, topic string }

// queue is that of a topic.
func (in *Input) queue(output, topic string) *queue {
	at := destination{output, topic}
	in.mu.Lock()
	defer in.mu.Unlock()
	q := in.queues[at]
	if q == nil {
		q = newQueue(in, output, topic)
		in.queues[at] = q
	}
	return q
}

// offer gives q to its output, which may have it already.
func (in *Input) offer(q *queue) {
	in.mu.Lock()
	var taker func(flow.Topic)
	if !q.taken {
		q.taken, taker = true, in.takers[q.output]
	}
	in.mu.Unlock()
	if taker != nil {
		taker(q)
	}
}

// Take implements flow.Source.
func (in *Input) Take(output string, open func(flow.Topic)) {
	var there []*queue
	in.mu.Lock()
	in.takers[output] = open
	for at, q := range in.queues {
		if at.output == output && q.taken {
			there = append(there, q)
		}
	}
	in.mu.Unlock()
	for _, q := range there {
		open(q)
	}
}

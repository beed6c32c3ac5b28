package kafka

import (
	"context"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/lane"
)

// learnLimit asks how large a batch of the topic may be.
func (d *driver) learnLimit(ctx context.Context) {
	if n := d.topicLimit(ctx); n > 0 {
		d.limit = min(d.limit, n)
	}
}

// topicLimit is the topic's max.message.bytes, 0 when the brokers do not say.
func (d *driver) topicLimit(ctx context.Context) int {
	n, _ := await(ctx, d.pulse, func() int { return d.cluster.maxMessageBytes(d.lane.Topic) })
	return n
}

// pull makes batches of new lines while there are some, the machine has room
// and the budget allows.
func (d *driver) pull() {
	if !d.mayPull() {
		return
	}
	for d.eager && d.hard.Err() == nil && d.machine.Room() {
		b := d.read()
		if b == nil {
			d.pass()
			return
		}
		offered := d.bind(b)
		d.queue = append(d.queue, lane.Offer{Batch: offered.Batch, Count: b.Count})
		d.settle()
		d.finish(b) // when the machine did not number it yet
		if d.turn != nil {
			d.holds = b
			d.handOn()
			return
		}
	}
}

// mayPull says whether lines may be taken now. Where several lanes share a feed,
// that is for the one whose turn it is.
func (d *driver) mayPull() bool {
	if d.turn == nil {
		return true
	}
	if d.handOn(); d.holds != nil {
		return false
	}
	d.turn.set(d.machine.Room())
	return d.turn.begin()
}

// handOn lets another lane take lines, once the journal tells of those that this
// one has taken.
func (d *driver) handOn() {
	if d.holds != nil && d.holds.numbered && d.hard.Err() == nil {
		d.holds = nil
		d.turn.end(true)
	}
}

// pass lets another lane take lines: there are none now, or no memory for them.
func (d *driver) pass() {
	switch {
	case d.turn == nil:
	case d.eager:
		d.turn.set(false) // until something happens here
	default:
		d.turn.end(false)
	}
}

// read makes one batch of what there is to read. It is nil when there is
// nothing, or no memory for it until something is acked.
func (d *driver) read() *batch {
	cost := int64(d.limit)
	if len(d.batches) == 0 {
		d.Budget.Take(cost) // or nothing would ever move
	} else if !d.Budget.Try(cost) {
		return nil
	}
	b := &batch{cost: cost}
	b.Lane, b.Time, b.Codec = d.lane.ID, d.millis(), d.codec.String()
	select {
	case b.encoder = <-d.encoders:
	case <-d.hard.Done():
		d.Budget.Release(cost)
		return nil
	}
	b.encoder.Begin([]byte(d.lane.Key), d.codec, d.limit, b.Time)
	b.Spans, b.counts = d.fill(b.encoder, b.Time)
	b.Count, b.Newest = b.encoder.Count(), b.encoder.Newest()
	d.brisk = b.Count >= briskLines
	if b.Count == 0 {
		d.returnEncoder(b)
		d.Budget.Release(cost)
		return nil
	}
	return b
}

// fill reads lines into the encoder until the batch is full, or there are no
// more now. It gives their spans, and how many records each is.
func (d *driver) fill(e *encoder, millis int64) (spans []flow.Span, counts []int) {
	c := &e.chunk
	c.Time = millis
	ended := false // the last span ends with a newline
	for room := e.Room(); room > 0; room = e.Room() {
		if !d.feed.Next(c, d.atOnce(room)) {
			d.eager = false
			break
		}
		if d.found != nil && !d.fresh(c, e.Count() > 0) {
			break
		}
		n := e.Add(c, 0)
		if n > 0 {
			data := c.Data[:c.LineStart(n)]
			s, last := c.Span(0, n), len(spans)-1
			// What comes behind a line without a newline is another line,
			// which a joined span would not tell.
			if !ended || !spans[last].Join(s, data) {
				spans, counts = append(spans, s), append(counts, 0)
			}
			counts[len(counts)-1] += n
			ended = data[len(data)-1] == '\n'
		}
		if n < c.Lines() {
			d.feed.Unread(c, n)
			break
		}
	}
	return spans, counts
}

// finish closes the batch's records under the numbers that it has, and lets
// the encoder go.
func (d *driver) finish(b *batch) {
	if b.encoder == nil {
		return
	}
	b.bytes = b.encoder.FinishIn(d.spareBytes(), b.PID, b.Epoch, b.First)
	d.returnEncoder(b)
	d.pay(b)
}

// spareBytes is the memory of a batch that was acked, if any is left. Without
// it the garbage collector would take a tenth of the agent's CPU.
func (o *Output) spareBytes() []byte {
	select {
	case p := <-o.spare:
		return p
	default:
		return nil
	}
}

// reuse leaves the memory of a batch for the next ones.
func (o *Output) reuse(p []byte) {
	select {
	case o.spare <- p:
	default:
	}
}

// pay sets what the batch takes of the budget to what it has.
func (d *driver) pay(b *batch) {
	n := int64(len(b.bytes.Bytes))
	d.Budget.Take(n - b.cost)
	b.cost = n
}

func (d *driver) returnEncoder(b *batch) {
	if b.encoder != nil {
		d.encoders <- b.encoder
		b.encoder = nil
	}
}

// number binds a batch to its numbers, in its bytes too where there are any.
func (d *driver) number(b *batch, pid int64, epoch int16, first int32) journal.Intent {
	b.PID, b.Epoch, b.First, b.numbered = pid, epoch, first, true
	if b.encoder != nil {
		d.finish(b)
	} else if len(b.bytes.Bytes) > 0 {
		b.bytes.Renumber(pid, epoch, first)
	}
	return b.Intent
}

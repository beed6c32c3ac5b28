package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

const (
	// parcelBytes is how many bytes are read for one parcel.
	parcelBytes = 256 << 10
	// parcels is how many parcels of a partition are under way at most.
	parcels = 8
)

// atLeastOnce ships a partition at least once: for brokers and services that have no
// idempotent producers. sarama's AsyncProducer sends; what is asked for here is
// that acks have no holes. The records of a parcel are acked when those of all
// parcels before it are; after a crash the lines from there on are sent again.
//
// A producer that fails is thrown away. When it has ended, what it did not get
// through is given to a new one, in the order of the files. So a failure may
// repeat lines, and change the order of those that were under way.
//
// run is one goroutine.
type atLeastOnce struct {
	*Output
	lane    journal.LaneState
	feed    flow.Feed // nil: only what is left of the run before
	at      place
	pulse   *flow.Pulse
	trouble trouble
	tally   *tally

	queue []*parcel     // not acked, oldest first
	free  []*flow.Chunk // of parcels that were acked
	limit int           // bytes that a record may have
	eager bool          // there may be lines to read now
	wait  time.Duration // before the next producer
	// A batch was refused for what is in it: most is how many records may be
	// under way, 0 as many as there are; refused how many were refused by the
	// producer of now, and bad the last of them. widens says that the record was
	// found, and taken is how many were taken since most was changed.
	most, refused, taken int
	widens               bool
	quick                bool // the next producer need not wait
	bad                  record
	stop                 context.Context // its end is a stop: nothing more is read
	hard                 context.Context // its end is as that of the process
}

// parcel is what was read at once.
type parcel struct {
	chunk *flow.Chunk
	cost  int64   // of the budget
	next  int     // the first record that the producer was not given
	left  int     // records without an ack
	acked []bool  // by record
	bad   []int16 // by record: why it was refused, and is changed; nil: none was
	kept  []bool  // by record: it is shortened, and whole in the dead-letter file; nil: none is
	old   bool    // of an intent: its ack is the rebind at the end of them all
}

func newAtLeastOnce(o *Output, l journal.LaneState, feed flow.Feed) *atLeastOnce {
	at := place{l.Topic, l.Partition}
	return &atLeastOnce{
		Output: o, lane: l, feed: feed, at: at, pulse: o.pulse(at), tally: o.tally(at),
		trouble: trouble{log: o.Log, tally: o.tally(at), topic: at.topic, partition: at.partition},
		limit:   o.most, eager: true, wait: backoffMin,
	}
}

// run ships until ctx ends and all is acked, or hard ends. Without a feed it
// ends when all is acked. It reports whether all is acked.
func (p *atLeastOnce) run(ctx, hard context.Context) bool {
	p.stop, p.hard = ctx, hard
	defer p.close()
	p.sayAtLeastOnce()
	if n, ok := await(ctx, p.pulse, func() int { return p.cluster.maxMessageBytes(p.at.topic) }); ok && n > 0 {
		p.limit = min(p.limit, n)
	}
	if !p.fetch() {
		return false
	}
	for p.hard.Err() == nil && !p.finished() {
		p.pulse.Beat()
		begin := time.Now()
		err := p.produce()
		if err == nil || p.hard.Err() != nil {
			continue
		}
		if p.again(err); time.Since(begin) > backoffMax {
			p.wait = backoffMin // it worked for a while
		}
		p.sleep()
	}
	p.sure()
	return len(p.queue) == 0
}

// sure ends the doubt when nothing that was sent is without an ack, so that
// exactly_once may go on without a look: what was in doubt before this run is
// over when all that was in the files then was read, since that was sent again.
func (p *atLeastOnce) sure() {
	if p.feed == nil || len(p.queue) > 0 || p.lane.Doubt == "" {
		return
	}
	if past := p.feed.Past(); p.lane.Doubt == atLeastOnceDoubt || past.Looked && !past.Left {
		p.Journal.Note(journal.Record{Doubt: &journal.Doubt{Lane: p.lane.ID}})
	}
}

// finished says that nothing is left to do.
func (p *atLeastOnce) finished() bool {
	return len(p.queue) == 0 && (p.feed == nil || p.stop.Err() != nil)
}

// sleep waits before the next producer.
func (p *atLeastOnce) sleep() {
	if p.quick {
		return
	}
	sleep(p.hard, p.wait)
	p.wait = min(2*p.wait, backoffMax)
}

// again notes why a producer failed, and makes all that it did not get through
// ready for the next.
func (p *atLeastOnce) again(err error) {
	code := codeOf(err)
	p.tally.failed(code)
	p.quick = ofContent(code) && p.narrow(code)
	if !p.quick {
		p.trouble.begin(code, err)
	}
	p.refused = 0
	if tooLarge(code) {
		p.lower()
	}
	doubtful := 0
	for _, c := range p.queue {
		for n := range c.next {
			if !c.acked[n] {
				doubtful++
			}
		}
		c.next = 0
	}
	p.tally.retries.Add(1)
	if !refusedWhole(code) {
		p.repeats.Add(int64(doubtful))
		p.tally.repeats.Add(int64(doubtful))
	}
}

// refusedWhole says that nothing was appended of what was answered like that.
func refusedWhole(code int16) bool {
	switch sarama.KError(code) {
	case sarama.ErrMessageSizeTooLarge, sarama.ErrMessageSetSizeTooLarge, sarama.ErrNotEnoughReplicas,
		sarama.ErrInvalidRecord, sarama.ErrInvalidTimestamp, sarama.ErrPolicyViolation,
		sarama.ErrTopicAuthorizationFailed, sarama.ErrUnknownTopicOrPartition:
		return true
	}
	return false
}

// lower makes records smaller, since the topic takes less than it said.
func (p *atLeastOnce) lower() {
	n, _ := await(p.hard, p.pulse, func() int { return p.cluster.maxMessageBytes(p.at.topic) })
	if n <= 0 || n >= p.limit {
		n = p.limit / 2
	}
	p.limit = max(minShort, n)
}

// fetch reads what an exactly-once run had under way, to send it again: the
// brokers may have it.
func (p *atLeastOnce) fetch() bool {
	for _, in := range p.lane.Intents {
		for _, s := range in.Spans {
			c := &flow.Chunk{}
			var gone error
			ok := p.untilDone(p.hard, p.at, func() error {
				err := p.Fetcher.Fetch(s, c)
				if errors.Is(err, flow.ErrGone) {
					gone, err = err, nil
				}
				return err
			})
			switch {
			case !ok:
				return false
			case gone != nil:
				p.givenUp.Add(1)
				p.tally.givenUp.Add(1)
				p.Log.Error("lines were read and not acked, and their bytes are gone: they may be missing from the topic",
					"topic", p.at.topic, "partition", p.at.partition, "bytes", s.End-s.Start, "cause", gone)
			default:
				cost := int64(len(c.Data))
				p.Budget.Take(cost)
				p.queue = append(p.queue, &parcel{chunk: c, cost: cost, left: c.Lines(), acked: make([]bool, c.Lines()), old: true})
			}
		}
	}
	if len(p.lane.Intents) > 0 && len(p.queue) == 0 {
		return p.release()
	}
	return true
}

// release acks what an exactly-once run had under way.
func (p *atLeastOnce) release() bool {
	last := p.lane.Intents[len(p.lane.Intents)-1]
	rebind := journal.Rebind{Lane: p.lane.ID, PID: last.PID, Epoch: last.Epoch, Cause: "sent again, at least once"}
	p.lane.Intents = nil
	return p.untilDone(p.hard, p.at, func() error { return p.Journal.WriteSync(journal.Record{Rebind: &rebind}) })
}

// read reads a parcel, if there is one and room for it.
func (p *atLeastOnce) read() {
	for p.feed != nil && p.eager && p.stop.Err() == nil && len(p.queue) < parcels {
		cost := int64(parcelBytes)
		if len(p.queue) == 0 {
			p.Budget.Take(cost)
		} else if !p.Budget.Try(cost) {
			return
		}
		c := p.chunk()
		c.Time = time.Now().UnixMilli()
		if !p.feed.Next(c, parcelBytes) {
			p.eager = false
			p.Budget.Release(cost)
			p.free = append(p.free, c)
			return
		}
		n := int64(len(c.Data))
		p.Budget.Take(n - cost)
		p.queue = append(p.queue, &parcel{chunk: c, cost: n, left: c.Lines(), acked: make([]bool, c.Lines())})
	}
}

// chunk is memory for a parcel.
func (p *atLeastOnce) chunk() *flow.Chunk {
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		return c
	}
	return &flow.Chunk{}
}

// ack takes note that a record is in the topic, and journals what is now acked
// without a hole.
func (p *atLeastOnce) ack(c *parcel, n int) {
	if c.acked[n] {
		return
	}
	c.acked[n] = true
	c.left--
	for len(p.queue) > 0 && p.queue[0].left == 0 {
		p.took(p.queue[0])
		p.queue = slices.Delete(p.queue, 0, 1)
	}
}

// took takes note that a parcel, and all before it, is in the topic.
func (p *atLeastOnce) took(c *parcel) {
	lines := c.chunk.Lines()
	p.records.Add(int64(lines))
	p.tally.acked.Add(int64(lines))
	p.tally.ackedBytes.Add(int64(len(c.chunk.Data)))
	p.Budget.Release(c.cost)
	if !c.old {
		p.Journal.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{c.chunk.Span(0, lines)}}})
		p.free = append(p.free, c.chunk)
	} else if len(p.queue) == 1 || !p.queue[1].old {
		p.release()
	}
	p.trouble.end()
	p.wait = backoffMin
}

// gauge notes what is under way.
func (p *atLeastOnce) gauge() {
	var records, bytes int64
	for _, c := range p.queue {
		records += int64(c.left)
		bytes += c.cost
	}
	p.tally.batches.Store(int64(len(p.queue)))
	p.tally.records.Store(records)
	p.tally.bytes.Store(bytes)
}

// close gives back what is held.
func (p *atLeastOnce) close() {
	p.Output.rest(p.at)
	lines := 0
	for _, c := range p.queue {
		lines += c.left
		p.Budget.Release(c.cost)
	}
	if lines > 0 {
		p.mu.Lock()
		p.unsent = append(p.unsent, fmt.Sprintf("topic %s partition %d: %s", p.at.topic, p.at.partition, flow.Count(int64(lines), "line")))
		p.mu.Unlock()
	}
}

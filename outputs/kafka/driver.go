package kafka

import (
	"context"
	"fmt"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/found"
	"tailrace/outputs/kafka/lane"
	"tailrace/outputs/kafka/wire"
)

const (
	lost = lane.Lost
	// lingerTime is how long after the first of some new lines the lane waits
	// for more, so that a batch is worth its request.
	lingerTime = 5 * time.Millisecond
	// briskTime is the same when lines come fast: the last batch had
	// briskLines at least. It costs 15 ms, and a batch costs as much CPU as
	// some hundred lines.
	briskTime, briskLines = 20 * time.Millisecond, 32
	// batchMax bounds a batch before compression, in bytes: just below the
	// max.message.bytes that topics have when nobody changed it. With half of
	// it, uncompressed lines cost a third more CPU; memory is 3 MB less.
	batchMax = 1000 << 10
)

// driver runs one lane: it is the goroutine around the state machine, and the
// only one that touches what is not said to be shared.
type driver struct {
	*Output
	lane    journal.Lane
	known   journal.LaneState // at the start
	machine *lane.Machine
	feed    flow.Feed // nil: only what is left of the run before
	turn    *turn     // the feed, where several lanes share one
	holds   *batch    // is not numbered yet, and so nobody else may take lines
	pulse   *flow.Pulse
	trouble trouble
	tally   *tally

	batches map[lane.Handle]*batch // those the machine knows
	handle  lane.Handle            // the last that was given
	queue   []lane.Event           // what came of actions, for the next steps
	outbox  []lane.Send            // to be written on seat, when the broker does not want a pause

	events  chan event      // from connections; never full, see disconnect
	replies chan lane.Event // from questions to the cluster
	gen     int             // of the connection that is wanted
	seat    *seat           // nil while there is none
	target  target
	id      string // the topic's when last asked, also by a former run; empty unknown
	home    string // likewise the cluster's
	alone   int    // ticks on a connection of its own

	timer  *time.Timer // the machine's Wait
	pause  *time.Timer // that the broker wants
	linger *time.Timer
	// lingering is true while linger runs; eager when there may be lines to
	// read now.
	lingering, eager bool
	brisk            bool // lines come fast

	// doubt says that the topic may have lines that the journal does not know;
	// found is what was read there, nil before that.
	doubt   bool
	found   *found.Set
	echoes  int64 // records that lines may be again, and that are not looked for
	skipped int   // lines that were found

	codec  wire.Codec // of new batches
	limit  int        // bytes that a batch may have, not compressed
	millis func() int64
	stop   context.Context // its end is a stop: nothing more is read
	hard   context.Context // its end is as that of the process
	giveUp func()          // ends hard
	gone   chan struct{}   // closed when the loop has ended
}

// batch is one that the machine knows.
type batch struct {
	journal.Intent
	bytes   wire.Batch // none while it is only in the journal
	counts  []int      // records of each span, while there are bytes
	encoder *encoder   // has its records until they are numbered
	cost    int64      // of the budget
	// numbered says that the sequence numbers are bound.
	numbered bool
	sent     bool // at least once, by this run
}

func newDriver(o *Output, l journal.LaneState, feed flow.Feed) *driver {
	at := place{l.Topic, l.Partition}
	d := &driver{
		Output: o, lane: l.Lane, known: l, id: l.TopicID, home: l.Cluster, feed: feed, doubt: l.Doubt != "" && !l.Settling,
		pulse:   o.pulse(at),
		trouble: trouble{log: o.Log, tally: o.tally(at), topic: l.Topic, partition: l.Partition},
		tally:   o.tally(at),
		batches: map[lane.Handle]*batch{},
		events:  make(chan event, 4*lane.Window),
		replies: make(chan lane.Event),
		target:  target{clientID: o.ClientID, topic: l.Topic, partition: l.Partition},
		timer:   stoppedTimer(), pause: stoppedTimer(), linger: stoppedTimer(),
		eager: true, codec: o.codec, limit: o.most, gone: make(chan struct{}),
		millis: func() int64 { return time.Now().UnixMilli() },
	}
	d.machine = lane.New(lane.Config{Settle: o.settle, Stamp: func(h lane.Handle) int64 { return d.batches[h].Newest }})
	d.turn, _ = feed.(*turn)
	return d
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// start tells the machine what the journal knows.
func (d *driver) start(l journal.LaneState) lane.Start {
	s := lane.Start{AckedAt: l.Warm, Offset: l.Offset, Sent: lastSent(&d.State, &l), Doubt: l.Doubt, From: l.DoubtFrom}
	for _, in := range l.Intents {
		b := &batch{Intent: in, numbered: true}
		s.Unacked = append(s.Unacked, lane.Intent{Bound: d.bind(b), PID: in.PID, Epoch: in.Epoch})
		s.Newest = max(s.Newest, in.Time)
	}
	return s
}

// bind gives a batch a handle.
func (d *driver) bind(b *batch) lane.Bound {
	d.handle++
	d.batches[d.handle] = b
	return lane.Bound{Batch: d.handle, First: b.First, Count: b.Count}
}

// run ships until ctx ends and all is acked, or hard ends. Without a feed it
// ends when all is acked. It reports whether all is acked.
func (d *driver) run(ctx, hard context.Context) bool {
	d.stop = ctx
	d.hard, d.giveUp = context.WithCancel(hard)
	defer d.giveUp()
	defer d.close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var wake <-chan struct{}
	if d.feed != nil {
		wake = d.feed.Wake()
		d.learnLimit(ctx)
		if unknownLane(d.known) && !d.firstLook(ctx) {
			return true
		}
		if d.turn != nil {
			d.scattered()
		}
	}
	d.queue = append(d.queue, d.start(d.known))
	stop := ctx.Done()
	for {
		d.pulse.Beat()
		d.settle()
		if d.feed != nil && stop != nil && !d.renew() {
			d.pull()
		}
		d.trust()
		d.goesOn()
		d.gauge()
		if len(d.batches) == 0 && (d.feed == nil || stop == nil) {
			return true
		}
		select {
		case e := <-d.events:
			d.connected(e)
		case e := <-d.replies:
			d.replied(e)
		case <-d.timer.C:
			d.queue = append(d.queue, lane.Timer{})
		case <-wake:
			d.lingerOnce()
		case <-d.turn.soon():
			d.eager = true
		case <-d.linger.C:
			d.eager, d.lingering = true, false
		case <-d.pause.C:
			d.flush()
		case <-tick.C:
			d.leaveSlow()
			d.shareAgain()
		case <-stop:
			stop = nil
		case <-d.hard.Done():
			return false
		}
	}
}

// lingerOnce waits a little for more lines, from the first of them on.
func (d *driver) lingerOnce() {
	if !d.eager && !d.lingering {
		d.lingering = true
		wait := lingerTime
		if d.brisk {
			wait = briskTime
		}
		d.linger.Reset(wait)
	}
}

// settle steps the machine until nothing is left to tell it.
func (d *driver) settle() {
	for len(d.queue) > 0 && d.hard.Err() == nil {
		e := d.queue[0]
		d.queue = d.queue[1:]
		for _, a := range d.machine.Step(d.millis(), e) {
			if !d.do(a) {
				return // hard has ended: as if the process had
			}
		}
		if !d.flush() {
			return
		}
	}
}

// refused is the answer to GetPID when there is none.
type refused struct{ err error }

// replied takes the answer to a question.
func (d *driver) replied(e lane.Event) {
	switch e := e.(type) {
	case opened:
		d.seated(e)
	case looked:
		d.looked(e)
	case refused:
		d.trouble.still(codeOf(e.err), e.err)
		d.queue = append(d.queue, lane.GrantFailed{Code: codeOf(e.err)})
	case told:
		if !d.meet(e.info) {
			d.queue = append(d.queue, e.Remembered)
		}
	case unasked:
		d.trouble.still(codeOf(e.err), e.err)
		d.queue = append(d.queue, lane.Unasked{Code: codeOf(e.err)})
	default:
		d.queue = append(d.queue, e)
	}
}

// meet tells the machine when the topic that a broker tells of is not the one that
// the lane sent to, and reports whether it did. Old brokers have no topic ids.
func (d *driver) meet(info topicInfo) bool {
	id := topicID(info.id)
	known := d.id != "" && id != ""
	elsewhere := d.home != "" && info.cluster != "" && d.home != info.cluster && !(known && d.id == id)
	again := known && d.id != id
	if id != "" {
		d.id = id
	}
	if info.cluster != "" {
		d.home = info.cluster
	}
	if elsewhere || again {
		d.queue = append(d.queue, lane.NewTopic{Elsewhere: elsewhere})
	}
	return elsewhere || again
}

// close gives back what the lane holds.
func (d *driver) close() {
	d.rest(place{d.lane.Topic, d.lane.Partition})
	if d.turn != nil && d.holds == nil {
		d.turn.set(false) // else the journal knows nothing of what was read, and nobody may read on
	}
	d.tally.pause.Store(nil)
	d.timer.Stop()
	d.pause.Stop()
	d.linger.Stop()
	close(d.gone)
	d.disconnect()
	records := 0
	for _, b := range d.batches {
		records += int(b.Count)
		d.Budget.Release(b.cost)
		d.returnEncoder(b)
	}
	if records > 0 {
		d.mu.Lock()
		d.unsent = append(d.unsent, fmt.Sprintf("topic %s partition %d: %s", d.lane.Topic, d.lane.Partition, flow.Count(int64(records), "line")))
		d.mu.Unlock()
	}
}

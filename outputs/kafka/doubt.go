package kafka

import (
	"context"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/found"
)

// What the partition may have already of the lines that are read now: at a first
// start, or when the state does not know all that was sent.

// skipTurn is how many bytes are read at a time, if the file gives so many, while
// it is found out what of them the partition has.
const skipTurn = 256 << 10

// unknownLane says that the lane never got a producer id, so that it has sent
// nothing since the journal began.
func unknownLane(l journal.LaneState) bool {
	return l.Doubt != "" && l.PID == nil && l.Acked == nil && len(l.Intents) == 0
}

// firstLook ends the doubt of a lane that is new when the partition has no line
// of a file of this host: then this is the first start, as it seems, and there is
// nothing to wait for. Other records with the host's key are nothing that a line
// could be compared with, such as those of tailrace check and send. It reports
// false when ctx ended first.
func (d *driver) firstLook(ctx context.Context) bool {
	t := trouble{log: d.Log, tally: d.tally, topic: d.lane.Topic, partition: d.lane.Partition}
	d.sayLook(d.known.Doubt)
	for wait := backoffMin; ; wait = min(2*wait, backoffMax) {
		var r *readBack
		var err error
		if _, ok := await(ctx, d.pulse, func() bool { r, err = d.partition(ctx); return true }); !ok {
			return false
		}
		code := codeOf(err)
		switch {
		case err == nil || denied(code):
			t.end()
			if err == nil && r.into.Lines() {
				d.echoes = r.end - r.begin
				return true
			}
			if err != nil {
				d.unseen(r, code)
			}
			d.sure()
			return true
		case wait > time.Second:
			t.begin(code, err)
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// unseen says how many lines may be repeated, since the topic may not be read. It
// is no warning: each first start of a host that may only write comes here, and
// what others sent is counted too.
func (d *driver) unseen(r *readBack, code int16) {
	about := []any{"topic", d.lane.Topic, "partition", d.lane.Partition, "answer", nameOf(code)}
	switch {
	case r.bounded && r.begin == r.end:
		return // nothing could be repeated
	case r.bounded:
		about = append(about, "repeats_at_most", r.end-r.begin)
	}
	d.Log.Info("the topic may not be read, and nothing is known of what was sent there: if this is not the first start, but the state directory was lost, lines are repeated", about...)
}

// partition looks for one record of this host.
func (d *driver) partition(ctx context.Context) (*readBack, error) {
	past, ok := d.past(ctx)
	if !ok {
		return nil, ctx.Err()
	}
	r := d.reader(-1, past.Since/int64(time.Millisecond), nil)
	if !past.Left {
		return r, nil // there is nothing that could be sent twice
	}
	r.any = true
	return r, r.run(ctx)
}

// past waits until the files were looked at.
func (d *driver) past(ctx context.Context) (p flow.Past, ok bool) {
	for {
		if p = d.feed.Past(); p.Looked {
			return p, true
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return p, false
		}
	}
}

// atOnce is how many bytes are read at a time when there is room for some.
func (d *driver) atOnce(room int) int {
	if d.found != nil {
		return max(room, skipTurn)
	}
	return room
}

// fresh takes what the partition has already out of c, which Next has filled,
// and reports whether lines are left that are to be sent. What the partition has
// at the beginning of c is acked by that; what is behind the lines that are left
// is given back. inBatch says that the batch has lines that are not in the
// journal yet: then nothing behind them may be acked.
func (d *driver) fresh(c *flow.Chunk, inBatch bool) bool {
	size, born := d.feed.Was(c.File)
	if c.Start >= size {
		return true
	}
	if inBatch {
		d.feed.Unread(c, 0)
		return false
	}
	bound := found.Bound{Size: size, Born: born}
	if n := d.found.Skip(c, bound); n > 0 {
		d.Journal.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{c.Span(0, n)}}})
		d.skipped += n
		if n < c.Lines() {
			d.feed.Unread(c, n)
		}
		// The loop turns meanwhile: there may be gigabytes of this.
		d.eager, d.lingering = false, true
		d.linger.Reset(0)
		return false
	}
	if n := d.found.Send(c, bound); n < c.Lines() {
		d.feed.Unread(c, n)
		c.Data = c.Data[:c.LineStart(n)]
		if c.Reading != 0 {
			c.Records = c.Records[:n]
		} else {
			c.Ends = c.Ends[:n]
		}
	}
	return true
}

// trust ends the doubt once all that was in the files before the run was read,
// or the partition may not be read.
func (d *driver) trust() {
	if !d.doubt || d.machine.Settling() {
		return
	}
	if d.found != nil && d.feed != nil {
		if d.eager || d.lingering || d.feed.Past().Left {
			return
		}
		d.Log.Info("lines that the topic had already were not sent again", "topic", d.lane.Topic, "lines", d.skipped)
	}
	d.sure()
}

// scattered says what is not looked for when the lines of a topic are dealt out to
// its partitions: any of them may have any line.
func (d *driver) scattered() {
	if n, last := d.turn.sure(d.echoes); last && n > 0 {
		d.repeats.Add(n)
		d.tally.repeats.Add(n)
		d.Log.Error("the topic has lines of this host, but the state directory does not know of them: with round_robin they are not looked for, and all that is in the files is shipped. Those that the topic has are repeated",
			"topic", d.lane.Topic, "repeats_at_most", n)
	}
	switch {
	case unknownLane(d.known):
		d.sure()
	case d.doubt:
		d.Log.Warn("lines that were sent, and of which the state directory does not know, may be repeated: with round_robin they are not looked for",
			"topic", d.lane.Topic, "partition", d.lane.Partition, "cause", d.known.Doubt)
	}
}

// sure ends the doubt.
func (d *driver) sure() {
	d.doubt, d.found, d.known.Doubt = false, nil, ""
	d.Journal.Note(journal.Record{Doubt: &journal.Doubt{Lane: d.lane.ID}})
}

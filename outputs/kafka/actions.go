package kafka

import (
	"encoding/base64"
	"errors"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/lane"
)

// do carries out one action. It reports false when hard has ended before it
// was done, so that no later action may be: the journal then has what a crash
// at this point would have left.
func (d *driver) do(a lane.Action) bool {
	switch a := a.(type) {
	case lane.GetPID:
		d.getPID()
	case lane.WritePID:
		return d.write(journal.Record{PID: &journal.PID{Lane: d.lane.ID, PID: a.PID, Epoch: a.Epoch}}, d.Journal.WriteSync)
	case lane.WriteIntent:
		in := d.number(d.batches[a.Batch], a.PID, a.Epoch, a.First)
		return d.write(journal.Record{Intent: &in}, d.Journal.Write)
	case lane.WriteAck:
		d.count(a.First)
		d.Journal.Note(journal.Record{Ack: &journal.Ack{Lane: d.lane.ID, First: a.First, Offset: a.Offset, Time: d.millis()}})
	case lane.WriteSplit:
		return d.writeSplit(a)
	case lane.WriteRebind:
		return d.writeRebind(a)
	case lane.WriteSettling:
		return d.noteSettling(a)
	case lane.WriteSending:
		return d.noteSending()
	case lane.Connect:
		d.connect(a)
	case lane.Send:
		if !d.noteTopic() {
			return false
		}
		if d.seat != nil && d.seat.gen == a.Gen {
			d.outbox = append(d.outbox, a)
		}
	case lane.Close:
		d.disconnect()
	case lane.Look:
		d.sayLook(d.machine.Cause())
		d.look(a.From)
	case lane.AskProducer:
		d.askProducer(a.PID)
	case lane.Wait:
		d.sayWait(a.Millis)
		d.timer.Reset(time.Duration(a.Millis) * time.Millisecond)
	case lane.Remake:
		return d.remake(a)
	case lane.Free:
		d.free(a.Batch)
	case lane.Report:
		d.report(a)
	}
	return true
}

// count adds up what is acked with the batch that begins at first: the
// machine frees those batches next.
func (d *driver) count(first int32) {
	for _, b := range d.batches {
		// Sequence numbers wrap from 2^31-1 to 0.
		if ahead := uint32(first-b.First) & (1<<31 - 1); b.numbered && ahead < 1<<30 {
			d.records.Add(int64(b.Count))
			d.tally.took(b)
		}
	}
}

// write journals rec, however long the disk refuses it.
func (d *driver) write(rec journal.Record, write func(...journal.Record) error) bool {
	return d.untilDone(func() error { return write(rec) })
}

// untilDone tries f until it succeeds, and reports false when hard has ended
// before: a stop ends it too if f goes on to fail. What the journal does not
// take now was not sent, and what it cannot be told is found out at the next
// start.
func (d *driver) untilDone(f func() error) bool {
	if d.Output.untilDone(d.hard, place{d.lane.Topic, d.lane.Partition}, f) {
		return true
	}
	d.giveUp()
	return false
}

func (d *driver) getPID() {
	go func() {
		pid, epoch, err := d.cluster.producerID()
		if err != nil {
			d.reply(refused{err})
			return
		}
		d.reply(lane.Granted{PID: pid, Epoch: epoch})
	}()
}

// noteTopic journals which topic the lane sends to, before it does. Another
// cluster may have given the lane's producer id to somebody else: sent there, a
// batch with numbers of this one could be taken for one that is there already.
func (d *driver) noteTopic() bool {
	if d.id == d.lane.TopicID && d.home == d.lane.Cluster {
		return true
	}
	if d.lane.TopicID != "" && d.lane.TopicID != d.id {
		d.lane.Remade = time.Now().UnixMilli()
	}
	d.lane.TopicID, d.lane.Cluster = d.id, d.home
	l := d.lane
	return d.write(journal.Record{Lane: &l}, d.Journal.Write)
}

// topicID is an id as Kafka's tools show it; empty for zero, which is none.
func topicID(id [16]byte) string {
	if id == [16]byte{} {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// reply tells the loop, from another goroutine, unless it has ended.
func (d *driver) reply(e lane.Event) {
	select {
	case d.replies <- e:
	case <-d.gone:
		if o, ok := e.(opened); ok && o.seat != nil {
			o.seat.leave()
		}
	}
}

// connect asks for a connection to the partition's leader.
func (d *driver) connect(a lane.Connect) {
	d.gen = a.Gen
	go func() {
		o := opened{gen: a.Gen}
		o.info, o.err = d.cluster.topic(d.lane.Topic, d.lane.Partition)
		if o.err == nil && o.info.leader == "" {
			o.err = sarama.ErrLeaderNotAvailable
		}
		if o.err == nil {
			o.seat, o.err = d.conns.seat(o.info.leader, a.Own, a.Gen, d.events)
		}
		d.reply(o)
	}()
}

// disconnect gives up the seat. Nothing comes from it any more, so what it has
// told is taken out of events: there is room for all that a next one can tell,
// one answer for each batch of the window and its end.
func (d *driver) disconnect() {
	d.gen = -1
	d.outbox = nil
	if d.seat == nil {
		return
	}
	d.seat.leave()
	d.seat = nil
	for len(d.events) > 0 {
		<-d.events
	}
}

// flush writes what is to be sent, unless the broker wants a pause.
func (d *driver) flush() bool {
	for len(d.outbox) > 0 && d.seat != nil {
		if wait := d.seat.paused(); wait > 0 {
			d.pause.Reset(wait)
			return true
		}
		s := d.outbox[0]
		d.outbox = d.outbox[1:]
		b := d.batches[s.Batch]
		err := d.load(b)
		switch {
		case errors.Is(err, flow.ErrGone):
			// Nothing may follow over the hole.
			d.outbox = nil
			d.queue = append(d.queue, lane.Gone{Batch: s.Batch})
			return true
		case err != nil:
			return false // hard has ended
		}
		// What the connection says of its end may have come before it was
		// this lane's seat, and was dropped: the error counts.
		if b.sent {
			d.tally.retries.Add(1)
		}
		b.sent = true
		if err := d.seat.send(d.target, s.Batch, b.bytes); err != nil {
			d.cutOff(err)
		}
	}
	return true
}

// free forgets a batch.
func (d *driver) free(h lane.Handle) {
	b := d.batches[h]
	delete(d.batches, h)
	d.Budget.Release(b.cost)
	d.returnEncoder(b)
	if len(b.bytes.Bytes) > 0 {
		d.reuse(b.bytes.Bytes)
	}
}

// writeSplit journals that parts take the place of a batch.
func (d *driver) writeSplit(a lane.WriteSplit) bool {
	split := journal.Split{Lane: d.lane.ID, First: a.First}
	for _, bound := range a.Into {
		split.Into = append(split.Into, d.number(d.batches[bound.Batch], a.PID, a.Epoch, bound.First))
	}
	return d.write(journal.Record{Split: &split}, d.Journal.Write)
}

// writeRebind journals that the un-acked batches go under another producer id.
func (d *driver) writeRebind(a lane.WriteRebind) bool {
	rebind := journal.Rebind{Lane: d.lane.ID, PID: a.PID, Epoch: a.Epoch, Cause: a.Cause}
	for _, bound := range a.Into {
		rebind.Intents = append(rebind.Intents, d.number(d.batches[bound.Batch], a.PID, a.Epoch, bound.First))
	}
	for _, h := range a.Gone {
		rebind.Lost = append(rebind.Lost, d.batches[h].Spans...)
	}
	return d.write(journal.Record{Rebind: &rebind}, d.Journal.WriteSync)
}

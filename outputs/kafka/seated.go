package kafka

import (
	"errors"
	"fmt"
	"time"

	"tailrace/outputs/kafka/lane"
)

// A lane has a seat on a connection, which it shares with others unless it is slow:
// how it gets that, what comes over it, and when it leaves.

const (
	// slowAfter is how long a lane's request may hold up the others on a
	// shared connection.
	slowAfter = 2 * time.Second
	// ownTicks is how many seconds a lane keeps a connection of its own at
	// least, so that a slow one does not hold up the others every now and then.
	ownTicks = 60
)

// connected takes what a connection has to say.
func (d *driver) connected(e event) {
	if e.seat != d.seat {
		return // of a generation that is closed
	}
	if e.err != nil {
		d.cutOff(e.err)
		return
	}
	d.trouble.cause = nil
	if e.answer.Message != "" {
		d.trouble.cause = errors.New(e.answer.Message)
	}
	if e.answer.Code != 0 {
		d.tally.failed(e.answer.Code)
		d.trouble.still(e.answer.Code, d.trouble.cause)
	} else {
		d.trouble.answered()
	}
	d.queue = append(d.queue, lane.Answer{Gen: e.seat.gen, Batch: e.batch, Code: e.answer.Code, Offset: e.answer.Offset})
}

// cutOff takes the seat, whose connection is lost, away.
func (d *driver) cutOff(err error) {
	d.tally.failed(lost)
	d.cut(lost, err)
	d.queue = append(d.queue, lane.Down{Gen: d.seat.gen, Code: lost})
	d.disconnect()
}

// cut notes why there is no connection. Who has sent all does not wait for one.
func (d *driver) cut(code int16, err error) {
	if len(d.batches) > 0 {
		d.trouble.cut(code, err)
	} else {
		d.trouble.still(code, err)
	}
}

// opened is the answer to Connect.
type opened struct {
	gen  int
	seat *seat
	info topicInfo
	err  error
}

func (d *driver) seated(o opened) {
	if o.gen != d.gen {
		if o.seat != nil {
			o.seat.leave()
		}
		return
	}
	if o.err != nil {
		d.cut(codeOf(o.err), o.err)
		d.tally.failed(codeOf(o.err))
		d.queue = append(d.queue, lane.Down{Gen: o.gen, Code: codeOf(o.err)})
		return
	}
	d.seat, d.target.topicID = o.seat, o.info.id
	d.sayOld(o.seat.conn.version)
	d.meet(o.info)
	d.queue = append(d.queue, lane.Up{Gen: o.gen})
}

// leaveSlow ends a shared connection that this lane's request holds up; the
// lane's next one is its own, and the others find each other again.
func (d *driver) leaveSlow() {
	if d.seat != nil && d.seat.holdsUp(slowAfter) {
		d.seat.conn.fail(fmt.Errorf("topic %s is slow: it goes on over a connection of its own", d.lane.Topic))
	}
}

// shareAgain ends a connection of the lane's own after a while, when nothing is
// under way on it: that is no failure, and the next batch goes over the one
// that all share.
func (d *driver) shareAgain() {
	if d.seat == nil || !d.seat.own {
		d.alone = 0
		return
	}
	if d.alone++; d.alone >= ownTicks && len(d.batches) == 0 {
		d.queue = append(d.queue, lane.Down{Gen: d.seat.gen, Code: lost})
		d.disconnect()
	}
}

// renew leaves a connection that the broker wants to be authenticated again
// soon: it reports true while nothing new is to be read, until the answers to
// what is under way are there.
func (d *driver) renew() bool {
	if d.seat == nil || !d.seat.conn.aged() {
		return false
	}
	if len(d.batches) > 0 {
		return true
	}
	d.queue = append(d.queue, lane.Down{Gen: d.seat.gen, Code: lost})
	d.disconnect()
	return false
}

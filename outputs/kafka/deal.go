package kafka

import (
	"context"
	"math/rand/v2"
	"sync"

	"tailrace/agent/flow"
)

// A dealer deals the lines of one feed out to several lanes, one batch to each
// in turn. A lane that has taken lines keeps the feed until its intent is in the
// journal: otherwise a later intent could be acked, and move the file's position,
// while nothing tells of the lines before it.
type dealer struct {
	feed flow.Feed

	mu    sync.Mutex
	lanes []*turn
	owner *turn // who may take lines, or nil
	last  int   // the lane that was the owner last
	want  bool  // there may be lines that no owner was told of
	// Of the lanes, how many have not yet said what their partition has of this
	// host, and how many records those have that have said.
	unsure int
	echoes int64
	past   flow.Past // before any of them took lines, once that is known
}

// turn is one lane's part of a dealer. It is the lane's feed.
type turn struct {
	flow.Feed
	d    *dealer
	able bool          // it has room for a batch
	wake chan struct{} // buffer of one: there may be lines, and it is the owner
	now  chan struct{} // the same, and lines are known to wait
}

func newDealer(feed flow.Feed, lanes int) *dealer {
	d := &dealer{feed: feed, want: true, last: rand.IntN(lanes), unsure: lanes}
	for range lanes {
		d.lanes = append(d.lanes, &turn{Feed: feed, d: d, wake: make(chan struct{}, 1), now: make(chan struct{}, 1)})
	}
	return d
}

// run hands on that there is something to read, until ctx ends.
func (d *dealer) run(ctx context.Context) {
	for {
		select {
		case <-d.feed.Wake():
			d.mu.Lock()
			d.want = true
			d.give(func(t *turn) chan struct{} { return t.wake })
			d.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// give makes the next lane that is able the owner, if there is none. The caller
// holds mu.
func (d *dealer) give(how func(*turn) chan struct{}) {
	if d.owner != nil || !d.want {
		return
	}
	for n := range d.lanes {
		at := (d.last + 1 + n) % len(d.lanes)
		if t := d.lanes[at]; t.able {
			d.owner, d.last, d.want = t, at, false
			select {
			case how(t) <- struct{}{}:
			default:
			}
			return
		}
	}
}

func atOnce(t *turn) chan struct{} { return t.now }

// Wake implements flow.Feed.
func (t *turn) Wake() <-chan struct{} { return t.wake }

// Past implements flow.Feed. What was there before the run may have been taken by
// another lane meanwhile: this one's partition may have it all the same.
func (t *turn) Past() flow.Past {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	if !t.d.past.Looked {
		t.d.past = t.d.feed.Past()
	}
	return t.d.past
}

// begin says whether it is this lane's turn.
func (t *turn) begin() bool {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	return t.d.owner == t
}

// end lets another lane take lines; more says that there may be some.
func (t *turn) end(more bool) {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	t.d.owner = nil
	t.d.want = t.d.want || more
	t.d.give(atOnce)
}

// sure notes how many records the lane's partition has that lines of the feed may
// be again. The last lane gets to know how many all have.
func (t *turn) sure(echoes int64) (all int64, last bool) {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	t.d.echoes += echoes
	t.d.unsure--
	return t.d.echoes, t.d.unsure == 0
}

// set says whether the lane has room. A lane that has none lets its turn pass.
func (t *turn) set(able bool) {
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	if t.able = able; !able && t.d.owner == t {
		t.d.owner, t.d.want = nil, true
	}
	t.d.give(atOnce)
}

// soon is where a lane hears that it is its turn, and lines wait. A nil turn
// says nothing.
func (t *turn) soon() <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.now
}

package kafka

import (
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// Lanes that share a feed take a batch each in turn, those that have no room are
// left out, and a lane's turn is over when the journal has its batch.
func TestDealer(t *testing.T) {
	d := newDealer(&pieces{}, 3)
	d.last = 2
	owner := func() (n int) {
		n = -1
		for i, l := range d.lanes {
			if l.begin() {
				n = i
			}
		}
		return n
	}
	f := func(what string, want int) {
		t.Helper()
		if got := owner(); got != want {
			t.Errorf("%s: it is the turn of %d, want %d", what, got, want)
		}
	}
	f("nobody has room", -1)
	d.lanes[1].set(true)
	f("one has", 1)
	d.lanes[0].set(true)
	d.lanes[2].set(true)
	f("all have", 1)
	d.lanes[1].end(true)
	f("and there is more", 2)
	d.lanes[2].end(true)
	f("and more", 0)
	d.lanes[1].set(false)
	d.lanes[0].end(true)
	f("the next has no room", 2)
	d.lanes[2].set(false)
	f("nor has this one", 0)
	d.lanes[0].end(false)
	f("there is nothing now", -1)
	d.lanes[1].set(true)
	f("as before", -1)
	d.mu.Lock()
	d.want = true
	d.give(atOnce)
	d.mu.Unlock()
	f("something came", 1)
	select {
	case <-d.lanes[1].soon():
	default:
		t.Error("it was not told")
	}
}

// A lane that ends while the journal does not know of what it has read keeps the
// others from reading on: their acks would move the file behind it.
func TestLaneEndsWithTheFeed(t *testing.T) {
	f := func(numbered, want bool) {
		t.Helper()
		deal := newDealer(&pieces{texts: []string{"a\n"}}, 2)
		deal.last = 1
		d := newRig(t, "logs").lone()
		d.feed, d.turn = deal.lanes[0], deal.lanes[0]
		deal.lanes[0].set(true)
		deal.lanes[1].set(true)
		if !d.mayPull() {
			t.Fatal("it is not its turn")
		}
		b := d.read()
		b.numbered = numbered
		d.bind(b)
		d.holds = b
		d.handOn()
		d.close()
		if got := deal.lanes[1].begin(); got != want {
			t.Errorf("numbered: %v; the other may read on: %v", numbered, got)
		}
	}
	f(false, false)
	f(true, true)
}

// A lane that begins when another has taken all lines still has to look what its
// partition has of them.
func TestDealersPast(t *testing.T) {
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	s.begin(0)
	d := newDealer(s, 2)
	if !d.lanes[0].Past().Left {
		t.Error("nothing is left before the first lane reads")
	}
	var c flow.Chunk
	s.Next(&c, 1<<20)
	if !d.lanes[1].Past().Left {
		t.Error("nothing was left for a lane that begins later")
	}
}

// Lines that are dealt out to partitions are not looked for when the state is
// lost: how many may be repeated is said once. At a first start there are none.
func TestDealtOutAgain(t *testing.T) {
	r := newRig(t)
	r.createTopicOf("logs", 3)
	r.deal = RoundRobin
	r.small = true
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 300))
	u := r.start()
	u.acked(300)
	u.end()
	r.unrepeated(u)
	const says = "repeats_at_most=300"
	if strings.Contains(r.log.String(), "repeats_at_most") {
		t.Errorf("a first start:\n%s", r.log.String())
	}
	wipe(t, r.dir)
	u = r.start()
	for u.out.repeats.Load() == 0 { // the last lane says it
		time.Sleep(time.Millisecond)
	}
	u.acked(300)
	u.end()
	if n := u.out.repeats.Load(); n != 300 {
		t.Errorf("%d possible repeats", n)
	}
	if strings.Count(r.log.String(), says) != 1 {
		t.Errorf("not said:\n%s", r.log.String())
	}
}

package kafka

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/lane"
	"tailrace/outputs/kafka/wire"
)

// stuck is a connection whose peer takes nothing more.
type stuck struct {
	net.Conn
	full   *atomic.Bool
	hit    chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	if s.full.Load() {
		select {
		case s.hit <- struct{}{}:
		default:
		}
		<-s.closed
		return 0, net.ErrClosed
	}
	return s.Conn.Write(p)
}

func (s *stuck) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Conn.Close()
}

// A broker stops to read: the end does not wait for it.
func TestEndsWhileAWriteIsStuck(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	var full atomic.Bool
	hit := make(chan struct{}, 1)
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &stuck{Conn: nc, full: &full, hit: hit, closed: make(chan struct{})}, err
	}
	u := r.start()
	r.exact("logs")
	full.Store(true)
	s.append(numbered(10, 10))
	<-hit
	began := time.Now()
	u.crash()
	if d := time.Since(began); d >= requestTimeout {
		t.Errorf("the end took %v", d)
	}
	full.Store(false)
	u = r.start()
	r.exact("logs")
	u.end()
}

// Brokers accept connections and say nothing, to a hundred topics: loops turn,
// and the end comes at once.
func TestBrokersHang(t *testing.T) {
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer hung.Close()
	r := newRig(t)
	for i := range 100 {
		topic := fmt.Sprint("t", i)
		r.sources[topic] = newSource(flow.FileID(i+1), "/var/log/"+topic, numbered(0, 10))
	}
	r.brokers = []string{hung.Addr().String()}
	u := r.start()
	nc, err := hung.Accept()
	must(t, err)
	defer nc.Close()
	if _, err := nc.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	u.end()
	if d := time.Since(began); d >= requestTimeout {
		t.Errorf("the end took %v", d)
	}
}

// A loop that waits for a broker is alive.
func TestAwaitBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pulse flow.Pulse
		_, ok := await(t.Context(), &pulse, func() int {
			for range 60 {
				time.Sleep(time.Second)
				if pulse.Age() > flow.PulseEvery {
					t.Fatalf("no beat for %v", pulse.Age())
				}
			}
			return 1
		})
		if !ok {
			t.Error("gave up")
		}
	})
}

// lone is a driver without a loop.
func (r *rig) lone() *driver {
	r.t.Helper()
	o, err := New(Options{Brokers: r.cluster.ListenAddrs(), Compression: "none", Budget: flow.NewBudget(0)})
	must(r.t, err)
	d := newDriver(o, journal.LaneState{Lane: journal.Lane{Topic: "logs"}}, nil)
	d.hard, d.queue = r.t.Context(), nil
	return d
}

// The end of a connection is told before the lane sits on it, and then again
// when the lane sends.
func TestConnectionEndsBeforeItsSeat(t *testing.T) {
	r := newRig(t, "logs")
	d := r.lone()
	d.gen = 7
	s, err := d.conns.seat(r.cluster.ListenAddrs()[0], false, 7, d.events)
	must(t, err)
	s.conn.fail(io.EOF)
	d.connected(<-d.events)
	d.seated(opened{gen: 7, seat: s})
	e := wire.NewEncoder()
	e.Begin(nil, wire.None, 1000, 1)
	d.batches[1] = &batch{bytes: e.Finish(1, 1, 1)}
	d.queue = nil
	d.do(lane.Send{Gen: 7, Intent: lane.Intent{Bound: lane.Bound{Batch: 1}}})
	d.flush()
	if want := []lane.Event{lane.Down{Gen: 7, Code: lost}}; !slices.Equal(d.queue, want) {
		t.Errorf("the machine is told %v, want %v", d.queue, want)
	}
}

// A lane that waits for a broker that does not answer says so at once, until an
// answer comes; one that waits for nothing does not.
func TestSilenceIsShown(t *testing.T) {
	r := newRig(t, "logs")
	cut := func(d *driver) {
		t.Helper()
		s, err := d.conns.seat(r.cluster.ListenAddrs()[0], true, d.gen, d.events)
		must(t, err)
		d.seat = s
		s.conn.fail(os.ErrDeadlineExceeded)
		d.connected(<-d.events)
	}
	d := r.lone()
	d.batches[1] = &batch{}
	cut(d)
	shown := d.tally.stats()
	if !strings.Contains(shown.Trouble, "no answer within 15s") || !strings.Contains(shown.Trouble, r.cluster.ListenAddrs()[0]) {
		t.Errorf("shown: %q", shown.Trouble)
	}
	d.seated(opened{gen: d.gen, err: os.ErrDeadlineExceeded})
	if again := d.tally.stats(); again.Trouble == "" || !again.Since.Equal(shown.Since) {
		t.Errorf("shown later: %+v", again)
	}
	d.seat = &seat{gen: d.gen}
	d.connected(event{seat: d.seat})
	if s := d.tally.stats(); s.Trouble != "" {
		t.Errorf("after an answer: %q", s.Trouble)
	}
	cut(d)
	delete(d.batches, 1) // found in the topic
	d.gauge()
	if s := d.tally.stats(); s.Trouble != "" {
		t.Errorf("when nothing waits: %q", s.Trouble)
	}
	cut(d)
	if s := d.tally.stats(); s.Trouble != "" {
		t.Errorf("of a lane that waits for nothing: %q", s.Trouble)
	}
}

// A connection that comes when the lane wants another, or has ended, is closed.
func TestConnectionComesTooLate(t *testing.T) {
	r := newRig(t, "logs")
	f := func(late func(d *driver, o opened)) {
		t.Helper()
		d := r.lone()
		d.gen = 8
		s, err := d.conns.seat(r.cluster.ListenAddrs()[0], false, 7, d.events)
		must(t, err)
		late(d, opened{gen: 7, seat: s})
		if d.seat != nil || len(d.queue) > 0 || s.conn.err == nil {
			t.Errorf("seat %v, queue %v, connection %v", d.seat, d.queue, s.conn.err)
		}
	}
	f(func(d *driver, o opened) { d.replied(o) })
	f(func(d *driver, o opened) {
		d.close()
		d.reply(o)
	})
}

// After a minute a lane leaves its own connection, when nothing is under way.
func TestSharesAgain(t *testing.T) {
	r := newRig(t, "logs")
	d := r.lone()
	s, err := d.conns.seat(r.cluster.ListenAddrs()[0], true, 3, d.events)
	must(t, err)
	d.seat = s
	d.batches[1] = &batch{}
	for range ownTicks {
		d.shareAgain()
	}
	if d.seat == nil || len(d.queue) > 0 {
		t.Error("left while a batch was under way")
	}
	d.batches = nil
	d.shareAgain()
	if want := []lane.Event{lane.Down{Gen: 3, Code: lost}}; d.seat != nil || s.conn.err == nil || !slices.Equal(d.queue, want) {
		t.Errorf("seat %v, the machine is told %v", d.seat, d.queue)
	}
}

// A lane whose request is not answered leaves the shared connection to the
// others, but not while the broker has all of them wait.
func TestSlowLaneHoldsUpOthers(t *testing.T) {
	c := &conn{seats: map[*seat]bool{}}
	var all []*seat
	for range 2 {
		s := &seat{conn: c}
		c.seats[s] = true
		all = append(all, s)
	}
	f := func(i int, want bool) {
		t.Helper()
		if got := all[i].holdsUp(slowAfter); got != want {
			t.Errorf("lane %d holds up: %v, want %v", i, got, want)
		}
	}
	f(0, false)
	c.pending = []request{{seat: all[0], sent: time.Now().Add(-2 * slowAfter)}, {seat: all[1], sent: time.Now().Add(-2 * slowAfter)}}
	f(0, true)
	f(1, false)
	c.pause = time.Now().Add(time.Second)
	f(0, false)
	c.pause = time.Time{}
	c.pending[0].sent = time.Now()
	f(0, false)
	c.pending[0].sent = time.Time{}
	delete(c.seats, all[1])
	f(0, false)
}

// The machine is told all that the journal knows.
func TestStartTellsWhatTheJournalKnows(t *testing.T) {
	d := newRig(t, "logs").lone()
	in := journal.Intent{PID: 4, Epoch: 1, First: 20, Count: 3, Time: 1000}
	got := d.start(journal.LaneState{Warm: 900, Offset: 77, Doubt: "another machine", Intents: []journal.Intent{in}})
	got.Sent = 0 // now
	want := lane.Start{AckedAt: 900, Offset: 77, Doubt: "another machine", Newest: 1000, Unacked: []lane.Intent{
		{Bound: lane.Bound{Batch: 1, First: 20, Count: 3}, PID: 4, Epoch: 1},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told %+v, want %+v", got, want)
	}
}

// The answer to a lane that left goes to nobody.
func TestAnswerAfterLeaving(t *testing.T) {
	r := newRig(t, "logs")
	p := newConns(newConfig("test"), plain())
	events := make(chan event, 4)
	var both []*seat
	for range 2 {
		s, err := p.seat(r.cluster.ListenAddrs()[0], false, 1, events)
		must(t, err)
		both = append(both, s)
	}
	q := kmsg.NewPtrProduceRequest()
	q.Topics = []kmsg.ProduceRequestTopic{{Partitions: []kmsg.ProduceRequestTopicPartition{{}}}}
	answer := refusal(q, kerr.NotEnoughReplicas)
	answer.SetVersion(both[0].conn.version)
	body := answer.AppendTo([]byte{0}) // no tagged fields in the header
	f := func(s *seat, want int) {
		t.Helper()
		s.conn.mu.Lock()
		s.conn.pending = append(s.conn.pending, request{correlation: 5, seat: s, sent: time.Now()})
		s.conn.mu.Unlock()
		must(t, s.conn.deliver(5, body))
		if len(events) != want {
			t.Errorf("%d events, want %d", len(events), want)
		}
	}
	f(both[0], 1)
	both[0].leave()
	f(both[0], 1)
	f(both[1], 2)
	both[1].leave()
}

// Lanes share a connection, but nobody sits down where requests of a lane that
// left are still under way: they might be its own.
func TestSharesNoBusyConnection(t *testing.T) {
	r := newRig(t, "logs")
	p := newConns(newConfig("test"), plain())
	sit := func() *seat {
		t.Helper()
		s, err := p.seat(r.cluster.ListenAddrs()[0], false, 1, make(chan event, 1))
		must(t, err)
		return s
	}
	a, b := sit(), sit()
	if a.conn != b.conn {
		t.Error("two lanes have a connection each")
	}
	a.conn.mu.Lock()
	a.conn.pending = append(a.conn.pending, request{seat: a, sent: time.Now()})
	a.conn.mu.Unlock()
	if c := sit(); c.conn != b.conn {
		t.Error("a request of a lane that is still there is in the way")
	}
	a.leave()
	c := sit()
	if c.conn == b.conn {
		t.Error("sits where a request of another is under way")
	}
	b.conn.fail(io.EOF)
	c.leave()
}

// Many lanes wait for a broker that does not answer: one try is enough for all
// that were there while it went on.
func TestFailedDialIsShared(t *testing.T) {
	p := newConns(newConfig("test"), plain())
	var dials, waiting atomic.Int32
	all := make(chan error, 20)
	began := make(chan struct{})
	p.dial = func(string, string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			close(began)
			for n := 0; n < 1000; n++ { // then those that wait are at the lock, or nearly all
				runtime.Gosched()
				if waiting.Load() < int32(cap(all)) {
					n = 0
				}
			}
		}
		return nil, errors.New("refused")
	}
	for i := range cap(all) {
		if i == 1 {
			<-began
		}
		go func() {
			waiting.Add(1)
			_, err := p.seat("broker:9092", false, 1, nil)
			all <- err
		}()
	}
	for range cap(all) {
		if err := <-all; err == nil {
			t.Error("a seat without a connection")
		}
	}
	if n := dials.Load(); n > int32(cap(all))/4 {
		t.Errorf("dialled %d times", n)
	}
}

// Two hundred connections leave nothing behind.
func TestReconnectsLeaveNothing(t *testing.T) {
	r := newRig(t, "logs")
	p := newConns(newConfig("test"), plain())
	count := func() (goroutines, files int) {
		fds, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return runtime.NumGoroutine(), len(fds)
	}
	var goroutines, files int
	for i := range 210 {
		if i == 10 {
			goroutines, files = count()
		}
		events := make(chan event, 1)
		s, err := p.seat(r.cluster.ListenAddrs()[0], i%2 == 0, 1, events)
		must(t, err)
		if i%3 == 0 {
			s.leave()
		} else {
			s.conn.fail(errors.New("test"))
		}
	}
	const slack = 20 // of what is just ending
	for end := time.Now().Add(5 * time.Minute); ; runtime.Gosched() {
		g, f := count()
		if g <= goroutines+slack && f <= files+slack {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines and %d files, before: %d and %d", g, f, goroutines, files)
		}
	}
}

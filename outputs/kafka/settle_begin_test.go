package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/journal"
)

// tooLong is a wait that no test outlasts.
const tooLong = int64(time.Hour / time.Millisecond)

// write writes records to a topic as other programs do.
func (r *rig) write(records ...*kgo.Record) {
	r.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...))
	must(r.t, err)
	defer client.Close()
	must(r.t, client.ProduceSync(r.t.Context(), records...).FirstErr())
}

// acked waits until the output has so many lines acked.
func (u *run) acked(n int64) {
	for u.out.records.Load() < n {
		time.Sleep(time.Millisecond)
	}
}

// paused waits until a lane waits, and says until when.
func (r *rig) paused(u *run) Stats {
	for {
		for _, s := range u.out.Stats() {
			if !s.PauseUntil.IsZero() {
				return s
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// Another program, or tailrace send and check, wrote to the topic with this
// host's key: the first start ships at once.
func TestFirstStartDoesNotWaitForOthers(t *testing.T) {
	header := func(key string) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: key, Value: []byte("x")}, {Key: "path", Value: []byte("/var/log/a.log")}, {Key: "offset", Value: []byte("0")}}
	}
	for name, other := range map[string]*kgo.Record{
		"send":                {Key: []byte("host-1")},
		"check":               {Key: []byte("host-1"), Headers: header("tailrace-check")[:1]},
		"dead letter":         {Key: []byte("host-1"), Headers: header("dead-letter")},
		"line of another":     {Key: []byte("host-2"), Headers: header("")[1:]},
		"named like this one": {Key: []byte("k"), Headers: []kgo.RecordHeader{{Key: "host", Value: []byte("host-1")}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "logs")
			r.settle = tooLong
			r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 20))
			other.Topic, other.Value = "logs", []byte("hello")
			r.write(other)
			u := r.start()
			u.acked(20)
			u.end()
			if d := u.journal.State(); len(d.Lanes) > 0 && d.Lanes[0].Doubt != "" {
				t.Errorf("in doubt: %s", d.Lanes[0].Doubt)
			}
		})
	}
}

// However often it is started again while it waits, the wait ends when it would
// have; what it sends later begins another.
func TestRestartsDoNotProlongTheWait(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 50))
	u := r.start()
	u.acked(50)
	u.crash()
	wipe(t, r.dir)
	r.settle = tooLong
	var first Stats
	for n := range 4 {
		u = r.start()
		s := r.paused(u)
		u.crash()
		if n == 0 {
			first = s
			if !strings.Contains(s.Pause, newLane) || s.PauseUntil.Sub(s.PauseSince) != time.Hour {
				t.Errorf("waits since %s until %s, %s", s.PauseSince, s.PauseUntil, s.Pause)
			}
		}
		if n%2 == 1 {
			time.Sleep(3 * time.Second) // longer than what may be wrong by rounding, or as a goroutine waits for its turn
		}
		if later := s.PauseUntil.Sub(first.PauseUntil).Abs(); later > 2500*time.Millisecond {
			t.Errorf("start %d: ends %s later", n, later)
		}
	}
	// Over at last; then something is sent, and nothing answered.
	r.settle = 200
	sent := make(chan bool, 1000)
	refusing := true
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if !refusing {
			return nil, nil, false
		}
		sent <- true
		return refusal(q.(*kmsg.ProduceRequest), kerr.NotEnoughReplicas), nil, true
	})
	r.small = true
	r.sources["logs"].append(numbered(50, 500))
	u = r.start()
	<-sent
	u.crash()
	j, err := journal.Open(r.dir, journal.Options{})
	must(t, err)
	st := j.State()
	must(t, j.Close())
	if l := st.Lanes[0]; l.Doubt == "" || l.DoubtUp != st.SentUp {
		t.Errorf("doubt %q may have sent until %d; started at %d", l.Doubt, l.DoubtUp, st.SentUp)
	}
	r.cluster.Control(func(kmsg.Request) (kmsg.Response, error, bool) { refusing = false; return nil, nil, false })
	u = r.start()
	r.exact("logs")
	u.end()
	r.unrepeated(u)
}

// lane is what the journal has of the first lane, while no run has it.
func (r *rig) lane() journal.LaneState {
	r.t.Helper()
	j, err := journal.Open(r.dir, journal.Options{})
	must(r.t, err)
	st := j.State()
	must(r.t, j.Close())
	return st.Lanes[0]
}

// So it is when it came to that in a run, such as for a topic that was made again:
// the batches are not sent again by each start, only to find that out again.
func TestRestartsDoNotProlongSettling(t *testing.T) {
	f := func(deal string) {
		t.Helper()
		r := newRig(t)
		r.deal = deal
		r.createTopicOf("logs", 1)
		r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 10))
		r.settle = tooLong
		u := r.start()
		r.exact("logs")
		r.deleteTopic("logs")
		r.createTopicOf("logs", 1)
		r.sources["logs"].append(numbered(10, 10))
		r.paused(u)
		u.crash()
		first := r.lane()
		for n := range 3 {
			time.Sleep(100 * time.Millisecond)
			u = r.start()
			s := r.paused(u)
			u.crash()
			if l := r.lane(); l.DoubtUp != first.DoubtUp || !l.Settling || s.Retries > 0 {
				t.Errorf("%s: start %d: %d batches were sent again; doubt %q, sent until %d, was %d", deal, n, s.Retries, l.Doubt, l.DoubtUp, first.DoubtUp)
			}
		}
		r.settle = 200
		u = r.start()
		if got := strings.Join(r.values("logs", 10), ""); got != numbered(10, 10) {
			t.Errorf("%s: the new topic has %q", deal, got)
		}
		u.acked(10)
		u.end()
		r.unrepeated(u)
		if l := r.lane(); l.Doubt != "" {
			t.Errorf("%s: still in doubt: %s", deal, l.Doubt)
		}
	}
	f(Murmur2)
	f(RoundRobin)
}

// From at_least_once to exactly_once and back: after an end with nothing un-acked
// there is nothing to wait for; after a kill what is in the topic is found.
func TestDeliveryIsChanged(t *testing.T) {
	for _, crash := range []bool{false, true} {
		r := newRig(t, "logs")
		n := 3000
		s := newSource(1, "/var/log/a.log", numbered(0, n))
		r.sources["logs"] = s
		for i := range 6 {
			r.plain = i%2 == 0
			r.settle = 200
			if !crash {
				r.settle = tooLong
			}
			u := r.start()
			if crash && r.plain {
				r.records("logs", n-1500)
				u.crash()
				keep := 1 // the doubt
				if i == 0 {
					keep = 3 // the file, the lane, its doubt
				}
				cutJournal(t, r.dir, keep, nil) // no ack
			} else {
				r.exact("logs")
				u.end()
				r.unrepeated(u)
			}
			s.append(numbered(n, 2000))
			n += 2000
		}
	}
}

// The output has another name, so that the journal has none of its lanes. When it
// began long ago, and so has each lane on which anything may be under way, nothing
// is waited for; when it has just begun, and so may be what is left of a loss, the
// lane waits.
func TestOutputIsRenamed(t *testing.T) {
	for began, waits := range map[string]bool{"long ago": false, "just now": true} {
		t.Run(began, func(t *testing.T) {
			r := newRig(t, "logs")
			s := newSource(1, "/var/log/a.log", numbered(0, 100))
			r.sources["logs"] = s
			u := r.start()
			u.acked(100)
			u.end()
			r.name, r.settle = "main", 60_000
			if !waits {
				r.settle = 200
				cutJournal(t, r.dir, -1, map[string]any{"lanes_up": 1})
			}
			s.append(numbered(100, 50))
			u = r.start()
			if waits {
				r.paused(u)
				u.crash()
				return
			}
			r.exact("logs")
			u.end()
			r.unrepeated(u)
			if strings.Contains(r.log.String(), "the topic waits until nothing") {
				t.Errorf("it waited; log:\n%s", r.log.String())
			}
		})
	}
}

// The topic may not be read, and the state directory is lost: it is said how many
// lines may come twice at most. On a first start, when the topic is empty or others
// wrote to it before there was a line here, there is nothing to say.
func TestStateGoneAndNothingMayBeRead(t *testing.T) {
	r := newRig(t, "logs")
	r.write(&kgo.Record{Topic: "logs", Timestamp: time.Now().Add(-time.Hour), Value: []byte("of another")})
	r.cluster.ControlKey(int16(kmsg.Fetch), func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		answer := q.ResponseKind().(*kmsg.FetchResponse)
		for _, topic := range q.(*kmsg.FetchRequest).Topics {
			rt := kmsg.NewFetchResponseTopic()
			rt.Topic = topic.Topic
			for _, p := range topic.Partitions {
				rp := kmsg.NewFetchResponseTopicPartition()
				rp.Partition, rp.ErrorCode, rp.RecordBatches = p.Partition, kerr.TopicAuthorizationFailed.Code, []byte{}
				rt.Partitions = append(rt.Partitions, rp)
			}
			answer.Topics = append(answer.Topics, rt)
		}
		return answer, nil, true
	})
	s := newSource(1, "/var/log/a.log", numbered(0, 50))
	s.born = time.Now().Add(-time.Minute).UnixNano()
	r.sources["logs"] = s
	u := r.start()
	u.acked(50)
	u.end()
	if strings.Contains(r.log.String(), "may not be read") {
		t.Errorf("said at the first start:\n%s", r.log.String())
	}
	wipe(t, r.dir)
	u = r.start()
	u.acked(50)
	u.end()
	if !strings.Contains(r.log.String(), "repeats_at_most=50") {
		t.Errorf("not said:\n%s", r.log.String())
	}
}

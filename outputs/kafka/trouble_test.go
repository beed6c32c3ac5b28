package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/wire"
)

// request asks the rig's broker something.
func (r *rig) request(q kmsg.Request) {
	r.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...))
	must(r.t, err)
	defer client.Close()
	_, err = client.Request(context.Background(), q)
	must(r.t, err)
}

func (r *rig) deleteTopic(topic string) {
	r.t.Helper()
	q := kmsg.NewDeleteTopicsRequest()
	q.TopicNames = []string{topic}
	t := kmsg.NewDeleteTopicsRequestTopic()
	t.Topic = &topic
	q.Topics = append(q.Topics, t)
	r.request(&q)
}

func (r *rig) createTopic(topic string) {
	r.t.Helper()
	r.createTopicOf(topic, 1)
}

func (r *rig) createTopicOf(topic string, partitions int32) {
	r.t.Helper()
	q := kmsg.NewCreateTopicsRequest()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, partitions, 1
	q.Topics = append(q.Topics, t)
	r.request(&q)
}

// values are the topic's n records as text.
func (r *rig) values(topic string, n int) (all []string) {
	r.t.Helper()
	for _, rec := range r.records(topic, n) {
		all = append(all, string(rec.Value)+"\n")
	}
	return all
}

func (r *rig) refuse(code *kerr.Error, on *atomic.Bool, seen func(q *kmsg.ProduceRequest)) {
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if !on.Load() {
			return nil, nil, false
		}
		p := q.(*kmsg.ProduceRequest)
		if seen != nil {
			seen(p)
		}
		return refusal(p, code), nil, true
	})
}

// The topic is deleted and made again: what is new goes into the new one, and
// people are told.
func TestTopicMadeAgain(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.exact("logs")
	r.deleteTopic("logs")
	r.createTopic("logs")
	s.append(numbered(10, 10))
	if got := strings.Join(r.values("logs", 10), ""); got != numbered(10, 10) {
		t.Errorf("the new topic has %q", got)
	}
	s.append(numbered(20, 10))
	if got := strings.Join(r.values("logs", 20), ""); got != numbered(10, 20) {
		t.Errorf("the new topic has %q", got)
	}
	u.end()
	if !strings.Contains(r.log.String(), "deleted and made again") {
		t.Errorf("nobody was told:\n%s", r.log.String())
	}
}

// The partition moves from broker to broker: the lane follows, and there is
// nothing to tell.
func TestPartitionMoves(t *testing.T) {
	r := newRig(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(1, "logs"))
	must(t, err)
	defer c.Close()
	r.cluster = c
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	for i := range 6 {
		r.exact("logs")
		must(t, c.MoveTopicPartition("logs", 0, int32(i%3)))
		s.append(numbered(10+10*i, 10))
	}
	r.exact("logs")
	u.end()
	if log := r.log.String(); strings.Contains(log, "level=WARN") || strings.Contains(log, "level=ERROR") || u.out.repeats.Load() > 0 {
		t.Errorf("log:\n%s", log)
	}
}

// Batches of the run before go out with the key that they had, before new
// lines go out with the key of today.
func TestReplayUnderAnotherKey(t *testing.T) {
	r := newRig(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(8, "logs"))
	must(t, err)
	defer c.Close()
	r.cluster, r.small = c, true
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 40))
	var refusing atomic.Bool
	refusing.Store(true)
	sent := make(chan struct{})
	var once sync.Once
	r.refuse(kerr.NotEnoughReplicas, &refusing, func(*kmsg.ProduceRequest) { once.Do(func() { close(sent) }) })
	u := r.start()
	<-sent
	u.crash()
	refusing.Store(false)
	r.key = "host-2"
	u = r.start()
	got := r.records("logs", 40)
	u.end()
	slices.SortFunc(got, func(a, b *kgo.Record) int { return strings.Compare(string(a.Value), string(b.Value)) })
	old := 0
	for i, rec := range got {
		if want := fmt.Sprintf("line %06d end", i); string(rec.Value) != want {
			t.Fatalf("record %d is %q, want %q", i, rec.Value, want)
		}
		if want := wire.Partition(rec.Key, 8); rec.Partition != want {
			t.Errorf("record %d with key %s in partition %d, want %d", i, rec.Key, rec.Partition, want)
		}
		if string(rec.Key) == "host-1" && i == old {
			old++
		} else if string(rec.Key) != "host-2" {
			t.Errorf("record %d has key %s", i, rec.Key)
		}
	}
	if old == 0 || old == 40 {
		t.Errorf("%d records with the old key", old)
	}
}

// throttled is a connection whose answers tell the client to pause. It breaks
// behind one of them.
type throttled struct {
	net.Conn
	pause   time.Duration
	breakAt int32
	answers *atomic.Int32
	until   atomic.Int64
	early   *atomic.Int32
}

func (c *throttled) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 20 && n < 200 { // an answer to Produce
		binary.BigEndian.PutUint32(p[n-5:], uint32(c.pause.Milliseconds()))
		c.until.Store(time.Now().Add(c.pause / 2).UnixNano())
		if c.answers.Add(1) == c.breakAt {
			time.AfterFunc(c.pause/2, func() { c.Close() })
		}
	}
	return n, err
}

func (c *throttled) Write(p []byte) (int, error) {
	if time.Now().UnixNano() < c.until.Load() {
		c.early.Add(1)
	}
	return c.Conn.Write(p)
}

// The broker wants pauses, and the connection breaks in one of them.
func TestThrottled(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 1))
	r.sources["logs"] = s
	var answers, early atomic.Int32
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &throttled{Conn: nc, pause: 60 * time.Millisecond, breakAt: 4, answers: &answers, early: &early}, err
	}
	u := r.start()
	for i := int64(1); i <= 12; i++ {
		for u.out.records.Load() < i {
			runtime.Gosched()
		}
		s.append(numbered(int(i), 1))
	}
	r.exact("logs")
	u.end()
	if answers.Load() < 8 || early.Load() > 0 || u.out.repeats.Load() > 0 {
		t.Errorf("%d answers, %d writes too early, %d repeats", answers.Load(), early.Load(), u.out.repeats.Load())
	}
}

// While the quota of the client is used up, people can see that.
func TestQuotaUsedUp(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 1))
	r.sources["logs"] = s
	var answers, early atomic.Int32
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &throttled{Conn: nc, pause: time.Second, answers: &answers, early: &early}, err
	}
	saysQuota(t, r.start(), s)
}

// A codec that one topic does not take is still that of the others.
func TestCodecOfOneTopic(t *testing.T) {
	r := newRig(t, "a", "b")
	r.sources["a"] = newSource(1, "/var/log/a.log", numbered(0, 500))
	r.sources["b"] = newSource(2, "/var/log/b.log", numbered(0, 500))
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		if p.Topics[0].TopicID != r.cluster.TopicInfo("a").TopicID || p.Topics[0].Partitions[0].Records[22]&7 == 0 {
			return nil, nil, false
		}
		return refusal(p, kerr.UnsupportedCompressionType), nil, true
	})
	u := r.start()
	r.exact("a")
	r.exact("b")
	r.sources["a"].append(numbered(500, 500))
	r.sources["b"].append(numbered(500, 500))
	r.exact("a")
	r.exact("b")
	u.end()
	if u.out.codec != wire.LZ4 {
		t.Errorf("the output's codec became %v", u.out.codec)
	}
}

// The files are gone when the broker refuses a batch for what it is: the lines
// are taken out of the batch itself.
func TestRemadeWithoutTheFile(t *testing.T) {
	codes := []*kerr.Error{
		kerr.MessageTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp, kerr.UnsupportedCompressionType, kerr.CorruptMessage,
	}
	for _, code := range codes {
		t.Run(code.Message, func(t *testing.T) {
			r := newRig(t, "logs")
			s := newSource(1, "/var/log/a.log", numbered(0, 100))
			s.lines = 30
			r.sources["logs"] = s
			var first atomic.Bool
			first.Store(true)
			r.refuse(code, &first, func(*kmsg.ProduceRequest) {
				first.Store(false)
				s.mu.Lock()
				s.gone = true
				s.mu.Unlock()
			})
			u := r.start()
			r.exact("logs")
			u.end()
			if n := u.out.givenUp.Load() + u.out.repeats.Load(); n != 0 {
				t.Errorf("%d lost or repeated; log:\n%s", n, r.log.String())
			}
		})
	}
}

// A broker that does not take a batch's time gets it with another, all of it at
// once: to single out records would take an hour after a long outage.
func TestRestamped(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 300))
	var first []byte
	var requests atomic.Int32
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		stamp := p.Topics[0].Partitions[0].Records[27:35]
		requests.Add(1)
		if first == nil {
			first = slices.Clone(stamp)
		}
		if !slices.Equal(stamp, first) {
			return nil, nil, false
		}
		return refusal(p, kerr.InvalidTimestamp), nil, true
	})
	u := r.start()
	r.exact("logs")
	u.end()
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, want the batch with two times", n)
	}
}

// The clock of the host is wrong: people are told, until it is right.
func TestRefusedForTheClock(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 3))
	var right atomic.Bool
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if right.Load() {
			return nil, nil, false
		}
		return refusal(q.(*kmsg.ProduceRequest), kerr.InvalidTimestamp), nil, true
	})
	u := r.start()
	u.until(t, "trouble", func(s Stats) bool { return strings.Contains(s.Trouble, "compare the clocks") })
	right.Store(true)
	u.until(t, "the end of the trouble", func(s Stats) bool { return s.Trouble == "" && s.Acked == 3 })
	r.exact("logs")
	u.end()
}

// Both halves of a batch say how their files are known again, also when the
// lines are out of the batch itself.
func TestHalvesHaveMarks(t *testing.T) {
	r := newRig(t, "logs")
	d := r.lone()
	s := newSource(1, "/var/log/a.log", numbered(0, 201))
	s.at = len(numbered(0, 100))
	var c flow.Chunk
	if !s.Next(&c, 1<<20) {
		t.Fatal("nothing to read")
	}
	e := wire.NewEncoder()
	e.Begin(nil, wire.LZ4, 1<<20, 1)
	e.Add(&c, 0)
	b := &batch{bytes: e.Finish(1, 1, 1), counts: []int{c.Lines()}}
	b.Count, b.Codec, b.Spans = int32(c.Lines()), "lz4", []flow.Span{c.Span(0, c.Lines())}
	f := func(chunks []flow.Chunk, first flow.Mark) {
		t.Helper()
		parts, err := d.halves(b, chunks)
		must(t, err)
		if parts[0].Count != 51 || parts[1].Count != 50 {
			t.Errorf("halves of %d and %d lines", parts[0].Count, parts[1].Count)
		}
		for _, p := range parts {
			if n := int64(len(p.bytes.Bytes)); n == 0 || p.cost != n {
				t.Errorf("%d bytes cost %d of the budget", n, p.cost)
			}
		}
		if got := parts[1].Spans[0]; got.End != b.Spans[0].End || got.Mark != b.Spans[0].Mark {
			t.Errorf("second half %+v, the whole %+v", got, b.Spans[0])
		}
		if got := parts[0].Spans[0]; got.Start != b.Spans[0].Start || first.PrefixLen > 0 && got.Mark != first {
			t.Errorf("first half %+v, want mark %+v", got, first)
		}
	}
	f([]flow.Chunk{c}, c.Span(0, 51).Mark)
	values, err := chunksOf(b)
	must(t, err)
	f(values, flow.Mark{})
}

// Halves of records that were cut out of the same bytes are told apart by their
// number, again and again, also when the records are out of the batch itself.
func TestHalvesOfRecords(t *testing.T) {
	r := newRig(t, "logs")
	d := r.lone()
	c := flow.Chunk{File: 1, Path: "/var/log/a.log", Start: 100, Data: make([]byte, 50), Reading: 4}
	for i := range 5 { // they overlap
		c.Records = append(c.Records, flow.Record{Start: uint32(i), End: 50, Clean: i == 4, Value: fmt.Appendf(nil, "value %d", i)})
	}
	e := wire.NewEncoder()
	e.Begin(nil, wire.LZ4, 1<<20, 1)
	e.Add(&c, 0)
	b := &batch{bytes: e.Finish(1, 1, 1), counts: []int{c.Lines()}}
	b.Count, b.Codec, b.Spans = 5, "lz4", []flow.Span{c.Span(0, 5)}
	f := func(b *batch, c flow.Chunk, want ...string) []*batch {
		t.Helper()
		parts, err := d.halves(b, []flow.Chunk{c})
		must(t, err)
		memory, err := chunksOf(b)
		must(t, err)
		same, err := d.halves(b, memory)
		must(t, err)
		for i, p := range parts {
			s := p.Spans[0]
			if got := fmt.Sprintf("%d %d+%d", p.Count, s.Skip, s.Take); got != want[i] || s.Start != 100 || s.End != 150 || s.Mark != b.Spans[0].Mark {
				t.Errorf("half %d has %s, want %s: %+v", i, got, want[i], s)
			}
			if !slices.Equal(p.bytes.Bytes, same[i].bytes.Bytes) || s != same[i].Spans[0] {
				t.Errorf("half %d is another out of the batch itself", i)
			}
		}
		return parts
	}
	parts := f(b, c, "3 0+3", "2 3+0")
	first, second := c, c
	first.Take(0, 3)
	f(parts[0], first, "2 0+2", "1 2+1")
	second.Take(3, 5)
	f(parts[1], second, "1 3+1", "1 4+0")
}

// Of the batches that are sent again after a crash, one cannot be built: only
// its lines are missing, and that is counted.
func TestReplayWithAHole(t *testing.T) {
	r := newRig(t, "logs")
	r.small = true
	s := newSource(1, "/var/log/a.log", numbered(0, 4))
	r.sources["logs"] = s
	var refusing atomic.Bool
	r.refuse(kerr.NotEnoughReplicas, &refusing, nil)
	u := r.start()
	r.exact("logs")
	refusing.Store(true)
	s.append(numbered(4, 40))
	u.journalled("logs", 2)
	u.crash()
	refusing.Store(false)
	j, err := journal.Open(r.dir, journal.Options{})
	must(t, err)
	intents := j.State().Lanes[0].Intents
	must(t, j.Close())
	hole := intents[1]
	s.mu.Lock()
	s.hole = hole.Spans[0].Start
	s.mu.Unlock()
	u = r.start()
	want := numbered(0, 44)
	want = want[:hole.Spans[0].Start] + want[hole.Spans[0].End:]
	if got := strings.Join(r.values("logs", 44-int(hole.Count)), ""); got != want {
		t.Errorf("the topic has %q, want %q", got, want)
	}
	u.end()
	if n := u.out.givenUp.Load(); n != int64(hole.Count) {
		t.Errorf("%d lines given up, want %d", n, hole.Count)
	}
}

// A stop does not wait for a journal that takes nothing: what it does not know
// was not sent, and comes at the next start.
func TestStopWithoutJournal(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.records("logs", 10)
	must(t, u.journal.Close()) // from here on it refuses like a full disk
	s.append(numbered(10, 10))
	for u.out.Stats()[0].Trouble == "" {
		time.Sleep(10 * time.Millisecond)
	}
	u.end()
	u = r.start()
	r.records("logs", 20)
	u.end()
	r.exact("logs")
}

package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/wire"
)

// plainRig is a rig whose output ships at least once.
func plainRig(t *testing.T, topics ...string) *rig {
	t.Helper()
	r := newRig(t, topics...)
	r.plain = true
	return r
}

// all demands that the topic has every line of its source, and gives how many
// records it has beside those.
func (r *rig) all(topic string) (repeats int) {
	r.t.Helper()
	s := r.sources[topic]
	due := map[string]bool{}
	offset := 0
	for line := range strings.Lines(string(s.data)) {
		due[strconv.Itoa(offset)+" "+strings.TrimSuffix(line, "\n")] = true
		offset += len(line)
	}
	n := len(due)
	got := r.records(topic, n)
	for len(due) > 0 {
		for _, rec := range got {
			delete(due, string(rec.Headers[1].Value)+" "+string(rec.Value))
		}
		if len(due) > 0 {
			got = r.records(topic, len(got)+1) // some of those were repeats
		}
	}
	return len(got) - n
}

// settled waits until all of a source is acked in the journal.
func (r *rig) settled(u *run, topic string) {
	r.t.Helper()
	s := r.sources[topic]
	u.until(r.t, "all is acked", func(Stats) bool {
		at, _ := u.journal.Acked(s.id)
		return at == int64(len(s.data))
	})
}

// Nothing fails: every line once, in order, with key and headers, in every
// codec, and over restarts.
func TestAtLeastOnce(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		r := plainRig(t, "logs")
		r.codec = codec
		s := newSource(1, "/var/log/a.log", numbered(0, 10_000))
		r.sources["logs"] = s
		u := r.start()
		r.settled(u, "logs")
		u.end()
		u = r.start()
		s.append(numbered(10_000, 1_000))
		r.settled(u, "logs")
		r.exact("logs")
		u.end()
		if n := u.out.repeats.Load(); n != 0 {
			t.Errorf("%s: %d repeats counted", codec, n)
		}
	}
}

// Brokers answer with errors, append and say otherwise, or cut the connection,
// and the agent is killed meanwhile: nothing is missing.
func TestAtLeastOnceWithErrors(t *testing.T) {
	r := plainRig(t, "logs")
	s := newSource(1, "/var/log/a.log", "")
	s.lines = 50
	r.sources["logs"] = s
	random := rand.New(rand.NewPCG(1, 1))
	var asked atomic.Int32
	r.cluster.ControlKey(produceKey, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		asked.Add(1)
		switch random.IntN(8) {
		case 0:
			return refusal(q.(*kmsg.ProduceRequest), kerr.NotLeaderForPartition), nil, true
		case 1:
			return refusal(q.(*kmsg.ProduceRequest), kerr.RequestTimedOut), nil, true
		case 2:
			return nil, fmt.Errorf("the connection is cut"), true
		}
		return nil, nil, false
	})
	for n := range 6 {
		u := r.start()
		for i := range 5 {
			before := asked.Load()
			s.append(numbered(n*500+i*100, 100))
			u.until(t, "something is sent", func(Stats) bool { return asked.Load() > before })
		}
		if n%2 == 0 {
			u.crash()
			continue
		}
		r.settled(u, "logs")
		u.end()
	}
	t.Logf("%d requests, %d repeats", asked.Load(), r.all("logs"))
}

// What is refused while what follows is taken leaves a hole, over which no ack
// goes: a crash then sends again from there.
func TestAtLeastOnceHole(t *testing.T) {
	r := plainRig(t, "logs")
	s := newSource(1, "/var/log/a.log", "")
	r.sources["logs"] = s
	var refusing atomic.Bool
	r.refuse(kerr.NotEnoughReplicas, &refusing, nil)
	u := r.start()
	s.append(numbered(0, 10))
	r.settled(u, "logs")
	refusing.Store(true)
	s.append(numbered(10, 10))
	u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
	u.crash()
	refusing.Store(false)
	if at, _ := u.journal.Acked(1); at != int64(len(numbered(0, 10))) {
		t.Errorf("acked up to %d", at)
	}
	u = r.start()
	r.settled(u, "logs")
	r.exact("logs")
	u.end()
	if !strings.Contains(r.log.String(), "the topic waits") {
		t.Errorf("nobody was told:\n%s", r.log.String())
	}
}

// The ack of a later parcel waits for that of an earlier one.
func TestNoAckOverAHole(t *testing.T) {
	r := plainRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 4))
	s.lines = 1
	r.sources["logs"] = s
	r.codec = "none"
	u := r.start()
	r.settled(u, "logs")
	u.end()

	j, err := journal.Open(r.dir, journal.Options{})
	must(t, err)
	defer j.Close()
	s.append(numbered(4, 4))
	p := newAtLeastOnce(u.out, journal.LaneState{Lane: journal.Lane{Topic: "logs"}}, s)
	p.Journal, p.stop, p.hard = j, t.Context(), t.Context()
	p.read()
	if len(p.queue) != 4 {
		t.Fatalf("%d parcels", len(p.queue))
	}
	line := func(n int) int64 { return int64(len(numbered(0, n))) }
	f := func(c *parcel, want int64) {
		t.Helper()
		p.ack(c, 0)
		if at, _ := j.Acked(1); at != want {
			t.Errorf("acked up to %d, want %d", at, want)
		}
	}
	a, b, c, d := p.queue[0], p.queue[1], p.queue[2], p.queue[3]
	f(b, line(4))
	f(d, line(4))
	f(a, line(6))
	f(a, line(6)) // a second answer counts for nothing
	f(c, line(8))
	if n := u.out.Budget.Used(); n != 0 {
		t.Errorf("%d bytes of the budget were never given back", n)
	}
}

// What an exactly-once run had under way is sent again, also when the brokers
// have it, and comes before new lines; then exactly once goes on.
func TestAtLeastOnceAfterExactlyOnce(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.exact("logs")
	var refusing atomic.Bool
	refusing.Store(true)
	r.refuse(kerr.NotEnoughReplicas, &refusing, nil)
	s.append(numbered(10, 100))
	u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
	u.crash()
	refusing.Store(false)
	r.plain = true
	u = r.start()
	s.append(numbered(110, 100))
	r.settled(u, "logs")
	u.end()
	if n := len(u.journal.State().Lanes[0].Intents); n == 0 {
		t.Error("nothing was under way: the test shows nothing")
	}
	r.plain = false
	u = r.start()
	s.append(numbered(210, 100))
	r.settled(u, "logs")
	u.end()
	r.exact("logs") // what was refused was not appended
}

// A topic takes 1 KB: what is longer is shortened and kept whole, also when the
// limit is lowered while the agent runs; what is short is exact.
func TestAtLeastOnceTooLarge(t *testing.T) {
	r := plainRig(t, "logs")
	long := strings.Repeat("x", 5000)
	s := newSource(1, "/var/log/a.log", numbered(0, 100)+long+"\n"+numbered(100, 100))
	r.sources["logs"] = s
	r.limitTopic("logs", 1000)
	u := r.start()
	r.settled(u, "logs")
	u.end()
	got := r.records("logs", 201)
	if len(got) != 201 {
		t.Fatalf("%d records", len(got))
	}
	short := got[100]
	if !bytes.HasPrefix([]byte(long), short.Value) || len(short.Value) < 500 || len(short.Value) > 1000 {
		t.Errorf("shortened to %d bytes", len(short.Value))
	}
	if h := short.Headers[len(short.Headers)-1]; h.Key != "truncated" || string(h.Value) != "5000" {
		t.Errorf("header %s: %s", h.Key, h.Value)
	}
	kept, err := os.ReadFile(r.dir + "/dead-letter.jsonl")
	must(t, err)
	if n := bytes.Count(kept, []byte{'\n'}); n != 1 {
		t.Errorf("%d dead letters", n)
	}
}

// Records have the headers that exactly-once batches have.
func TestAtLeastOnceHeaders(t *testing.T) {
	f := func(c flow.Chunk) {
		t.Helper()
		e := wire.NewEncoder()
		e.Begin([]byte("k"), wire.None, 1<<20, 1)
		n := e.Add(&c, 0)
		values, err := e.Finish(1, 1, 0).Values()
		must(t, err)
		if n == 0 || len(values) != n {
			t.Fatalf("%d of %d records", len(values), n)
		}
		for i, v := range values {
			m := messageOf(&c, i, "k")
			value, err := m.Value.Encode()
			must(t, err)
			if !bytes.Equal(value, v.Line) {
				t.Errorf("value %q, want %q", value, v.Line)
			}
			var want []string
			if !(c.Form != nil && c.Form.NoPath) {
				want = append(want, "path="+v.Path)
			}
			want = append(want, "offset="+strconv.FormatInt(v.Offset, 10))
			for _, h := range v.Headers {
				want = append(want, h.Key+"="+string(h.Value))
			}
			if got := headerText(m.Headers); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("headers %q, want %q", got, want)
			}
		}
	}
	whole := flow.Chunk{Path: "/a", Start: 7, Data: []byte("one\ntwo\n")}
	whole.Split()
	f(whole)
	piece := flow.Chunk{Path: "/a", Start: 7, Data: []byte("three"), Part: 3, Final: true}
	piece.Split()
	f(piece)
	f(flow.Chunk{
		Path: "/a", Start: 7, Data: []byte("ab"), Reading: 1,
		Records: []flow.Record{{End: 2, Clean: true, Value: []byte("AB"), Headers: []flow.Header{{Key: "x", Value: []byte("y")}}}},
	})
}

func headerText(headers []sarama.RecordHeader) (all []string) {
	for _, h := range headers {
		all = append(all, string(h.Key)+"="+string(h.Value))
	}
	return all
}

// limitTopic sets max.message.bytes, and has the broker heed it.
func (r *rig) limitTopic(topic string, limit int) {
	r.t.Helper()
	q := kmsg.NewIncrementalAlterConfigsRequest()
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	text := strconv.Itoa(limit)
	res.Configs = append(res.Configs, kmsg.IncrementalAlterConfigsRequestResourceConfig{Name: "max.message.bytes", Value: &text})
	q.Resources = append(q.Resources, res)
	r.request(&q)
	r.cluster.ControlKey(produceKey, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		if len(p.Topics[0].Partitions[0].Records) > limit {
			return refusal(p, kerr.MessageTooLarge), nil, true
		}
		return nil, nil, false
	})
}

// A broker takes a batch and never answers: the end does not wait for it, and
// after the next start all is there.
func TestAtLeastOnceEndsWhileABrokerHangs(t *testing.T) {
	r := plainRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.settled(u, "logs")
	hung, release := make(chan struct{}), make(chan struct{})
	r.cluster.ControlKey(produceKey, func(kmsg.Request) (kmsg.Response, error, bool) {
		close(hung)
		r.cluster.SleepControl(func() { <-release })
		return nil, fmt.Errorf("the connection is cut"), true
	})
	s.append(numbered(10, 10))
	<-hung
	began := time.Now()
	u.crash()
	if d := time.Since(began); d >= requestTimeout {
		t.Errorf("the end took %v", d)
	}
	close(release)
	u = r.start()
	r.settled(u, "logs")
	u.end()
	r.all("logs")
}

// paced is a connection on which each answer to Produce asks for a pause.
type paced struct {
	net.Conn
	pause    time.Duration
	produced atomic.Bool
}

func (c *paced) Write(p []byte) (int, error) {
	if len(p) > 8 && binary.BigEndian.Uint16(p[4:]) == uint16(kmsg.Produce) {
		c.produced.Store(true)
	}
	return c.Conn.Write(p)
}

func (c *paced) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 20 && c.produced.Swap(false) {
		binary.BigEndian.PutUint32(p[n-5:], uint32(c.pause.Milliseconds())) // before no tags
	}
	return n, err
}

// While the quota of the client is used up, people can see that.
func TestAtLeastOnceQuota(t *testing.T) {
	r := plainRig(t, "logs")
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &paced{Conn: nc, pause: time.Second}, err
	}
	s := newSource(1, "/var/log/a.log", numbered(0, 1))
	r.sources["logs"] = s
	saysQuota(t, r.start(), s)
}

// A stop does not wait until the quota allows more.
func TestAtLeastOnceQuotaAtTheEnd(t *testing.T) {
	r := plainRig(t, "logs")
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &paced{Conn: nc, pause: time.Hour}, err
	}
	s := newSource(1, "/var/log/a.log", numbered(0, 1))
	r.sources["logs"] = s
	u := r.start()
	u.until(t, "the first line", func(s Stats) bool { return s.Acked == 1 })
	s.append(numbered(1, 1))
	u.until(t, "the quota is said", func(s Stats) bool { return strings.Contains(s.Pause, "quota") })
	u.crash()
}

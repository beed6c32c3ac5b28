package kafka

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/security"
)

// rig is an output over a real journal and a broker in memory.
type rig struct {
	t       *testing.T
	cluster *kfake.Cluster
	dir     string // of the journal
	sources map[string]*source
	name    string // of the output
	key     string
	host    string // "": the key
	codec   string
	plain   bool          // at least once
	settle  int64         // milliseconds that a lane waits for what was sent before
	small   bool          // one chunk a batch, so that there are many
	dial    dialer        // nil: the real one
	look    time.Duration // how often partitions and files are looked for, 0: as always
	deal    string        // the partitioner
	brokers []string      // nil: the cluster's

	security security.Options
	log      bytes.Buffer
}

func newRig(t *testing.T, topics ...string) *rig {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &rig{t: t, cluster: c, dir: t.TempDir(), key: "host-1", codec: "lz4", settle: 200, sources: map[string]*source{}}
}

// run is one life of the output. kill ends it as SIGKILL would, stop cleanly.
type run struct {
	out        *Output
	journal    *journal.Journal
	kill, stop context.CancelFunc
	done       chan struct{}
}

func (r *rig) start() *run {
	r.t.Helper()
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: &r.log}, nil))
	j, err := journal.Open(r.dir, journal.Options{Sync: time.Second, Log: log})
	if err != nil {
		r.t.Fatal(err)
	}
	state := j.State()
	for topic, s := range r.sources {
		at := 0
		for _, f := range state.Files {
			if f.ID == s.id {
				at = int(f.Resume)
			}
		}
		s.begin(at)
		if at == 0 {
			must(r.t, j.Write(journal.Record{File: &journal.File{ID: s.id, Path: s.path, Topic: topic}}))
		}
		s.topic = topic
		s.setKey(r.key)
	}
	brokers := r.brokers
	if brokers == nil {
		brokers = r.cluster.ListenAddrs()
	}
	o, err := New(Options{
		Name: r.name, Brokers: brokers, Security: r.security, ClientID: "test", Compression: r.codec, AtLeastOnce: r.plain, Partitioner: r.deal, Host: cmp.Or(r.host, r.key),
		Source: sources(r.sources), Fetcher: fetchers(r.sources), Journal: j, State: state,
		Budget: flow.NewBudget(32 << 20), DeadLetter: r.dir + "/dead-letter.jsonl", Log: log,
	})
	must(r.t, err)
	if r.dial != nil {
		o.conns.dial = r.dial
		if r.plain {
			o.cluster.secured = func(_ context.Context, network, addr string) (net.Conn, error) { return r.dial(network, addr) }
		}
	}
	o.settle = r.settle
	o.lookEach = cmp.Or(r.look, o.lookEach)
	if r.small {
		o.most = 200
	}
	ctx, stop := context.WithCancel(context.Background())
	hard, kill := context.WithCancel(context.Background())
	u := &run{out: o, journal: j, kill: kill, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(u.done)
		if err := o.Run(ctx, hard); err != nil {
			r.t.Error(err)
		}
		if n := o.Budget.Used(); n != 0 {
			r.t.Errorf("%d bytes of the budget were never given back", n)
		}
		if n := len(o.encoders); n != cap(o.encoders) {
			r.t.Errorf("%d encoders of %d at the end", n, cap(o.encoders))
		}
		if err := j.Close(); err != nil {
			r.t.Error(err)
		}
	}()
	return u
}

// end stops a run and waits for it.
func (u *run) end() {
	u.stop()
	<-u.done
	u.kill()
}

// crash ends a run at once, wherever it is.
func (u *run) crash() {
	u.kill()
	u.stop()
	<-u.done
}

type fetchers map[string]*source

func (f fetchers) Fetch(s flow.Span, c *flow.Chunk) error {
	for _, src := range f {
		if src.id == s.File {
			return src.Fetch(s, c)
		}
	}
	return flow.ErrGone
}

// lockedWriter lets several goroutines log.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// records reads the topic until it has n records, then whatever else comes
// within a moment.
func (r *rig) records(topic string, n int) []*kgo.Record {
	r.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond), kgo.MetadataMinAge(20*time.Millisecond))
	must(r.t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var all []*kgo.Record
	for len(all) < n {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			r.t.Fatalf("topic %s has %d records, want %d; log:\n%s", topic, len(all), n, r.log.String())
		}
		all = append(all, fetches.Records()...)
	}
	more, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	return append(all, client.PollFetches(more).Records()...)
}

// exact demands that the topic holds the lines of its source, each once, in
// order, with key and headers.
func (r *rig) exact(topic string) {
	r.t.Helper()
	s := r.sources[topic]
	lines := strings.SplitAfter(string(s.data), "\n")
	lines = lines[:len(lines)-1]
	got := r.records(topic, len(lines))
	offset := 0
	for i, rec := range got {
		if i >= len(lines) {
			r.t.Fatalf("%d records too many, the first: %q", len(got)-len(lines), rec.Value)
		}
		want := strings.TrimSuffix(lines[i], "\n")
		if s.timed {
			want = object(rec.Timestamp, want)
		}
		if string(rec.Value) != want {
			r.t.Fatalf("record %d is %q, want %q; log:\n%s", i, rec.Value, want, r.log.String())
		}
		if string(rec.Key) != r.key || string(rec.Headers[0].Value) != s.path || string(rec.Headers[1].Value) != strconv.Itoa(offset) {
			r.t.Fatalf("record %d: key %q, headers %v", i, rec.Key, rec.Headers)
		}
		offset += len(lines[i])
	}
}

func TestShipsEveryLineOnceInEveryCodec(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			r := newRig(t, "logs")
			r.codec = codec
			r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 20_000))
			u := r.start()
			r.exact("logs")
			u.end()
			if n := u.out.records.Load(); n != 20_000 {
				t.Errorf("%d records counted", n)
			}
			if n := u.out.Budget.Used(); n != 0 {
				t.Errorf("%d bytes still under way", n)
			}
		})
	}
}

func TestNewLinesAndRestarts(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", "")
	r.sources["logs"] = s
	for i := range 5 {
		u := r.start()
		for k := range 5 {
			s.append(numbered(i*50+k*10, 10))
			r.records("logs", i*50+k*10+10)
		}
		if i%2 == 0 {
			u.end()
		} else {
			u.crash()
		}
	}
	r.exact("logs")
}

// Every request of a short life is refused once, with every kind of answer.
func TestEveryAnswerAtEveryRequest(t *testing.T) {
	codes := []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.CorruptMessage, kerr.UnknownServerError, kerr.KafkaStorageError, kerr.UnknownTopicOrPartition,
		kerr.MessageTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp, kerr.UnsupportedCompressionType,
	}
	for _, code := range codes {
		t.Run(code.Message, func(t *testing.T) {
			t.Parallel()
			for at := 1; at <= 8; at++ {
				r := newRig(t, "logs")
				r.small = true
				s := newSource(1, "/var/log/a.log", numbered(0, 40))
				r.sources["logs"] = s
				refuseNth(r.cluster, int32(at), code)
				u := r.start()
				r.exact("logs")
				u.end()
				if n := u.out.repeats.Load(); n != 0 {
					t.Errorf("request %d: %d possible repeats; log:\n%s", at, n, r.log.String())
				}
			}
		})
	}
}

// refuseNth has the n-th Produce answered with an error and not appended.
func refuseNth(c *kfake.Cluster, n int32, code *kerr.Error) {
	var seen atomic.Int32
	c.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if seen.Add(1) != n {
			return nil, nil, false
		}
		return refusal(q.(*kmsg.ProduceRequest), code), nil, true
	})
}

func refusal(q *kmsg.ProduceRequest, code *kerr.Error) kmsg.Response {
	answer := q.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range q.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode, rp.BaseOffset = p.Partition, code.Code, -1
			rt.Partitions = append(rt.Partitions, rp)
		}
		answer.Topics = append(answer.Topics, rt)
	}
	return answer
}

// fault is a connection that breaks at one of its operations, counted over
// all connections of a rig.
type fault struct {
	net.Conn
	count *atomic.Int32
	at    int32
}

var errFault = errors.New("the network broke")

// Read breaks when an answer is there, so after the broker has appended.
func (f *fault) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if f.count.Add(1) == f.at {
		f.Conn.Close()
		return 0, errFault
	}
	return n, err
}

// Write breaks in the middle of what is written.
func (f *fault) Write(p []byte) (int, error) {
	if f.count.Add(1) == f.at {
		n, _ := f.Conn.Write(p[:len(p)/2])
		f.Conn.Close()
		return n, errFault
	}
	return f.Conn.Write(p)
}

// The connection breaks at every operation of a short life: in the middle of
// a request, or when an answer has come and nobody has seen it.
func TestBrokenConnectionAtEveryStep(t *testing.T) {
	for shard := range 4 {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			for at := int32(shard + 1); at <= 44; at += 4 {
				r := newRig(t, "logs")
				r.small = true
				r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 40))
				var count atomic.Int32
				r.dial = func(network, addr string) (net.Conn, error) {
					nc, err := net.Dial(network, addr)
					return &fault{Conn: nc, count: &count, at: at}, err
				}
				u := r.start()
				r.exact("logs")
				u.end()
				if n := u.out.repeats.Load(); n != 0 {
					t.Errorf("operation %d: %d possible repeats; log:\n%s", at, n, r.log.String())
				}
			}
		})
	}
}

// The agent is killed when the broker has seen the n-th request, and when the
// n-th answer is on its way; the next life sends the same batches again.
func TestKilledAtEveryRequest(t *testing.T) {
	for shard := range 4 {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			for at := int32(shard + 1); at <= 36; at += 4 {
				r := newRig(t, "logs")
				r.small = true
				r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 40))
				r.killedAt(at)
				u := r.start()
				r.exact("logs")
				u.end()
				if n := u.out.repeats.Load(); n != 0 {
					t.Errorf("operation %d: %d possible repeats; log:\n%s", at, n, r.log.String())
				}
			}
		})
	}
}

// killedAt runs an agent that is killed when the n-th operation on its connections
// has been done.
func (r *rig) killedAt(n int32) {
	r.t.Helper()
	var count atomic.Int32
	reached := make(chan struct{})
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &tripwire{Conn: nc, count: &count, at: n, reached: reached}, err
	}
	u := r.start()
	select {
	case <-reached:
		u.crash()
	case <-time.After(5 * time.Minute):
		r.t.Fatalf("operation %d was never reached", n)
	}
	r.dial = nil
}

// tripwire tells when one of the operations has been done.
type tripwire struct {
	net.Conn
	count   *atomic.Int32
	at      int32
	reached chan struct{}
}

func (w *tripwire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.trip()
	return n, err
}

func (w *tripwire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.trip()
	return n, err
}

func (w *tripwire) trip() {
	if w.count.Add(1) == w.at {
		close(w.reached)
	}
}

// A topic that is refused for ever does not hold up another.
func TestBadTopicHoldsUpNoOther(t *testing.T) {
	r := newRig(t, "good", "bad")
	r.sources["good"] = newSource(1, "/var/log/good.log", numbered(0, 5000))
	r.sources["bad"] = newSource(2, "/var/log/bad.log", numbered(0, 5000))
	var healed atomic.Bool
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		if healed.Load() || p.Topics[0].TopicID != r.cluster.TopicInfo("bad").TopicID {
			return nil, nil, false
		}
		return refusal(p, kerr.NotEnoughReplicas), nil, true
	})
	u := r.start()
	r.exact("good")
	healed.Store(true)
	r.exact("bad")
	u.end()
}

// A line that the topic does not take whole becomes a shortened record at its
// place, and is kept whole as a dead letter; its neighbours are as they are.
func TestLineTooLargeForTheTopic(t *testing.T) {
	r := newRig(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...))
	must(t, err)
	defer client.Close()
	create := kmsg.NewCreateTopicsRequestTopic()
	create.Topic, create.NumPartitions, create.ReplicationFactor = "logs", 1, 1
	limit := "2000"
	create.Configs = append(create.Configs, kmsg.CreateTopicsRequestTopicConfig{Name: "max.message.bytes", Value: &limit})
	q := kmsg.NewCreateTopicsRequest()
	q.Topics = append(q.Topics, create)
	_, err = q.RequestWith(context.Background(), client)
	must(t, err)

	r.codec = "none"
	long := strings.Repeat("x", 5000)
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 100)+long+"\n"+numbered(100, 100))
	// kfake does not look at max.message.bytes: it is told to.
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		if len(p.Topics[0].Partitions[0].Records) > 2000 {
			return refusal(p, kerr.MessageTooLarge), nil, true
		}
		return nil, nil, false
	})
	u := r.start()
	got := r.records("logs", 201)
	u.end()
	for i, rec := range got {
		want := fmt.Sprintf("line %06d end", i-i/101)
		if i == 100 {
			if len(rec.Value) == 0 || len(rec.Value) >= 2000 || !strings.HasPrefix(long, string(rec.Value)) {
				t.Errorf("the long line came as %d bytes", len(rec.Value))
			}
			last := rec.Headers[len(rec.Headers)-1]
			if last.Key != "truncated" || string(last.Value) != "5000" {
				t.Errorf("headers of the long line: %v", rec.Headers)
			}
			continue
		}
		if string(rec.Value) != want {
			t.Fatalf("record %d is %q, want %q", i, rec.Value, want)
		}
	}
	checkDeadLetter(t, r.dir+"/dead-letter.jsonl", long)
}

// What sarama opens is ours alone afterwards: it reads nothing and writes
// nothing on it.
func TestSaramaLeavesTheConnectionAlone(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer server.Close()
	r := newRig(t, "logs")
	accepted := make(chan net.Conn, 1)
	go func() { // a proxy to the broker, to see the bytes
		nc, err := server.Accept()
		if err != nil {
			return
		}
		accepted <- nc
	}()
	var log wireLog
	go func() {
		nc := <-accepted
		up, err := net.Dial("tcp", r.cluster.ListenAddrs()[0])
		if err != nil {
			return
		}
		go io.Copy(nc, up)
		io.Copy(io.MultiWriter(&log, up), nc) // counted before it can be answered
	}()
	c, err := dial(t.Context(), server.Addr().String(), *newConfig("test"), (&net.Dialer{}).Dial)
	must(t, err)
	before := log.size()
	if err := c.nc.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	// Only our own reader waits for bytes now. It times out, which shows
	// that sarama has left no reader and no deadline of its own behind.
	events := make(chan event, 1)
	if c.join(1, false, events) != nil {
		if e := <-events; !errors.Is(e.err, errAnswerTimeout) {
			t.Errorf("the connection ended with %v", e.err)
		}
	}
	if n := log.size(); n != before {
		t.Errorf("%d bytes were written by somebody else", n-before)
	}
	if ok, _ := c.opened.Connected(); ok && c.opened.ResponseSize() != 0 {
		t.Error("sarama waits for an answer")
	}
}

// wireLog counts bytes.
type wireLog struct{ n atomic.Int64 }

func (w *wireLog) Write(p []byte) (int, error) { w.n.Add(int64(len(p))); return len(p), nil }
func (w *wireLog) size() int64                 { return w.n.Load() }

func TestWrongPasswordIsSaid(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "me", "right"))
	must(t, err)
	defer c.Close()
	f := func(password string, ok bool) {
		t.Helper()
		config := newConfig("test")
		config.Net.SASL.Enable, config.Net.SASL.Mechanism = true, sarama.SASLTypePlaintext
		config.Net.SASL.User, config.Net.SASL.Password = "me", password
		conn, err := dial(t.Context(), c.ListenAddrs()[0], *config, (&net.Dialer{}).Dial)
		if (err == nil) != ok {
			t.Errorf("password %q: %v", password, err)
		}
		if conn != nil {
			conn.fail(io.EOF)
		}
	}
	f("right", true)
	f("wrong", false)
}

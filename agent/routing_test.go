package agent

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/config"
	"tailrace/outputs/kafka/wire"
)

// field is some logs in directories, and topics of four partitions that refuse
// every now and then.
type field struct {
	*bed
	dir     string
	written map[string]int // lines, by path
	lived   bool           // an agent ran
	rnd     *rand.Rand
	taken   atomic.Int64 // requests with records that were not refused
	refused atomic.Int64
	used    [partitions]atomic.Bool // that took some

	refuseAll atomic.Bool
}

const partitions = 4

func newField(t *testing.T, topics ...string) *field {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := newBed(t)
	b.cluster, b.config.Outputs.Kafka.Brokers = c, c.ListenAddrs()
	f := &field{bed: b, dir: filepath.Dir(b.log), written: map[string]int{}, rnd: rand.New(rand.NewPCG(1, 2))}
	in := &b.config.Inputs[0]
	in.Paths, in.Topic = []string{f.dir + "/*/*.log"}, topics[0]
	refusals := rand.New(rand.NewPCG(3, 4))
	c.ControlKey(int16(kmsg.Produce), func(q kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if refusals.IntN(3) > 0 && !f.refuseAll.Load() {
			f.taken.Add(1)
			for _, topic := range q.(*kmsg.ProduceRequest).Topics {
				for _, p := range topic.Partitions {
					f.used[p.Partition].Store(true)
				}
			}
			return nil, nil, false
		}
		f.refused.Add(1)
		return refuse(q.(*kmsg.ProduceRequest)), nil, true
	})
	return f
}

func refuse(q *kmsg.ProduceRequest) kmsg.Response {
	answer := q.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range q.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode, rp.BaseOffset = p.Partition, kerr.NotEnoughReplicas.Code, -1
			rt.Partitions = append(rt.Partitions, rp)
		}
		answer.Topics = append(answer.Topics, rt)
	}
	return answer
}

// grow appends lines to a log, and rotates it every now and then.
func (f *field) grow(name string, n int) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if f.rnd.IntN(3) == 0 {
		old, _ := filepath.Glob(path + ".*")
		for n := len(old); n > 0; n-- {
			_ = os.Rename(fmt.Sprint(path, ".", n), fmt.Sprint(path, ".", n+1))
		}
		_ = os.Rename(path, path+".1")
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	for range n {
		fmt.Fprintf(file, "%s line %d\n", name, f.written[name])
		f.written[name]++
	}
}

// live runs the agent until Kafka took something, and a little longer, and ends it, at once when kill says so.
func (f *field) live(kill bool, during func()) {
	f.t.Helper()
	before := f.taken.Load()
	l := f.start()
	if !f.lived {
		l.begun(f.t)
		f.lived = true
	}
	during()
	for f.taken.Load() == before {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(f.rnd.IntN(100)) * time.Millisecond) // to be anywhere
	if kill {
		close(l.kill)
	}
	l.stop()
	if err := <-l.ended; err != nil {
		f.t.Fatal(err)
	}
}

// got is all records of all topics, once there are as many as lines, and what
// comes a moment later.
func (f *field) got(topics ...string) (all []*kgo.Record) {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.ConsumeTopics(topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		f.t.Fatal(err)
	}
	defer client.Close()
	want := 0
	for _, n := range f.written {
		want += n
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for len(all) < want {
		all = append(all, client.PollFetches(ctx).Records()...)
		if ctx.Err() != nil {
			f.once(all, false)
			f.t.Fatalf("%d of %d lines came", len(all), want)
		}
	}
	more, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	return append(all, client.PollFetches(more).Records()...)
}

// once demands each line once, and with ordered in the order of its path.
func (f *field) once(all []*kgo.Record, ordered bool) {
	f.t.Helper()
	seen := map[string]int{}
	next := map[string]int{}
	for _, r := range all {
		line := string(r.Value)
		seen[line]++
		name, _, _ := strings.Cut(line, " line ")
		if want := fmt.Sprintf("%s line %d", name, next[name]); ordered && line != want {
			f.t.Fatalf("%q came when %q was due", line, want)
		}
		next[name]++
	}
	for name, n := range f.written {
		said := 1
		for i := range n {
			line := fmt.Sprintf("%s line %d", name, i)
			if times := seen[line]; times != said { // of many alike in a row, the first
				if said = times; times != 1 {
					f.t.Errorf("%q came %d times", line, times)
				}
			}
			delete(seen, line)
		}
	}
	for line, n := range seen {
		f.t.Errorf("%q was never written, and came %d times", line, n)
	}
}

func headers(r *kgo.Record) map[string]string {
	out := map[string]string{}
	for _, h := range r.Headers {
		out[h.Key] = string(h.Value)
	}
	return out
}

// Topic, key and headers are from the path at which a line was written, over
// rotations and kills, also of directories that appear while it runs.
func TestRoutesByPath(t *testing.T) {
	f := newField(t, "logs-pay", "logs-shop", "logs")
	in := &f.config.Inputs[0]
	in.Topic, in.PathPattern, in.FallbackTopic = "logs-{service}", `/svc-(?P<service>[^/]+)/`, "logs"
	in.Key, in.Headers = config.DefaultKey, map[string]string{"service": "{service}", "env": "prod"}
	in.Key = "path"
	names := []string{"svc-pay/a.log", "svc-pay/b.log", "svc-pay/c.log"}
	for i := range 8 {
		f.live(i%4 != 3, func() {
			for range 3 {
				for _, name := range names {
					f.grow(name, f.rnd.IntN(40))
				}
			}
			if i == 2 {
				names = append(names, "svc-shop/a.log", "other/a.log")
			}
		})
	}
	l := f.start()
	all := f.got("logs-pay", "logs-shop", "logs")
	l.stop()
	<-l.ended
	f.once(all, true)
	for _, r := range all {
		name, _, _ := strings.Cut(string(r.Value), " ")
		dir, _, _ := strings.Cut(name, "/")
		service, ok := strings.CutPrefix(dir, "svc-")
		if !ok {
			service = ""
		}
		topic := strings.TrimSuffix("logs-"+service, "-")
		path := filepath.Join(f.dir, name)
		if r.Topic != topic || string(r.Key) != path || r.Partition != wire.Partition(r.Key, partitions) {
			t.Fatalf("%q is in %s, partition %d, with key %s", r.Value, r.Topic, r.Partition, r.Key)
		}
		h := headers(r)
		if h["path"] != path || h["host"] != "host-1" || h["env"] != "prod" || h["service"] != service {
			t.Fatalf("%q has headers %v", r.Value, h)
		}
	}
}

// Whatever is changed between two runs, what was under way goes out as it was,
// and each line comes once.
func TestRoutesChange(t *testing.T) {
	f := newField(t, "logs", "logs-x")
	in := &f.config.Inputs[0]
	ways := []func(){
		func() {},
		func() { in.Key = "path" },
		func() { in.Key, in.Headers = "fixed", map[string]string{"x": "{base}"} },
		func() { f.config.Outputs.Kafka.Partitioner = config.FNV1a },
		func() { in.NoOffset, in.NoPath = true, true },
		func() { in.Topic = "logs-x" },
		func() { f.config.Outputs.Kafka.Partitioner = config.RoundRobin },
		func() { f.config.Hostname = "host-2" },
		func() { f.config.Outputs.Kafka.Partitioner = config.Manual },
		func() { in.Partition = 2 },
		func() { in.Partition = 3; in.Topic = "logs" },
	}
	kinds := map[string]bool{}
	for range 2 {
		for _, change := range ways {
			change()
			f.live(true, func() {
				for _, name := range []string{"x/a.log", "x/b.log", "y/c.log"} {
					f.grow(name, 1+f.rnd.IntN(60))
				}
			})
		}
		in.Key, in.Headers, in.Topic, in.NoPath, in.NoOffset = "hostname", nil, "logs", false, false
		f.config.Outputs.Kafka.Partitioner = config.Murmur2
	}
	l := f.start()
	all := f.got("logs", "logs-x")
	l.stop()
	<-l.ended
	f.once(all, false)
	for _, r := range all {
		kinds[fmt.Sprint(r.Topic, string(r.Key), len(r.Headers))] = true
	}
	if len(kinds) < 5 {
		t.Errorf("the records are of %q only", slices.Sorted(maps.Keys(kinds)))
	}
}

// With round_robin every partition gets lines, each line is there once, and a
// partition that takes nothing does not hold up the others.
func TestRoundRobin(t *testing.T) {
	f := newField(t, "logs")
	f.config.Outputs.Kafka.Partitioner = config.RoundRobin
	for range 5 {
		f.live(true, func() {
			for range 20 {
				f.grow("x/a.log", 1+f.rnd.IntN(9))
				f.grow("x/b.log", 1+f.rnd.IntN(9))
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	l := f.start()
	for i := range f.used { // with few batches it may not have been the turn of all
		for !f.used[i].Load() {
			f.grow("x/a.log", 1)
			time.Sleep(10 * time.Millisecond)
		}
	}
	all := f.got("logs")
	l.stop()
	<-l.ended
	f.once(all, false)
	in := map[int32]int{}
	for _, r := range all {
		in[r.Partition]++
	}
	if len(in) != partitions {
		t.Errorf("records in the partitions: %v", in)
	}
}

func TestManualPartition(t *testing.T) {
	f := newField(t, "logs")
	f.config.Outputs.Kafka.Partitioner, f.config.Inputs[0].Partition = config.Manual, 3
	f.grow("x/a.log", 10)
	l := f.start()
	all := f.got("logs")
	l.stop()
	<-l.ended
	f.once(all, true)
	if all[0].Partition != 3 {
		t.Errorf("in partition %d", all[0].Partition)
	}
}

// Package kafka ships lines to Apache Kafka, each exactly once.
//
// Every topic has one lane: a stream of record batches to the one partition
// that the key falls on. The rules by which a lane gets each line into the
// topic once are the pure state machine in the folder lane; the bytes of
// batches and requests are the folder wire. This package drives them: it
// reads lines from the feeds, keeps the journal, and talks to the brokers, on
// connections that sarama has opened and authenticated.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/lane"
	"tailrace/outputs/kafka/wire"
)

// Options is what an output needs. All fields but DeadLetter must be set.
type Options struct {
	Brokers     []string // host:port
	ClientID    string
	Compression string // as wire.ParseCodec takes it
	Key         string // of every record
	Feeds       map[string]flow.Feed
	Fetcher     flow.Fetcher
	Journal     *journal.Journal
	State       journal.State
	Budget      *flow.Budget
	DeadLetter  string // path of the file for lines that the brokers do not take
	Log         *slog.Logger
}

// Output ships the lines of its feeds.
type Output struct {
	Options
	codec    wire.Codec
	cluster  *cluster
	conns    *conns
	encoders chan *encoder // as many as there are cores: scratch is large
	spare    chan []byte   // of batches that were acked, for the next
	dead     *deadletter.File
	resumed  map[string]map[string][]int64 // where files are read on, by topic and path
	settle   int64                         // milliseconds, 0 for the lane's own
	most     int                           // bytes of a batch before compression, at most

	records atomic.Int64 // acked
	repeats atomic.Int64 // records that may be in a topic twice
	givenUp atomic.Int64 // records whose bytes were gone

	mu      sync.Mutex
	pulses  map[string]*flow.Pulse // of the running lanes
	tallies map[string]*tally      // of all topics
	unsent  []string               // what lanes could not finish, for the end
}

// New returns an output that does nothing until Run.
func New(o Options) (*Output, error) {
	codec, err := wire.ParseCodec(o.Compression)
	if err != nil {
		return nil, err
	}
	out := &Output{
		Options: o, codec: codec,
		cluster:  newCluster(o.Brokers, o.ClientID, o.Log),
		encoders: make(chan *encoder, runtime.GOMAXPROCS(0)),
		spare:    make(chan []byte, lane.Window),
		dead:     deadletter.New(o.DeadLetter),
		most:     batchMax,
		pulses:   map[string]*flow.Pulse{},
		tallies:  map[string]*tally{},
	}
	out.resumed = resumed(o.State)
	out.State.Files = nil // the garbage collector may have it: there may be many
	out.conns = newConns(out.cluster.config)
	for range cap(out.encoders) {
		out.encoders <- &encoder{Encoder: wire.NewEncoder()}
	}
	return out, nil
}

// encoder is the scratch for one batch: what is read, and what it becomes.
type encoder struct {
	*wire.Encoder
	chunk flow.Chunk
}

// Run ships lines until ctx ends; then it waits for the answers to what is
// under way, until hard ends.
func (o *Output) Run(ctx, hard context.Context) error {
	life, end := context.WithCancel(hard)
	defer o.cluster.close()
	defer end() // before the above: nobody waits for a broker any more
	o.cluster.life, o.conns.life = life, life
	var all sync.WaitGroup
	for _, topic := range o.topics() {
		all.Go(func() { o.ship(ctx, hard, topic) })
	}
	all.Wait()
	if len(o.unsent) > 0 {
		slices.Sort(o.unsent)
		o.Log.Warn("ended before all was acknowledged: what was under way is sent again at the next start, and counts once",
			"unanswered", o.unsent)
	}
	return nil
}

// topics is every topic that has a feed, or batches from the run before.
func (o *Output) topics() []string {
	var topics []string
	for t := range o.Feeds {
		topics = append(topics, t)
	}
	for _, l := range o.State.Lanes {
		if len(l.Intents) > 0 {
			topics = append(topics, l.Topic)
		}
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// ship runs the lanes of one topic: first those of the run before that are
// not the lane of today (another key, another number of partitions), to their
// end, since their lines come first; then today's.
func (o *Output) ship(ctx, hard context.Context, topic string) {
	feed := o.Feeds[topic]
	partition := int32(-1)
	if feed != nil {
		var ok bool
		if partition, ok = o.partition(ctx, topic); !ok {
			return
		}
	}
	today := journal.LaneState{Lane: journal.Lane{Topic: topic, Partition: partition, Key: o.Key}, Offset: -1}
	for _, l := range o.State.Lanes {
		switch {
		case l.Topic != topic:
		case l.Partition == partition && l.Key == o.Key:
			today = l
		case len(l.Intents) > 0:
			if !newDriver(o, l, nil).run(ctx, hard) {
				return
			}
		}
	}
	if feed == nil {
		return
	}
	if today.ID == 0 {
		today.ID = o.Journal.NewLane()
		today.Doubt, today.DoubtFrom = newLane, -1
		lane := journal.Record{Lane: &today.Lane}
		doubt := journal.Record{Doubt: &journal.Doubt{Lane: today.ID, Cause: today.Doubt, From: -1}}
		if !o.untilDone(ctx, hard, topic, func() error { return o.Journal.WriteSync(lane, doubt) }) {
			return
		}
	}
	newDriver(o, today, feed).run(ctx, hard)
}

// partition asks which partition of the topic the key falls on, until the
// brokers say.
func (o *Output) partition(ctx context.Context, topic string) (partition int32, ok bool) {
	pulse := o.pulse(topic)
	t := trouble{log: o.Log, tally: o.tally(topic), topic: topic, partition: -1}
	for wait := backoffMin; ; wait = min(2*wait, backoffMax) {
		var err error
		info, ok := await(ctx, pulse, func() (i topicInfo) { i, err = o.cluster.topic(topic, 0); return i })
		if !ok {
			return 0, false
		}
		if err == nil && info.partitions > 0 {
			t.end()
			return wire.Partition([]byte(o.Key), info.partitions), true
		}
		if err == nil {
			err = sarama.ErrLeaderNotAvailable
		}
		// A topic that the brokers make when they are asked for it is there
		// a moment later.
		if wait > time.Second {
			t.begin(codeOf(err), err)
		}
		if !sleep(ctx, wait) {
			return 0, false
		}
	}
}

// await waits for f, which asks the brokers and may take long, and shows
// meanwhile that the loop turns. It reports false when ctx ended first.
func await[T any](ctx context.Context, pulse *flow.Pulse, f func() T) (answer T, ok bool) {
	answers := make(chan T, 1)
	go func() { answers <- f() }()
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	for {
		pulse.Beat()
		select {
		case answer = <-answers:
			return answer, true
		case <-beat.C:
		case <-ctx.Done():
			return answer, false
		}
	}
}

// How long is waited between tries of something that failed.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 5 * time.Second
	// stopGrace is how long a stop waits for it.
	stopGrace = time.Second
)

// untilDone tries f, which writes the journal or reads files, until it
// succeeds; it reports false when hard ended first, or stop for a while.
func (o *Output) untilDone(stop, hard context.Context, topic string, f func() error) bool {
	ctx := hard
	failing := false
	pulse := o.pulse(topic)
	for wait := backoffMin; ; wait = min(2*wait, backoffMax) {
		err := f()
		if err == nil {
			if failing {
				o.tally(topic).goOn()
				o.Log.Info("goes on", "topic", topic)
			}
			return true
		}
		pulse.Beat()
		if !failing {
			o.Log.Error("the topic waits, nothing is lost; trying again until it works", "topic", topic, "error", err)
			failing = true
			o.tally(topic).wait(err.Error())
			var end func()
			ctx, end = graceful(stop, hard)
			defer end()
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// graceful is a context that ends when hard does, or stopGrace after stop.
func graceful(stop, hard context.Context) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancel(hard)
	unhook := context.AfterFunc(stop, func() {
		sleep(ctx, stopGrace)
		cancel()
	})
	return ctx, func() { unhook(); cancel() }
}

// pulse is the heartbeat of a topic's loop.
func (o *Output) pulse(topic string) *flow.Pulse {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pulses[topic]
	if p == nil {
		p = &flow.Pulse{}
		o.pulses[topic] = p
	}
	return p
}

// rest takes the heartbeat of a topic away: its loop has ended.
func (o *Output) rest(topic string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.pulses, topic)
}

// Alive reports whether every lane's loop turns. A lane that waits for
// brokers or a disk turns.
func (o *Output) Alive() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pulses {
		if p.Age() > 3*flow.PulseEvery {
			return false
		}
	}
	return true
}

// Status is one short sentence.
func (o *Output) Status() string {
	s := fmt.Sprintf("%d lines in Kafka, %d KiB under way", o.records.Load(), o.Budget.Used()>>10)
	if n := o.repeats.Load(); n > 0 {
		s += fmt.Sprintf(", %d possibly repeated", n)
	}
	if n := o.givenUp.Load(); n > 0 {
		s += fmt.Sprintf(", %d lost", n)
	}
	return s
}

// codeOf is the Kafka error code in err, or lane.Lost.
func codeOf(err error) int16 {
	var code sarama.KError
	if errors.As(err, &code) {
		return int16(code)
	}
	return lost
}

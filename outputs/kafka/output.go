// Package kafka ships lines to Apache Kafka, each exactly once.
//
// Every partition that is written to has one lane: a stream of record batches.
// The rules by which a lane gets each line into the
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
	"tailrace/outputs/kafka/security"
	"tailrace/outputs/kafka/wire"
)

// Options is what an output needs. All fields but Name, Place, Security and DeadLetter
// must be set.
type Options struct {
	Name        string   // of one of several outputs; "" is the only one
	Place       string   // in the configuration, for who reads the log; "" is outputs.kafka
	Brokers     []string // host:port
	Security    security.Options
	ClientID    string
	Compression string // as wire.ParseCodec takes it
	Partitioner string // which partition of its topic a record goes to
	AtLeastOnce bool   // without idempotent producers; not with RoundRobin
	Host        string // the name of this host, by which its records are known
	Anonymous   bool   // not all records tell which host they are of
	Source      flow.Source
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
	stop     context.Context               // its end is that of the first that Run was given
	lookEach time.Duration                 // see lookEvery

	old     sync.Once    // sayOld
	records atomic.Int64 // acked
	repeats atomic.Int64 // records that may be in a topic twice
	givenUp atomic.Int64 // records whose bytes were gone

	mu      sync.Mutex
	pulses  map[place]*flow.Pulse // of the running lanes
	tallies map[place]*tally      // of all that there were
	// topics is those that are shipped. Closed: nothing is left of the run before.
	topics  map[string]chan struct{}
	unsent  []string       // what lanes could not finish, for the end
	running sync.WaitGroup // of what start began
	over    bool           // nothing more is begun
}

// New returns an output that does nothing until Run.
func New(o Options) (*Output, error) {
	codec, err := wire.ParseCodec(o.Compression)
	if err != nil {
		return nil, err
	}
	guard := security.New(o.Security, o.ClientID, o.Place, o.Log)
	out := &Output{
		Options: o, codec: codec,
		cluster:  newCluster(o.Brokers, o.ClientID, o.Place, guard, o.Log),
		encoders: make(chan *encoder, runtime.GOMAXPROCS(0)),
		spare:    make(chan []byte, lane.Window),
		dead:     deadletter.New(o.DeadLetter),
		most:     batchMax,
		stop:     context.Background(),
		lookEach: lookEvery,
		pulses:   map[place]*flow.Pulse{},
		tallies:  map[place]*tally{},
		topics:   map[string]chan struct{}{},
	}
	out.State.Lanes = slices.DeleteFunc(slices.Clone(o.State.Lanes), func(l journal.LaneState) bool { return l.Output != o.Name })
	out.resumed = resumed(o.Name, out.State)
	out.State.Files = nil // the garbage collector may have it: there may be many
	out.conns = newConns(out.cluster.config, guard)
	out.conns.dial = namesElsewhere(o.Brokers, out.conns.dial)
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
	o.cluster.life, o.conns.life, o.stop = life, life, ctx
	o.Source.Take(o.Name, func(t flow.Topic) { o.take(ctx, hard, t) })
	o.takeLeft(ctx, hard)
	select {
	case <-ctx.Done():
	case <-hard.Done():
	}
	o.mu.Lock()
	o.over = true
	o.mu.Unlock()
	o.running.Wait()
	if len(o.unsent) > 0 {
		slices.Sort(o.unsent)
		o.Log.Warn("ended before all was acknowledged: what was under way is sent again at the next start, and counts once",
			"unanswered", o.unsent)
	}
	return nil
}

// start runs f, which Run waits for, unless that ends: then it reports false.
func (o *Output) start(f func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.over {
		o.running.Go(f)
	}
	return !o.over
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
// succeeds; it reports false when hard ended first, or stop for a while. What ends
// by itself, as flow.ErrSought says, is shown in the status and not logged.
func (o *Output) untilDone(hard context.Context, at place, f func() error) bool {
	ctx := hard
	failing, said := false, false
	pulse := o.pulse(at)
	for wait := backoffMin; ; wait = min(2*wait, backoffMax) {
		err := f()
		if err == nil {
			if failing {
				o.tally(at).goOn()
			}
			if said {
				o.Log.Info("goes on", "topic", at.topic)
			}
			return true
		}
		pulse.Beat()
		if !said && !errors.Is(err, flow.ErrSought) {
			o.Log.Error("the topic waits, nothing is lost; trying again until it works", "topic", at.topic, "error", err)
			said = true
		}
		o.tally(at).wait(err.Error())
		if !failing {
			failing = true
			var end func()
			ctx, end = graceful(o.stop, hard)
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

// place is a partition of a topic; -1 while it is not known which.
type place struct {
	topic     string
	partition int32
}

// pulse is the heartbeat of the loop that ships to a place.
func (o *Output) pulse(at place) *flow.Pulse {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pulses[at]
	if p == nil {
		p = &flow.Pulse{}
		o.pulses[at] = p
	}
	return p
}

// rest takes the heartbeat of a loop away: it has ended.
func (o *Output) rest(at place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.pulses, at)
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
	s := fmt.Sprintf("%s in Kafka, %d KiB under way", flow.Count(o.records.Load(), "line"), o.Budget.Used()>>10)
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

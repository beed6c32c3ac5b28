package kafka

import (
	"context"
	"maps"
	"slices"
	"sync"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/wire"
)

// shipment is what ships one topic.
type shipment struct {
	*Output
	ctx, hard  context.Context
	name       string
	topic      flow.Topic // nil: only what is left of the run before
	partitions int32
	// lanes is the lane of today of each partition, as it was left.
	lanes map[int32]journal.LaneState

	mu      sync.Mutex
	over    bool // no lane is begun any more
	running sync.WaitGroup
}

// take ships a topic of the source.
func (o *Output) take(ctx, hard context.Context, t flow.Topic) {
	done := make(chan struct{})
	o.mu.Lock()
	before := o.topics[t.Name()]
	o.topics[t.Name()] = done
	o.mu.Unlock()
	o.start(func() {
		if before != nil {
			select {
			case <-before:
			case <-ctx.Done():
				return
			}
		}
		if o.ship(ctx, hard, t.Name(), t) {
			close(done)
		}
	})
}

// takeLeft ships what the run before left of topics that the source does not
// have. Should it have one later, that waits.
func (o *Output) takeLeft(ctx, hard context.Context) {
	o.mu.Lock()
	left := map[string]chan struct{}{}
	for _, l := range o.State.Lanes {
		if len(l.Intents) > 0 && o.topics[l.Topic] == nil {
			left[l.Topic] = make(chan struct{})
		}
	}
	maps.Copy(o.topics, left)
	o.mu.Unlock()
	for topic, done := range left {
		o.start(func() {
			if o.ship(ctx, hard, topic, nil) {
				close(done)
			}
		})
	}
}

// ship runs the lanes of one topic: first those of the run before whose lines
// have another partition today (another key, another number of partitions), to
// their end, since their lines come first; then today's. It ends when nothing
// more is to be shipped there, or when that is to begin anew; all is acked then.
// It reports false when it ended before.
func (o *Output) ship(ctx, hard context.Context, name string, t flow.Topic) bool {
	ctx, end := context.WithCancel(ctx)
	defer end()
	s := &shipment{Output: o, ctx: ctx, hard: hard, name: name, topic: t, lanes: map[int32]journal.LaneState{}}
	if t != nil {
		var ok bool
		if s.partitions, ok = o.ask(ctx, name); !ok {
			return false
		}
	}
	if old := s.sort(); !s.finish(old) {
		return false
	}
	if t == nil {
		return true
	}
	s.share()
	ended := s.watch()
	end()
	return s.close() && ended
}

// share begins today's lanes.
func (s *shipment) share() {
	if s.Partitioner == RoundRobin {
		s.deal()
		return
	}
	for _, l := range s.lanes {
		if len(l.Intents) > 0 {
			feed := s.topic.Feed(l.Partition)
			s.start(func() {
				if s.begin(&l, true) {
					s.shipper(l, feed).run(s.ctx, s.hard)
				}
			})
		}
	}
	s.topic.Share(s.number, func(number int32, feed flow.Feed) { s.start(func() { s.lane(number, feed) }) })
}

// deal ships to all partitions, one batch to each in turn.
func (s *shipment) deal() {
	feed := s.topic.Feed(0)
	d := newDealer(feed, int(s.partitions))
	for number, turn := range d.lanes {
		s.start(func() { s.lane(int32(number), turn) })
	}
	s.start(func() { d.run(s.ctx) })
	s.topic.Share(func(*flow.Form) int32 { return 0 }, func(int32, flow.Feed) {})
}

// What Options.Partitioner may be; "" is Murmur2.
const (
	Murmur2    = "murmur2"     // by the key, as Java clients do
	FNV1a      = "fnv1a"       // by the key, as sarama does
	RoundRobin = "round_robin" // one batch to each in turn, which gives up the order
	Manual     = "manual"      // that of the form
)

// number is the partition of what has a form.
func (s *shipment) number(f *flow.Form) int32 { return PartitionOf(s.Partitioner, f, s.partitions) }

// PartitionOf is the partition of what has a form, in a topic of n; with
// RoundRobin there is none.
func PartitionOf(partitioner string, f *flow.Form, n int32) int32 {
	switch partitioner {
	case FNV1a:
		return wire.PartitionFNV(f.Key, n)
	case Manual:
		return f.Partition
	}
	return wire.Partition(f.Key, n)
}

// sort finds the lanes of today, and gives those that must come to their end
// before, those of each partition together.
func (s *shipment) sort() [][]journal.LaneState {
	old := map[int32][]journal.LaneState{}
	for _, l := range s.Journal.Lanes(s.Name, s.name) { // older ones first
		if before, ok := s.lanes[l.Partition]; ok && len(before.Intents) > 0 {
			old[l.Partition] = append(old[l.Partition], before)
		}
		s.lanes[l.Partition] = l
	}
	for n, l := range s.lanes {
		if !s.moved(l) {
			continue
		}
		if len(l.Intents) > 0 {
			old[n] = append(old[n], l)
		}
		s.lanes[n] = idle(l)
		if l.Key != "" && l.Key != s.Host {
			delete(s.lanes, n)
		}
	}
	groups := make([][]journal.LaneState, 0, len(old))
	for _, group := range old {
		groups = append(groups, group)
	}
	return groups
}

// idle is a lane when all is acked that it had under way.
func idle(l journal.LaneState) journal.LaneState {
	return journal.LaneState{Lane: l.Lane, Offset: l.Offset}
}

// moved says that lines of l, or those that follow them in their files, would
// go elsewhere today.
func (s *shipment) moved(l journal.LaneState) bool {
	if s.topic == nil || l.Key != "" && l.Key != s.Host {
		return true
	}
	if s.Partitioner == RoundRobin {
		return false
	}
	for _, i := range l.Intents {
		for _, span := range i.Spans {
			if f := s.topic.Form(span.File); f != nil && s.number(f) != l.Partition {
				return true
			}
		}
	}
	return false
}

// finish runs lanes to their end, those of a group one after the other, and
// reports whether all is acked.
func (s *shipment) finish(groups [][]journal.LaneState) bool {
	var all sync.WaitGroup
	ended := make([]bool, len(groups))
	for n, group := range groups {
		all.Go(func() {
			for _, l := range group {
				if !s.shipper(l, nil).run(s.ctx, s.hard) {
					return
				}
			}
			ended[n] = true
		})
	}
	all.Wait()
	return !slices.Contains(ended, false)
}

// lane ships what feed gives to a partition.
func (s *shipment) lane(number int32, feed flow.Feed) {
	today, known := s.lanes[number]
	if !known {
		today = journal.LaneState{Lane: journal.Lane{ID: s.Journal.NewLane(), Output: s.Name, Topic: s.name, Partition: number}, Offset: -1}
		today.Doubt, today.DoubtFrom, today.DoubtUp = newLane, -1, s.State.LanesUp
	}
	if !s.begin(&today, known) {
		s.rest(place{s.name, number})
		return
	}
	if number >= s.partitions && !s.exists(number) {
		return
	}
	s.shipper(today, feed).run(s.ctx, s.hard)
}

// begin journals what must be known of a lane before anything is sent on it.
func (s *shipment) begin(l *journal.LaneState, known bool) bool {
	var records []journal.Record
	if !known {
		records = append(records, journal.Record{Lane: &l.Lane})
	}
	if s.AtLeastOnce {
		if l.Doubt == "" {
			l.Doubt, l.DoubtFrom = atLeastOnceDoubt, l.Offset
		}
		l.DoubtUp = 0
	}
	if !known || s.AtLeastOnce {
		records = append(records, journal.Record{Doubt: &journal.Doubt{Lane: l.ID, Cause: l.Doubt, From: l.DoubtFrom, Up: l.DoubtUp}})
	}
	at := place{s.name, l.Partition}
	return len(records) == 0 || s.untilDone(s.hard, at, func() error { return s.Journal.WriteSync(records...) })
}

// A shipper ships to one partition: what is left of the run before, then what
// the feed gives until ctx ends. It reports whether all is acked.
type shipper interface {
	run(ctx, hard context.Context) bool
}

func (o *Output) shipper(l journal.LaneState, feed flow.Feed) shipper {
	if o.AtLeastOnce {
		return newAtLeastOnce(o, l, feed)
	}
	return newDriver(o, l, feed)
}

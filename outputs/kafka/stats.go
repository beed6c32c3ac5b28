package kafka

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is what the output does for one topic, since it started.
type Stats struct {
	Topic     string
	Partition int32 // -1 until the brokers have said
	// Acked is how many records are in the topic, AckedBytes how many bytes of
	// files they are, and Sent how many bytes of batches that took.
	Acked, AckedBytes, Sent int64
	// Batches, Records and Bytes are under way: the bytes as they are sent.
	Batches, Records, Bytes int64
	Retries                 int64 // batches that were sent again
	Repeats                 int64 // records that may be in the topic twice
	GivenUp                 int64 // records whose bytes were gone before they were acked
	Shortened               int64 // lines that the topic does not take whole; those are dead letters
	// Errors counts refusals by Kafka's error code, and lost connections as
	// "connection".
	Errors map[string]int64
	// Trouble is why the topic waits, and Since when; empty when it does not.
	Trouble string
	Since   time.Time
	// Pause is what the topic finds out before more is sent, without any trouble,
	// or that the broker wants it; PauseSince when that began, and PauseUntil when it ends, zero unknown.
	Pause                  string
	PauseSince, PauseUntil time.Time
}

// tally counts what Stats tells of one topic. Any goroutine.
type tally struct {
	place
	acked, ackedBytes, sent   atomic.Int64
	batches, records, bytes   atomic.Int64
	retries, repeats, givenUp atomic.Int64
	shortened                 atomic.Int64
	waits                     atomic.Pointer[waiting]
	pause                     atomic.Pointer[pause]

	mu     sync.Mutex
	errors map[string]int64
	said   time.Time // that lines are shortened
	unsaid int       // how many were since
}

// waiting is why a topic waits.
type waiting struct {
	why   string
	since time.Time
}

// pause is why nothing is sent for a while, without any trouble.
type pause struct {
	what         string
	since, until time.Time
}

// tally is that of a topic.
func (o *Output) tally(at place) *tally {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.tallies[at]
	if t == nil {
		t = &tally{place: at, errors: map[string]int64{}}
		o.tallies[at] = t
	}
	return t
}

// forget drops the figures of a topic of which it was not known which partition.
func (o *Output) forget(at place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.tallies, at)
}

// wait notes why the topic waits.
func (t *tally) wait(why string) {
	since := time.Now()
	if w := t.waits.Load(); w != nil {
		since = w.since
	}
	t.waits.Store(&waiting{why, since})
}

// goOn notes that the topic does not wait any more.
func (t *tally) goOn() { t.waits.Store(nil) }

// sayPause tells of a pause that may have begun under another name.
func (t *tally) sayPause(what string, until time.Time) {
	p := pause{what: what, since: time.Now(), until: until}
	if before := t.pause.Load(); before != nil {
		p.since = before.since
	}
	t.pause.Store(&p)
}

// took counts a batch that is acked.
func (t *tally) took(b *batch) {
	t.acked.Add(int64(b.Count))
	t.sent.Add(int64(len(b.bytes.Bytes)))
	for _, s := range b.Spans {
		t.ackedBytes.Add(s.End - s.Start)
	}
}

// failed counts an error.
func (t *tally) failed(code int16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := "connection"
	if code != lost {
		name = strconv.Itoa(int(code))
	}
	t.errors[name]++
}

// sayShort counts a shortened line, and tells how many there were since that was
// last said; 0: it is not to be said for this one.
func (t *tally) sayShort() (lines int) {
	t.shortened.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsaid++
	if time.Since(t.said) < sayEvery {
		return 0
	}
	lines, t.unsaid, t.said = t.unsaid, 0, time.Now()
	return lines
}

func (t *tally) stats() Stats {
	s := Stats{
		Topic: t.topic, Partition: t.partition,
		Acked: t.acked.Load(), AckedBytes: t.ackedBytes.Load(), Sent: t.sent.Load(),
		Batches: t.batches.Load(), Records: t.records.Load(), Bytes: t.bytes.Load(),
		Retries: t.retries.Load(), Repeats: t.repeats.Load(), GivenUp: t.givenUp.Load(), Shortened: t.shortened.Load(),
	}
	if w := t.pause.Load(); w != nil { // first: a pause hides the trouble before it
		s.Pause, s.PauseSince, s.PauseUntil = w.what, w.since, w.until
	}
	if w := t.waits.Load(); w != nil {
		s.Trouble, s.Since = w.why, w.since
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Errors = maps.Clone(t.errors)
	return s
}

// Stats is what is done for each topic, by name. It is safe for any goroutine.
func (o *Output) Stats() []Stats {
	o.mu.Lock()
	tallies := slices.Collect(maps.Values(o.tallies))
	o.mu.Unlock()
	var out []Stats
	for _, t := range tallies {
		out = append(out, t.stats())
	}
	slices.SortFunc(out, func(a, b Stats) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return out
}

// gauge notes what is under way.
func (d *driver) gauge() {
	var records, bytes int64
	for _, b := range d.batches {
		records += int64(b.Count)
		bytes += int64(len(b.bytes.Bytes))
	}
	if len(d.batches) == 0 {
		d.trouble.answered()
	}
	d.tally.batches.Store(int64(len(d.batches)))
	d.tally.records.Store(records)
	d.tally.bytes.Store(bytes)
}

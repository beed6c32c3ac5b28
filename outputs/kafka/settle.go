package kafka

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/found"
	"tailrace/outputs/kafka/lane"
)

// madeBefore is how long before a batch was made its record's timestamp may be,
// by what clocks may be apart.
const madeBefore = 10 * time.Minute

// newLane is why a lane that the journal did not know is in doubt: the state
// directory may have been lost.
const newLane = "nothing is known of what was sent to the topic"

// atLeastOnceDoubt is why a lane is in doubt on which at_least_once ships, or did
// when it was killed.
const atLeastOnceDoubt = "lines were sent at least once, and not all of them were acknowledged"

// lastSent is until when a former run may have sent on a lane, Unix
// milliseconds. So often as tailrace is started again before it is through, the
// wait is counted from the same moment.
func lastSent(st *journal.State, l *journal.LaneState) int64 {
	up, now := st.SentUp, journal.Uptime()
	if l.Doubt != "" && l.DoubtUp > 0 {
		up = l.DoubtUp
	}
	return time.Now().UnixMilli() - max(0, now-up)
}

// noteSettling notes in the journal that the lane settles, and since when nothing
// is sent: a run that is started meanwhile goes on with the wait.
func (d *driver) noteSettling(a lane.WriteSettling) bool {
	note := journal.Doubt{Lane: d.lane.ID, Cause: a.Cause, From: a.From, Settling: true}
	if d.doubt {
		note = journal.Doubt{Lane: d.lane.ID, Cause: d.known.Doubt, From: min(a.From, d.known.DoubtFrom)}
		d.known.DoubtFrom = note.From
	}
	note.Up = max(1, journal.Uptime()-max(0, d.millis()-a.Sent))
	return d.write(journal.Record{Doubt: &note}, d.Journal.Write)
}

// noteSending ends that, before a batch is sent: the wait of a later start is
// counted from there.
func (d *driver) noteSending() bool {
	note := journal.Doubt{Lane: d.lane.ID}
	if d.doubt {
		note.Cause, note.From = d.known.Doubt, d.known.DoubtFrom
	}
	return d.write(journal.Record{Doubt: &note}, d.Journal.Write)
}

func (d *driver) reader(from, since int64, wanted []found.Stream) *readBack {
	return &readBack{
		cluster: d.cluster, topic: d.lane.Topic, partition: d.lane.Partition, from: from, since: since, anonymous: d.Anonymous,
		into: found.New(cmp.Or(d.lane.Key, d.Host), wanted, d.resumed[d.lane.Topic]),
	}
}

// resumed is where files are read on, and where what is un-acked of them begins
// and ends, by topic and path, when there is a doubt for which it must be known.
func resumed(output string, st journal.State) map[string]map[string][]int64 {
	at := map[string]map[string][]int64{}
	spans := map[flow.FileID][]int64{}
	for _, l := range st.Lanes {
		if l.Doubt == "" {
			continue
		}
		if at[l.Topic] == nil {
			at[l.Topic] = map[string][]int64{}
		}
		for _, i := range l.Intents {
			for _, s := range i.Spans {
				spans[s.File] = append(spans[s.File], s.Start, s.End)
			}
		}
	}
	for _, f := range st.Files {
		if in := at[f.Topic]; in != nil && f.Output == output && f.Resume > 0 {
			in[f.Path] = append(append(in[f.Path], f.Resume), spans[f.ID]...)
		}
	}
	for _, paths := range at {
		for _, offsets := range paths {
			slices.Sort(offsets)
		}
	}
	return at
}

// looked is the answer to Look.
type looked struct {
	*readBack
	err error
}

// look reads the partition back.
func (d *driver) look(from int64) {
	var wanted []found.Stream
	oldest := int64(0)
	for _, h := range d.machine.Batches() {
		b := d.batches[h]
		wanted = append(wanted, found.Stream{PID: b.PID, Epoch: b.Epoch})
		if t := cmp.Or(b.Newest, b.Time); oldest == 0 || t < oldest {
			oldest = t
		}
	}
	since := max(0, oldest-madeBefore.Milliseconds())
	if d.turn != nil && oldest == 0 {
		since = d.millis() // nothing is looked for
	}
	go func() {
		if d.doubt && d.feed != nil && d.turn == nil {
			past, ok := d.past(d.hard)
			if !ok {
				return
			}
			young := past.Since / int64(time.Millisecond)
			switch {
			case past.Left && (oldest == 0 || young < since):
				since = young
			case oldest == 0:
				since = d.millis() // nothing is looked for
			}
		}
		r := d.reader(from, since, wanted)
		d.reply(looked{r, r.run(d.hard)})
	}()
}

// denied says that a person would have to allow it.
func denied(code int16) bool {
	return code == int16(sarama.ErrTopicAuthorizationFailed) || code == int16(sarama.ErrClusterAuthorizationFailed)
}

// looked tells the machine what the partition has of the un-acked batches.
func (d *driver) looked(l looked) {
	if l.err != nil {
		d.trouble.still(codeOf(l.err), l.err)
		d.queue = append(d.queue, lane.Unread{Code: codeOf(l.err)})
		return
	}
	if d.meet(l.info) {
		return // it is not what was to be looked at
	}
	if d.doubt && d.found == nil && d.turn == nil {
		d.found = l.into
	}
	f := lane.Found{Partly: l.partly}
	count := 0
	for _, h := range d.machine.Batches() {
		count += int(d.batches[h].Count)
		m, ok := d.missing(h, l.into)
		if !ok {
			return // hard has ended
		}
		f.Rest = append(f.Rest, m...)
	}
	rest := 0
	for _, m := range f.Rest {
		rest += int(m.Count)
	}
	d.Log.Info("the topic was read back", "topic", d.lane.Topic, "partition", d.lane.Partition,
		"to", l.end, "own_batches", l.into.Ours, "lines_in_doubt", count, "found", count-rest)
	d.records.Add(int64(count - rest))
	d.queue = append(d.queue, f)
}

// missing is what the partition does not have of a batch. It reports false when
// hard has ended.
func (d *driver) missing(h lane.Handle, in *found.Set) (ms []lane.Missing, ok bool) {
	b := d.batches[h]
	stream := found.Stream{PID: b.PID, Epoch: b.Epoch}
	has := func(n int32) bool { return in.Has(stream, int32((int64(b.First)+int64(n))&(1<<31-1))) }
	first := int32(0) // a broker takes the parts of a batch in their order
	for first < b.Count && has(first) {
		first++
	}
	whole := lane.Missing{Part: lane.Part{Batch: h, Count: b.Count}}
	if first == 0 {
		// Were it found out only when the batch is sent, each that is gone would
		// have a wait of its own.
		switch err := d.load(b); {
		case errors.Is(err, flow.ErrGone):
			whole.Gone = true
			return append(ms, whole), true
		case err != nil:
			return nil, false
		}
		if first, ok = d.elsewhere(b, in); !ok {
			return nil, false
		}
	}
	switch first {
	case b.Count:
		return nil, true
	case 0:
		return append(ms, whole), true
	}
	rest, err := d.behind(b, int(first))
	switch {
	case err == nil:
		bound := d.bind(rest)
		return append(ms, lane.Missing{Part: lane.Part{Batch: bound.Batch, Count: bound.Count}}), true
	case errors.Is(err, flow.ErrGone):
		whole.Gone = true
		return append(ms, whole), true
	}
	return nil, false
}

// elsewhere is how many of the first records of b the partition has under numbers
// that the journal does not know: the state was copied while b was under way, and
// then another run gave its lines other numbers. They are looked for by what they
// are. It reports false when hard has ended.
func (d *driver) elsewhere(b *batch, in *found.Set) (n int32, ok bool) {
	if !d.doubt || d.turn != nil || !in.Lines() {
		return 0, true
	}
	chunks, err := d.fetch(b, b.Time)
	if errors.Is(err, flow.ErrGone) {
		return 0, true
	}
	if err != nil {
		return 0, false
	}
	for i := range chunks {
		c := &chunks[i]
		// What is older than the batch are other lines, at the same place of a
		// file that was at the path before.
		bound := found.Bound{Size: math.MaxInt64, Born: b.Time * 1e6, Others: true}
		if b.Newest != 0 { // the records have times of their own
			if d.feed == nil {
				break
			}
			_, bound.Born = d.feed.Was(c.File)
		}
		took := in.Skip(c, bound)
		n += int32(took)
		if took < c.Lines() {
			break
		}
	}
	return n, true
}

// behind is a batch of the records of b from the n-th on.
func (d *driver) behind(b *batch, n int) (*batch, error) {
	chunks, err := d.fetch(b, b.Time)
	if err != nil {
		return nil, err
	}
	in := b.Intent
	in.Count, in.Spans = b.Count-int32(n), nil
	var z []flow.Chunk
	for i := range chunks {
		c := &chunks[i]
		from := min(n, c.Lines())
		n -= from
		if from < c.Lines() {
			_, rest := cutSpan(b.Spans[i], c, from)
			in.Spans = append(in.Spans, rest)
			z = append(z, cut(c, from, c.Lines()))
		}
	}
	return d.build(in, z)
}

// sayWait tells why nothing happens, when the lane waits for long.
func (d *driver) sayWait(millis int64) {
	if d.machine.State() != lane.Settle {
		return
	}
	d.trouble.rest()
	wait := time.Duration(millis) * time.Millisecond
	until := time.Now().Add(wait)
	what := "what is found there is not sent again"
	if unknownLane(d.known) {
		what += ", but lines of rotated files that a pattern matches are, since they had another path"
	}
	d.tally.pause.Store(&pause{
		what:  "until nothing that was sent before can arrive any more; then it is read back, and " + what + ": " + d.machine.Cause(),
		since: until.Add(-time.Duration(d.machine.Settle) * time.Millisecond), until: until,
	})
	d.Log.Info("the topic waits until nothing that was sent before can arrive any more, and is read back then: "+what,
		"topic", d.lane.Topic, "partition", d.lane.Partition, "cause", d.machine.Cause(), "wait", wait)
}

// sayLook tells that the partition is read.
func (d *driver) sayLook(why string) {
	if d.tally.pause.Load() == nil {
		d.trouble.rest() // else it may be what comes of reading
	}
	d.tally.sayPause("while it is read back, to send nothing twice: "+why, time.Time{})
}

// goesOn tells that nothing is found out any more, and nothing else keeps lines
// back than the broker, which may want fewer at a time.
func (d *driver) goesOn() {
	if d.machine.Settling() {
		return
	}
	if len(d.outbox) > 0 && d.seat != nil {
		if wait := d.seat.paused(); wait > 0 {
			d.tally.sayPause(usedUp, time.Now().Add(wait))
			return
		}
	}
	d.tally.pause.Store(nil)
}

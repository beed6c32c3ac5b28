package kafka

import (
	"errors"
	"fmt"
	"slices"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/lane"
	"tailrace/outputs/kafka/wire"
)

// load builds the bytes of a batch that is only in the journal, from its
// lines in the files, as they were built before the crash. The error is
// flow.ErrGone, or that hard has ended.
func (d *driver) load(b *batch) error {
	if len(b.bytes.Bytes) > 0 {
		return nil
	}
	chunks, err := d.fetch(b, b.Time)
	if err != nil {
		return err
	}
	made, err := d.build(b.Intent, chunks)
	if err != nil {
		if d.hard.Err() != nil {
			return err
		}
		// The journal and the file disagree although the sums are right.
		d.Log.Error("a batch cannot be built again", "topic", d.lane.Topic, "error", err)
		return flow.ErrGone
	}
	b.bytes, b.counts, b.cost = made.bytes, made.counts, made.cost
	return nil
}

// fetch reads the lines of a batch again, as made at that time: one chunk for
// each of its spans. The bytes that the lane has in memory serve when the files'
// are gone.
func (d *driver) fetch(b *batch, millis int64) (chunks []flow.Chunk, err error) {
	ok := d.untilDone(func() error {
		chunks = make([]flow.Chunk, len(b.Spans))
		for i, s := range b.Spans {
			chunks[i].Time = millis
			if err = d.Fetcher.Fetch(s, &chunks[i]); err != nil {
				break
			}
		}
		if errors.Is(err, flow.ErrGone) {
			return nil
		}
		return err
	})
	if !ok {
		return nil, d.hard.Err()
	}
	if errors.Is(err, flow.ErrGone) && len(b.bytes.Bytes) > 0 {
		return chunksOf(b)
	}
	return chunks, err
}

// chunksOf takes the lines out of a batch's own bytes. The files that they
// are from are gone, so the marks that would come of them do not matter.
func chunksOf(b *batch) ([]flow.Chunk, error) {
	values, err := b.bytes.Values()
	if err != nil {
		return nil, err
	}
	chunks := make([]flow.Chunk, len(b.Spans))
	for i, s := range b.Spans {
		c := &chunks[i]
		own := values[:b.counts[i]]
		values = values[len(own):]
		c.File, c.Start, c.Part, c.Final, c.Reading = s.File, s.Start, s.Part, s.Final, s.Reading
		c.Path, c.Form = own[0].Path, formOf(s, own[0])
		if s.Reading != 0 {
			recordsOf(c, s, own, b.Newest != 0)
			continue
		}
		for _, v := range own {
			c.Data = append(c.Data, v.Line...)
			if int64(len(c.Data)) < s.End-s.Start {
				c.Data = append(c.Data, '\n')
			}
		}
		if flow.Sum(c.Data) != s.Sum {
			return nil, fmt.Errorf("%w: and the batch in memory does not have them whole", flow.ErrGone)
		}
		c.Split()
	}
	return chunks, nil
}

// formOf is the form of s, of which v is a record: what no chunk tells of itself
// is taken for what all have in common.
func formOf(s flow.Span, v wire.Value) *flow.Form {
	f := &flow.Form{Number: s.Form, Key: v.Key, NoPath: v.Path == "", NoOffset: v.Offset < 0}
	if s.Reading == 0 {
		f.Headers = slices.DeleteFunc(v.Headers, func(h flow.Header) bool { return h.Key == "part" })
	}
	return f
}

// recordsOf gives c the records of s. The bytes that they were cut out of are
// not known.
func recordsOf(c *flow.Chunk, s flow.Span, values []wire.Value, stamped bool) {
	for _, v := range values {
		at := uint32(max(0, v.Offset-s.Start))
		r := flow.Record{Start: at, End: at, Clean: true, Value: v.Line, Headers: v.Headers}
		if stamped {
			r.Stamp = v.Millis
		}
		c.Records = append(c.Records, r)
	}
}

// build encodes the lines of chunks as in says.
func (d *driver) build(in journal.Intent, chunks []flow.Chunk) (*batch, error) {
	codec, err := wire.ParseCodec(in.Codec)
	if err != nil {
		return nil, err
	}
	b := &batch{Intent: in}
	select {
	case b.encoder = <-d.encoders:
	case <-d.hard.Done():
		return nil, d.hard.Err()
	}
	defer d.returnEncoder(b)
	const any = 1 << 30 // the records are given: no limit may cut them
	b.encoder.Begin([]byte(d.lane.Key), codec, any, in.Time)
	for i := range chunks {
		if in.Newest == 0 {
			unstamp(&chunks[i])
		}
		before := b.encoder.Count()
		if in.Short > 0 {
			b.encoder.AddShort(&chunks[i], in.Short)
		} else {
			b.encoder.Add(&chunks[i], 0)
		}
		b.counts = append(b.counts, int(b.encoder.Count()-before))
	}
	if n := b.encoder.Count(); n != in.Count {
		return nil, fmt.Errorf("its files now have %d lines where %d were, although their sums are the same", n, in.Count)
	}
	b.Newest = b.encoder.Newest()
	d.finish(b)
	return b, nil
}

// unstamp takes the records' own timestamps away.
func unstamp(c *flow.Chunk) {
	for i := range c.Records {
		c.Records[i].Stamp = 0
	}
}

// remake makes a batch that the broker refused in another form.
func (d *driver) remake(a lane.Remake) bool {
	b := d.batches[a.Batch]
	millis := b.Time
	if a.How == lane.Restamp {
		millis = d.millis()
	}
	chunks, err := d.fetch(b, millis)
	if err != nil {
		d.queue = append(d.queue, lane.Gone{Batch: a.Batch})
		return d.hard.Err() == nil
	}
	parts, err := d.parts(b, chunks, a, millis)
	if err != nil {
		d.trouble.cause = err
	}
	remade := lane.Remade{Batch: a.Batch}
	for _, p := range parts {
		bound := d.bind(p)
		remade.Parts = append(remade.Parts, lane.Part{Batch: bound.Batch, Count: bound.Count})
	}
	d.queue = append(d.queue, remade)
	return d.hard.Err() == nil
}

// parts is what a batch is made anew into.
func (d *driver) parts(b *batch, chunks []flow.Chunk, a lane.Remake, millis int64) ([]*batch, error) {
	in := b.Intent
	switch a.How {
	case lane.Halve:
		if tooLarge(a.Code) {
			d.limit = max(minShort, min(d.limit, len(b.bytes.Bytes)/2))
		}
		return d.halves(b, chunks)
	case lane.Shorten:
		return d.shortened(b, chunks, a.Code)
	case lane.Restamp:
		in.Time, in.Newest = millis, 0
	case lane.Recode:
		d.codec = wire.None // for the lines to come, too
		in.Codec = d.codec.String()
	}
	made, err := d.build(in, chunks)
	if err != nil {
		return nil, err
	}
	return []*batch{made}, nil
}

// halves cuts a batch in two by its records, the first half the larger. The
// cut depends on nothing else, so that it is the same at every try.
func (d *driver) halves(b *batch, chunks []flow.Chunk) ([]*batch, error) {
	first, second := b.Intent, b.Intent
	first.Count = (b.Count + 1) / 2
	second.Count = b.Count - first.Count
	first.Spans, second.Spans = nil, nil
	var a, z []flow.Chunk
	left := int(first.Count)
	for i := range chunks {
		c := &chunks[i]
		n := min(left, c.Lines())
		left -= n
		s, rest := cutSpan(b.Spans[i], c, n)
		if n > 0 {
			first.Spans = append(first.Spans, s)
			a = append(a, cut(c, 0, n))
		}
		if n < c.Lines() {
			second.Spans = append(second.Spans, rest)
			z = append(z, cut(c, n, c.Lines()))
		}
	}
	one, err := d.build(first, a)
	if err != nil {
		return nil, err
	}
	two, err := d.build(second, z)
	if err != nil {
		d.Budget.Release(one.cost)
		return nil, err
	}
	return []*batch{one, two}, nil
}

// cutSpan cuts s, the span of c, before line n. Records may overlap: they are
// counted, and both parts have all bytes.
func cutSpan(s flow.Span, c *flow.Chunk, n int) (first, rest flow.Span) {
	first, rest = s, s
	switch {
	case n == 0 || n == c.Lines():
	case s.Reading != 0:
		first.Take, rest.Skip = n, s.Skip+n
		if s.Take > 0 {
			rest.Take = s.Take - n
		}
	default:
		first, rest = c.Span(0, n), c.Span(n, c.Lines())
		rest.Mark = s.Mark // both end at the same place
	}
	return first, rest
}

// cut is lines [from, to) of c, without what only marks need.
func cut(c *flow.Chunk, from, to int) flow.Chunk {
	if c.Reading != 0 {
		part := *c
		part.Take(from, to)
		return part
	}
	a, z := c.LineStart(from), c.LineStart(to)
	part := flow.Chunk{
		File: c.File, Path: c.Path, Start: c.Start + int64(a), Data: c.Data[a:z],
		Form: c.Form, Part: c.Part, Final: c.Final,
	}
	part.Split()
	return part
}

// shortened is a batch of one record whose line the broker does not take
// whole. The line is first kept, durably, in the dead-letter file.
func (d *driver) shortened(b *batch, chunks []flow.Chunk, code int16) ([]*batch, error) {
	if len(chunks) != 1 || chunks[0].Lines() != 1 {
		return nil, errors.New("only a batch of one line can be shortened")
	}
	c := &chunks[0]
	in := b.Intent
	in.Short = d.shortTo(b, code)
	keep := func() error { return d.keep(d.tally, letter(d.lane, b.Intent, c, code)) }
	if in.Short >= minShort && b.Short == 0 && !d.untilDone(keep) {
		return nil, d.hard.Err()
	}
	if in.Short < minShort {
		what := "refused even when shortened"
		if tooLarge(code) {
			what += ", to a record of some 256 bytes with its key and headers: raise max.message.bytes of the topic"
		}
		return nil, fmt.Errorf("line of %d bytes at %s offset %d: %s", len(c.Line(0)), c.Path, c.Offset(0), what)
	}
	made, err := d.build(in, chunks)
	if err != nil {
		return nil, err
	}
	return []*batch{made}, nil
}

// minShort is the fewest bytes that a batch of one shortened record is given.
const minShort = 256

// shortTo is how many bytes the batch of a shortened record may have: what the
// topic takes, or less than was refused.
func (d *driver) shortTo(b *batch, code int16) int {
	if !tooLarge(code) {
		if b.Short > 0 {
			return 0
		}
		return minShort // it was not for its size: next to nothing of it stays
	}
	n := len(b.bytes.Bytes) / 2
	if b.Short > 0 {
		n = b.Short / 2
	}
	if limit := d.topicLimit(d.hard); limit > 0 && limit < len(b.bytes.Bytes) {
		n = limit
	}
	return n
}

package record

import (
	"slices"

	"golang.org/x/text/encoding"

	"tailrace/agent/flow"
)

// End says what is known of the bytes behind those that are cut.
// Quiet and Stalled may be said together.
type End int

// More may come: what may go on with it is not given.
const More End = 0

const (
	// Quiet is that nothing came for a while: multi-line records are complete,
	// lines without a newline are not.
	Quiet End = 1 << iota
	// Stalled is that nothing was given for a while, though there are lines:
	// what streams of a container wait with is given, a line that goes on as a
	// piece of it. Only the record whose lines come now waits.
	Stalled
	// Last is that nothing will come: what is there is complete.
	Last
)

// Counts is what was seen while cutting.
type Counts struct {
	Excluded, ExcludedBytes int64 // records that were left out, and their bytes
	Long                    int64 // records longer than the limit
	Malformed               int64 // lines that are not in the container's format
	Invalid                 int64 // characters that are not in the character set
}

// Plus is the sum of both, times sign for the second.
func (c Counts) Plus(d Counts, sign int64) Counts {
	return Counts{
		c.Excluded + sign*d.Excluded, c.ExcludedBytes + sign*d.ExcludedBytes,
		c.Long + sign*d.Long, c.Malformed + sign*d.Malformed, c.Invalid + sign*d.Invalid,
	}
}

// A Cutter cuts bytes into records. It holds nothing but memory that is used
// again, and Counts of the last cut. One goroutine at a time may use it.
//
// What comes out depends on nothing but the reading and the bytes. Cutting goes
// from left to right: lines are added to the record that is under way in their
// stream, until it is complete. Records of several streams overlap, so that a
// cut uses bytes only up to where none of them goes on (sweep.go). What Cut used,
// up to the End of a clean record, is cut into the same records by Again.
type Cutter struct {
	r     *Reading
	c     *flow.Chunk
	data  []byte
	open  [streams]pending
	items []item // complete, in the order of their completion
	fed   int    // bytes of data that were added to records
	early bool   // pieces are given though they are not too long
	sums  []Counts
	total Counts
	long  []Range

	escaped []byte            // text of a container's line
	decoded []byte            // text of a fragment
	decoder *encoding.Decoder // of the reading; nil for UTF-8
}

// Range is bytes of what was cut, of one stream.
type Range struct {
	Start, End int
	stream     int
	last       bool // its record ends with it
}

// item is one record, or bytes of which there is none.
type item struct {
	stream     int
	start, end int // in data
	out        bool
	value      []byte
	text       [2]uint32 // as in flow.Record
	heads      []flow.Header
	stamp      int64
	long       bool     // bytes of a record that is cut off, or its rest
	after      progress // of its stream
	counts     Counts
}

// fragment is a line, or as much of it as is taken at once.
type fragment struct {
	stream      int
	start, end  int    // in data, with the newline
	text        []byte // decoded, without the newline
	length      int    // bytes of text in the file
	first, last bool   // of its line
	time, name  []byte
	strange     bool
	invalid     int64
}

// Cut fills c.Records from c.Data, which begins at c.Start with the state
// c.Part. It returns how many bytes it used, and the state behind them. It uses
// none when nothing is complete; given Reading.Window bytes it always uses some.
// There may be bytes that it used, and no records.
func (k *Cutter) Cut(r *Reading, c *flow.Chunk, end End) (used, part int) {
	k.begin(r, c)
	half := k.lines()
	switch {
	case end == Last:
		k.finish(half, state{})
	case end&Stalled != 0:
		k.release(end&Quiet != 0)
	case end == Quiet && !half && !k.mid():
		k.finish(false, state{})
	}
	used, part = k.sweep(k.barrier())
	if used == 0 && len(k.data) >= r.Window() {
		k.force()
		used, part = k.sweep(k.fed)
	}
	return used, part
}

// Again cuts the bytes of a span: c.Data is all of them, and part the state
// behind. It reports whether they were cut in this way before.
func (k *Cutter) Again(r *Reading, c *flow.Chunk, part int) bool {
	k.begin(r, c)
	k.finish(k.lines(), unpack(part))
	used, after := k.sweep(len(k.data))
	return used == len(k.data) && after == part && len(c.Records) > 0
}

// Counts is what was seen in the first n records of the last cut, and in what
// was left out between and, if they are all, behind them.
func (k *Cutter) Counts(n int) Counts {
	if n >= len(k.sums) {
		return k.total
	}
	if n == 0 {
		return Counts{}
	}
	return k.sums[n-1]
}

func (k *Cutter) begin(r *Reading, c *flow.Chunk) {
	if k.r != r {
		k.decoder = r.decoder()
	}
	k.r, k.c, k.data, k.fed, k.early = r, c, c.Data, 0, false
	k.items, k.sums, k.total, k.long = k.items[:0], k.sums[:0], Counts{}, k.long[:0]
	c.Records, c.Text, c.Heads = c.Records[:0], c.Text[:0], c.Heads[:0]
	c.Timed = r.o.Timed()
	at := unpack(c.Part)
	if Simple(c.Part) && r.o.Container == "" && !r.Multiline() {
		at[0].mid = at[0].pieces > 0 // as without a reading
	}
	for i := range k.open {
		k.open[i] = pending{progress: at[i], buf: k.open[i].buf}
	}
}

// lines adds all complete lines of data to their records, and of a longer one
// what is taken at once. It reports whether a line is left that is not complete.
func (k *Cutter) lines() (half bool) {
	width := k.r.Width()
	for k.fed < len(k.data) {
		rest := k.data[k.fed:]
		window := rest[:min(len(rest), k.r.fragment+width)]
		n := k.r.newline(window)
		switch {
		case n >= 0:
			k.line(k.fed, k.fed+n, k.fed+n+width, true)
		case len(window) == k.r.fragment+width:
			n = k.r.whole(window[:k.r.fragment])
			k.line(k.fed, k.fed+n, k.fed+n, false)
		default:
			return true
		}
	}
	return false
}

// line adds data[start:content], of which all up to end is used. last says that
// the line ends with it.
func (k *Cutter) line(start, content, end int, last bool) {
	k.fed = end
	f := fragment{start: start, end: end, last: last, length: content - start}
	p := k.data[start:content]
	if k.r.o.Container != "" {
		k.contained(p, f)
		return
	}
	f.first = !k.open[0].mid
	f.text = k.unmarked(p, start)
	k.add(f)
}

// unmarked is p, which is at start of data, without the byte order mark that a
// file in UTF-16 begins with.
func (k *Cutter) unmarked(p []byte, start int) []byte {
	if k.r.charset.wide && k.c.Start == 0 && start == 0 && len(p) >= 2 && (p[0] == 0xff && p[1] == 0xfe || p[0] == 0xfe && p[1] == 0xff) {
		return p[2:]
	}
	return p
}

// mid says whether a line is under way that is not complete.
func (k *Cutter) mid() bool {
	return slices.ContainsFunc(k.open[:], func(p pending) bool { return p.mid })
}

// finish completes what is under way, up to the state that is behind it. half
// says that there is a line without a newline.
func (k *Cutter) finish(half bool, to state) {
	if half {
		mid := to[0].mid
		if k.r.o.Container != "" {
			mid = to[strange].mid
		}
		k.line(k.fed, len(k.data), len(k.data), !mid)
	}
	for i := range k.open {
		k.close(i, to[i] != progress{})
	}
}

// release gives what the streams wait with. A record of whole lines that had the
// last line waits for more, unless nothing comes.
func (k *Cutter) release(quiet bool) {
	k.early = true
	for i := range k.open {
		if p := &k.open[i]; p.mid || quiet || p.item.end < k.fed {
			k.close(i, p.mid)
		}
	}
}

// force gives what is under way as pieces: streams alternate for too long.
func (k *Cutter) force() {
	for i := range k.open {
		k.close(i, true)
	}
}

// add adds a fragment to the record of its stream.
func (k *Cutter) add(f fragment) {
	p := &k.open[f.stream]
	decoded := false
	if f.first {
		if k.r.Multiline() && !f.strange {
			k.decode(&f)
			decoded = true
		}
		if !k.r.Multiline() || f.strange || k.r.begins(f.text) {
			k.close(f.stream, false)
			p.progress = progress{}
		}
	}
	if p.on && !p.cut && p.rest == keep {
		if !decoded {
			k.decode(&f)
		}
		decoded = true
		if k.over(p, &f) {
			k.tooLong(f.stream)
		}
	}
	if !p.on {
		p.start(&f)
	}
	if p.rest == keep && !p.cut && !decoded {
		k.decode(&f)
	}
	k.append(p, &f)
	if !f.last && k.r.o.Container == "" && k.r.o.LongLines != Split {
		p.cut = true // as much of a line as a record has, and there is more
	}
	p.mid = !f.last
	if f.last && !k.r.Multiline() {
		k.close(f.stream, false)
		p.progress = progress{}
	}
	k.silent(f)
}

// silent completes multi-line records of other streams that had nothing for
// long.
func (k *Cutter) silent(f fragment) {
	if !k.r.Multiline() {
		return
	}
	for i := range k.open {
		if p := &k.open[i]; i != f.stream && p.on && !p.mid && f.end-p.item.end > silence {
			k.close(i, false)
			p.progress = progress{}
		}
	}
}

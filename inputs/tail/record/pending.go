package record

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"tailrace/agent/flow"
)

// pending is the record that is under way in a stream.
type pending struct {
	progress        // behind the last line, or before the one that is under way
	on       bool   // there is one; else the rest is not set
	before   int    // pieces that were given of it before
	rest     skip   // it is the rest of a record that is not given
	cut      bool   // it is longer than the limit: text is its beginning
	text     []byte // data when that is enough, else buf
	buf      []byte
	length   int // bytes of its text in the file, also of what was cut off
	lines    int
	item     item
	time     []byte // of a container's line
	name     []byte // of its stream
	strange  bool
	invalid  int64
}

// over says whether the record would be longer than the limit with f.
func (k *Cutter) over(p *pending, f *fragment) bool {
	more := f.length
	if f.first {
		more++
	}
	return p.length+more > k.r.maxLine || f.first && k.r.maxLines > 0 && p.lines >= k.r.maxLines
}

// tooLong ends the record's text: what comes is another piece, or cut off.
func (k *Cutter) tooLong(stream int) {
	p := &k.open[stream]
	if k.r.o.LongLines == Split {
		k.close(stream, true)
		return
	}
	p.cut = true
}

// start begins a record, or goes on with one of which pieces were given.
func (p *pending) start(f *fragment) {
	p.on, p.before, p.rest, p.cut = true, p.pieces, p.skip, false
	p.text, p.buf, p.length, p.lines = nil, p.buf[:0], 0, 0
	p.time, p.name, p.strange, p.invalid = f.time, f.name, f.strange, 0
	p.item = item{stream: f.stream, start: f.start}
}

// append adds f to the record that is under way.
func (k *Cutter) append(p *pending, f *fragment) {
	again := f.first && p.length+p.lines > 0
	if f.first || p.lines == 0 {
		p.lines++
	}
	if again {
		p.length++
	}
	p.length += f.length
	p.item.end = f.end
	if p.cut || p.rest != keep {
		return
	}
	p.invalid += f.invalid
	switch {
	case k.r.raw():
		p.text = k.data[p.item.start : f.start+f.length]
	default:
		if again {
			p.buf = append(p.buf, '\n')
		}
		p.buf = append(p.buf, f.text...)
		p.text = p.buf
	}
}

// endLine gives a piece the newline that its last line ends with, so that the
// texts of all pieces, one behind the other, are the record.
func (k *Cutter) endLine(p *pending) {
	if k.r.raw() {
		p.text = k.data[p.item.start:p.item.end]
		return
	}
	p.buf = append(p.buf, '\n')
	p.text = p.buf
}

// decode makes UTF-8 of the text.
func (k *Cutter) decode(f *fragment) {
	if k.decoder == nil {
		return
	}
	const most = len("\ufffd") // bytes that come of one
	k.decoder.Reset()
	k.decoded = slices.Grow(k.decoded[:0], most*len(f.text)+utf8.UTFMax)
	n, _, _ := k.decoder.Transform(k.decoded[:cap(k.decoded)], f.text, true) // what is invalid becomes U+FFFD
	f.text = k.decoded[:n]
	f.invalid = int64(bytes.Count(f.text, replacement))
}

var replacement = []byte("\ufffd")

// close completes the record that is under way in a stream, if there is one.
// goesOn says that it is only a piece of it.
func (k *Cutter) close(stream int, goesOn bool) {
	p := &k.open[stream]
	if !p.on {
		return
	}
	p.on = false
	it := p.item
	it.long = p.rest == cutOff || p.rest == keep && p.cut
	it.counts.Invalid = p.invalid
	if p.strange && p.before == 0 && p.rest == keep {
		it.counts.Malformed = 1
	}
	whole := p.rest == keep && p.before == 0 // it begins here
	switch {
	case p.rest != keep:
		it.out = true
		if p.rest == filtered {
			it.counts.ExcludedBytes = int64(it.end - it.start)
		}
	case whole && !k.r.passes(p.text):
		it.out, it.long = true, false
		it.counts.Excluded, it.counts.ExcludedBytes = 1, int64(it.end-it.start)
	default:
		if whole && (goesOn && !k.early || p.cut) {
			it.counts.Long = 1
		}
		if goesOn && !p.mid && !p.cut {
			k.endLine(p)
		}
		k.fill(&it, p, goesOn)
	}
	if goesOn {
		it.after = progress{mid: p.mid}
		switch {
		case p.rest != keep:
			it.after.skip = p.rest
		case it.out:
			it.after.skip = filtered
		case p.cut:
			it.after.skip = cutOff
		default:
			it.after.pieces = p.before + 1
		}
	}
	p.progress = it.after
	k.items = append(k.items, it)
}

// fill gives the record its value and headers.
func (k *Cutter) fill(it *item, p *pending, goesOn bool) {
	it.value = p.text
	if k.r.object != nil {
		from := len(k.c.Text)
		k.c.Text, it.text = k.r.object.append(k.c.Text, values{
			millis: k.c.Time, path: k.c.Path, offset: k.c.Start + int64(it.start),
			text: p.text, time: p.time, stream: p.name,
		})
		it.value = k.c.Text[from:]
	} else if !k.r.raw() {
		from := len(k.c.Text)
		k.c.Text = append(k.c.Text, p.text...)
		it.value = k.c.Text[from:]
	}
	from := len(k.c.Heads)
	head := func(key string, value []byte) { k.c.Heads = append(k.c.Heads, flow.Header{Key: key, Value: value}) }
	switch {
	case p.cut && goesOn:
		head("truncated", []byte("true"))
	case p.cut:
		head("truncated", strconv.AppendInt(nil, int64(p.length), 10))
	case goesOn:
		head("part", strconv.AppendInt(nil, int64(p.before+1), 10))
	case p.before > 0:
		n := strconv.Itoa(p.before + 1)
		head("part", []byte(n+"/"+n))
	}
	at := k.r.timeIn(p)
	if len(p.name) > 0 {
		head("stream", p.name)
		if at == nil {
			at = p.time
		}
	}
	if at != nil {
		head("time", at)
		it.stamp = k.r.stamp(at, k.c.Time)
	}
	if p.strange {
		head("malformed", []byte(k.r.o.Container))
	}
	it.heads = k.c.Heads[from:len(k.c.Heads):len(k.c.Heads)]
}

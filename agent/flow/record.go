package flow

import (
	"slices"
	"unicode/utf8"
)

// Record is one record of a chunk whose lines are not records as they are.
// Together with Chunk.Reading, the bytes of a span always give the same records.
type Record struct {
	// Start is where it begins in Data. End is where a span ends whose last
	// record it is: what was left out behind the last record belongs to it.
	Start, End uint32
	// Part is Mark.Part at End.
	Part int
	// Clean says that a span may end here: no record before End goes on behind
	// it. Where the lines of several streams alternate, records overlap.
	Clean   bool
	Value   []byte
	Headers []Header // beside "path" and "offset"
	// Stamp is its own timestamp, Unix milliseconds, never later than the
	// chunk's Time; 0: it has that.
	Stamp int64
	// Text is where in Value the text begins and ends that may be shortened; 0,
	// 0: all of it. In a string of JSON it is shortened between characters.
	Text [2]uint32
}

// beginsTimed is how a value begins that has the time at which it was built, and
// clock how long that is.
const (
	beginsTimed = `{"@timestamp":"`
	clock       = len("2026-11-23T07:00:00.000Z")
)

// Timeless is what of a value does not tell when it was built: all, unless it is
// an object that begins with a time.
func Timeless(value []byte) []byte {
	if n := len(beginsTimed) + clock; len(value) > n && string(value[:len(beginsTimed)]) == beginsTimed {
		return value[n:]
	}
	return value
}

// Short is the value with at most n bytes, unless what is around its text is
// longer.
func (r *Record) Short(n int) []byte {
	if r.Text == [2]uint32{} {
		return r.Value[:min(len(r.Value), max(0, n))]
	}
	from, to := int(r.Text[0]), int(r.Text[1])
	end := from
	for room := n - (len(r.Value) - (to - from)); end < to; {
		size := character(r.Value[end:to])
		if room -= size; room < 0 {
			break
		}
		end += size
	}
	return slices.Concat(r.Value[:end], r.Value[to:])
}

// character is the length of the first one in a string of JSON.
func character(p []byte) int {
	switch {
	case p[0] != '\\':
		_, n := utf8.DecodeRune(p)
		return n
	case len(p) > 5 && p[1] == 'u':
		return 6
	}
	return min(2, len(p))
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Form is what the records of a file have beside their values. It is not changed.
type Form struct {
	Number int // in the journal, from 1
	Key    []byte
	// NoPath and NoOffset leave out the headers "path" and "offset".
	NoPath, NoOffset bool
	Headers          []Header // beside those two
	// Partition is the one that is configured; it counts where the output goes by
	// that. No record tells of it.
	Partition int32
}

// Take leaves c only the records [from, to), which are a span of their own.
func (c *Chunk) Take(from, to int) {
	c.Records = slices.Clone(c.Records[from:to])
	if n := len(c.Records); n > 0 {
		c.Records[n-1].Clean = true
	}
}

package flow

import "slices"

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
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Take leaves c only the records [from, to), which are a span of their own.
func (c *Chunk) Take(from, to int) {
	c.Records = slices.Clone(c.Records[from:to])
	if n := len(c.Records); n > 0 {
		c.Records[n-1].Clean = true
	}
}

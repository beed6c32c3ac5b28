package wire

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"tailrace/agent/flow"
)

// chunk builds what every record of c has in common. Headers are in the order
// path, offset, part.
func (e *Encoder) chunk(c *flow.Chunk) {
	n := byte(2)
	e.tail = e.tail[:0]
	if c.Part > 0 {
		n = 3
		part := strconv.Itoa(c.Part)
		if c.Final {
			part += "/" + part
		}
		e.tail = appendHeader(e.tail, "part", part)
	}
	e.head = append(e.head[:0], n<<1)
	e.head = appendHeader(e.head, "path", c.Path)
	e.head = binary.AppendVarint(e.head, int64(len("offset")))
	e.head = append(e.head, "offset"...)
}

// headers puts the further headers of a record behind those that all have.
func (e *Encoder) headers(more []flow.Header) {
	e.head[0] = byte(2+len(more)) << 1
	e.tail = e.tail[:0]
	for _, h := range more {
		e.tail = appendHeader(e.tail, h.Key, h.Value)
	}
}

// addRecords is Add for a chunk that was cut into records. A batch ends only
// where a span may.
func (e *Encoder) addRecords(c *flow.Chunk, from int) (to int) {
	to, count, end := from, e.count, len(e.raw)
	limit := e.limit
	if count == 0 {
		limit = math.MaxInt // the first, and what belongs together with it
	}
	for n := from; n < len(c.Records); n++ {
		r := &c.Records[n]
		e.headers(r.Headers)
		if !e.add(r.Value, c.Offset(n), limit) {
			break
		}
		if r.Clean {
			to, count, end = n+1, e.count, len(e.raw)
			limit = e.limit
		}
	}
	e.count, e.raw = count, e.raw[:end]
	e.lines += c.LineStart(to) - c.LineStart(from)
	return to
}

func appendHeader[T string | []byte](dst []byte, name string, value T) []byte {
	dst = binary.AppendVarint(dst, int64(len(name)))
	dst = append(dst, name...)
	dst = binary.AppendVarint(dst, int64(len(value)))
	return append(dst, value...)
}

// varintLen is the length of n, which is not negative, as a zigzag varint.
func varintLen(n int) int { return (bits.Len64(uint64(n)<<1|1) + 6) / 7 }

// putVarint writes n, which is not negative, as a zigzag varint.
func putVarint(p []byte, n int) int {
	u, i := uint64(n)<<1, 0
	for u >= 0x80 {
		p[i] = byte(u) | 0x80
		u >>= 7
		i++
	}
	p[i] = byte(u)
	return i + 1
}

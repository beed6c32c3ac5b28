package wire

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"tailrace/agent/flow"
)

// HeadersMax is how many headers a form may have: with those of the line, their
// number must fit into one byte.
const HeadersMax = 32

// chunk builds what every record of c has in common. Headers are in the order
// path, offset, those of the form, part.
func (e *Encoder) chunk(c *flow.Chunk) {
	form := c.Form
	if form == nil {
		form = &flow.Form{Key: e.other}
	}
	e.key = binary.AppendVarint(e.key[:0], int64(len(form.Key)))
	e.key = append(e.key, form.Key...)
	e.head, e.tail = append(e.head[:0], 0), e.tail[:0]
	e.heads, e.number = byte(len(form.Headers)), !form.NoOffset
	if !form.NoPath {
		e.heads++
		e.head = appendHeader(e.head, "path", c.Path)
	}
	if e.number {
		e.heads++
		e.head = binary.AppendVarint(e.head, int64(len("offset")))
		e.head = append(e.head, "offset"...)
	}
	for _, h := range form.Headers {
		e.tail = appendHeader(e.tail, h.Key, h.Value)
	}
	e.common = len(e.tail)
	e.head[0] = e.heads << 1
	if c.Part > 0 {
		part := strconv.Itoa(c.Part)
		if c.Final {
			part += "/" + part
		}
		e.tail = appendHeader(e.tail, "part", part)
		e.head[0] += 2
	}
}

// headers puts the further headers of a record behind those that all have.
func (e *Encoder) headers(more []flow.Header) {
	e.head[0] = (e.heads + byte(len(more))) << 1
	e.tail = e.tail[:e.common]
	for _, h := range more {
		e.tail = appendHeader(e.tail, h.Key, h.Value)
	}
}

// addRecords is Add for a chunk that was cut into records. A batch ends only
// where a span may.
func (e *Encoder) addRecords(c *flow.Chunk, from int) (to int) {
	to, count, end := from, e.count, len(e.raw)
	newest, owned := e.newest, e.owned
	limit := e.limit
	if count == 0 {
		limit = math.MaxInt // the first, and what belongs together with it
	}
	for n := from; n < len(c.Records); n++ {
		r := &c.Records[n]
		e.headers(r.Headers)
		if !e.add(r.Value, c.Offset(n), r.Stamp, limit) {
			break
		}
		if r.Clean {
			to, count, end = n+1, e.count, len(e.raw)
			newest, owned = e.newest, e.owned
			limit = e.limit
		}
	}
	e.count, e.raw = count, e.raw[:end]
	e.newest, e.owned = newest, owned
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

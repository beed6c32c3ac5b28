package wire

import (
	"encoding/binary"
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

func appendHeader(dst []byte, name, value string) []byte {
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

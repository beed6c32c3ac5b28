package unpack

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// xzGuard passes an .xz file on to its decoder, which allocates whatever
// dictionary a block asks for, 4 GiB at most. The guard follows the structure
// of the file, looks at the head of each block before the decoder sees it, and
// fails when the block asks for too much. It follows lengths only: whether
// what it passes is right is for the decoder to say.
type xzGuard struct {
	r      *bufio.Reader
	next   func() (int64, error) // the length of what comes next
	pass   int64                 // bytes of it that were not passed on yet
	check  int64                 // length of the check behind each block
	data   int64                 // length of the block's data so far
	window int64                 // that a block may ask for
	// left is what all blocks together may still ask for, since each gets a
	// dictionary of its own, which costs time.
	left int64
	list uint64 // records of the index to come
}

// blockCost is what a block takes from left at least, since the decoder keeps
// a record of each.
const blockCost = 1 << 20

var errXZ = errors.New("not the structure of an .xz file")

func newXZGuard(r io.Reader, size int64, l Limits) *xzGuard {
	g := &xzGuard{r: newBuffered(r), window: l.Window, left: l.plain(size) + l.Window}
	g.next = g.header
	return g
}

func (g *xzGuard) Read(p []byte) (int, error) {
	for g.pass == 0 {
		n, err := g.next()
		if err != nil {
			return 0, err
		}
		g.pass = n
	}
	n, err := g.r.Read(p[:min(int64(len(p)), g.pass)])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	g.pass -= int64(n)
	return n, err
}

// peek is the next n bytes.
func (g *xzGuard) peek(n int) ([]byte, error) {
	p, err := g.r.Peek(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return p, err
}

// header is the stream header, or padding between streams. Only here may the
// file end.
func (g *xzGuard) header() (int64, error) {
	if head, err := g.r.Peek(1); len(head) == 0 {
		return 0, err
	}
	head, err := g.peek(4)
	if err != nil {
		return 0, err
	}
	if binary.LittleEndian.Uint32(head) == 0 {
		return 4, nil
	}
	if head, err = g.peek(12); err != nil {
		return 0, err
	}
	// length of the check by its kind, section 2.1.1.2
	g.check = [...]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[head[7]&15]
	g.next = g.block
	return 12, nil
}

// block is the head of a block, or the beginning of the index.
func (g *xzGuard) block() (int64, error) {
	p, err := g.peek(1)
	if err != nil {
		return 0, err
	}
	if p[0] == 0 {
		g.next = g.index
		return 1, nil
	}
	size := (int(p[0]) + 1) * 4
	head, err := g.peek(size)
	if err != nil {
		return 0, err
	}
	dict, err := dictSize(head)
	if err != nil {
		return 0, err
	}
	if dict > g.window || dict > g.left {
		return 0, fmt.Errorf("%w: a block asks for a dictionary of %d bytes", ErrLimit, dict)
	}
	g.left -= max(dict, blockCost)
	g.next, g.data = g.chunk, 0
	return int64(size), nil
}

// dictSize is the size of the LZMA2 dictionary that a block's head asks for,
// section 5.3.1.
func dictSize(head []byte) (int64, error) {
	at := 2
	for _, present := range []byte{0x40, 0x80} { // compressed and plain size
		if head[1]&present != 0 {
			_, n := binary.Uvarint(head[at:])
			if n <= 0 {
				return 0, errXZ
			}
			at += n
		}
	}
	if head[1]&3 != 0 || at+3 > len(head) || head[at] != 0x21 || head[at+1] != 1 || head[at+2] > 40 {
		return 0, fmt.Errorf("%w: a filter that is not supported", errXZ)
	}
	bits := int64(head[at+2])
	if bits == 40 {
		return 1<<32 - 1, nil
	}
	return (2 | bits&1) << (bits/2 + 11), nil
}

// chunk is one chunk of LZMA2 with its head, or the end of the block.
func (g *xzGuard) chunk() (int64, error) {
	head, err := g.peek(1)
	if err != nil {
		return 0, err
	}
	c := head[0]
	if c == 0 {
		g.next = g.block
		g.data++
		return 1 + -g.data&3 + g.check, nil
	}
	if head, err = g.peek(5); err != nil {
		return 0, err
	}
	var n int64
	switch {
	case c < 0x80: // not compressed
		n = 3 + int64(binary.BigEndian.Uint16(head[1:])) + 1
	case c < 0xc0:
		n = 5 + int64(binary.BigEndian.Uint16(head[3:])) + 1
	default: // with properties
		n = 6 + int64(binary.BigEndian.Uint16(head[3:])) + 1
	}
	g.data += n
	return n, nil
}

// index is how many records the index has.
func (g *xzGuard) index() (int64, error) {
	count, n, err := g.varint(0)
	g.list, g.data = count, 1+n
	g.next = g.record
	return n, err
}

// record is one record of the index, or what is behind the last.
func (g *xzGuard) record() (int64, error) {
	if g.list == 0 {
		g.next = g.header
		return -g.data&3 + 4 + 12, nil // padding, check, stream footer
	}
	g.list--
	_, n, err := g.varint(0)
	if err != nil {
		return 0, err
	}
	_, m, err := g.varint(n)
	g.data += n + m
	return n + m, err
}

// varint is a number that begins behind the next skip bytes, and its length.
func (g *xzGuard) varint(skip int64) (uint64, int64, error) {
	p, err := g.r.Peek(int(skip) + binary.MaxVarintLen64)
	v, n := binary.Uvarint(p[min(int(skip), len(p)):])
	switch {
	case n > 0:
		return v, int64(n), nil
	case err == nil:
		err = errXZ
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return 0, 0, err
}

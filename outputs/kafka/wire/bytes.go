package wire

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("the answer of the broker is cut short or malformed")

// reader takes Kafka's types from p. After the first thing that is not there
// it gives zeros, and err is set.
type reader struct {
	p   []byte
	err error
}

// take is the next n bytes, which are not copied.
func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.p) {
		r.err = errShort
		return nil
	}
	b := r.p[:n]
	r.p = r.p[n:]
	return b
}

func (r *reader) int16() int16 {
	if b := r.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *reader) int64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (r *reader) uvarint() int {
	u, n := binary.Uvarint(r.p)
	if n <= 0 || u > 1<<31 {
		r.err = errShort
		return 0
	}
	r.take(n)
	return int(u)
}

// length of an array or string: -1 for null. least is the fewest bytes that
// one element has, so that a wrong length is found before anything is made.
func (r *reader) length(flexible bool, least int) int {
	n := 0
	if flexible {
		n = r.uvarint() - 1
	} else {
		n = int(r.int32())
	}
	if n > len(r.p)/least {
		r.err = errShort
		return 0
	}
	return n
}

func (r *reader) string(flexible bool) string {
	n := 0
	if flexible {
		n = r.uvarint() - 1
	} else {
		n = int(r.int16())
	}
	if n < 0 { // null
		return ""
	}
	return string(r.take(n))
}

// tags skips the tagged fields that end every struct of a flexible version.
func (r *reader) tags(flexible bool) {
	if !flexible {
		return
	}
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		r.uvarint()
		r.take(r.uvarint())
	}
}

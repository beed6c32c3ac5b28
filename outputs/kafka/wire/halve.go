package wire

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Halve cuts the batch by its records: the first part has half of them, rounded
// up, and the second the rest, over the same sequence numbers. Timestamps and
// codec stay.
func (b Batch) Halve() (Batch, Batch, error) {
	n, raw, err := b.open()
	if err != nil {
		return Batch{}, Batch{}, err
	}
	if n.count < 2 {
		return Batch{}, Batch{}, errOne
	}
	left, right := n, n
	left.count = (n.count + 1) / 2
	right.count = n.count - left.count
	right.first = Next(n.first, left.count)

	records := &recordReader{p: raw}
	e, f := NewEncoder(), NewEncoder()
	if err := e.copy(records, left.count); err != nil {
		return Batch{}, Batch{}, err
	}
	if err := f.copy(records, right.count); err != nil {
		return Batch{}, Batch{}, err
	}
	if len(records.p) > 0 {
		return Batch{}, Batch{}, errBatch
	}
	return e.seal(nil, left), f.seal(nil, right), nil
}

// open checks the batch and gives its numbers and its records.
func (b Batch) open() (numbers, []byte, error) {
	p := b.Bytes
	if len(p) < headerLen || p[atMagic] != magic ||
		int(binary.BigEndian.Uint32(p[atLength:])) != len(p)-atEpoch {
		return numbers{}, nil, errBatch
	}
	n := numbers{
		codec: b.Codec(), millis: b.Millis(), pid: b.PID(), epoch: b.Epoch(), first: b.First(),
		count: int32(binary.BigEndian.Uint32(p[atCount:])),
	}
	if n.count != b.Count || n.count < 1 {
		return n, nil, errBatch
	}
	raw, err := unpack(p[headerLen:], n.codec)
	if err != nil {
		return n, nil, fmt.Errorf("records in %v: %w", n.codec, err)
	}
	return n, raw, nil
}

// recordReader walks the records of a batch.
type recordReader struct{ p []byte }

// next is the bytes of a record behind its offset delta.
func (r *recordReader) next() ([]byte, error) {
	size, n := binary.Varint(r.p)
	if n <= 0 || size < 0 || size > int64(len(r.p)-n) {
		return nil, errBatch
	}
	record := r.p[n : n+int(size)]
	r.p = r.p[n+int(size):]
	const fixed = 2 // attributes and timestamp delta, both 0 in our batches
	if len(record) < fixed || record[0] != 0 || record[1] != 0 {
		return nil, errBatch
	}
	_, n = binary.Varint(record[fixed:])
	if n <= 0 {
		return nil, errBatch
	}
	return record[fixed+n:], nil
}

// copy makes a batch of the next n records.
func (e *Encoder) copy(r *recordReader, n int32) error {
	e.raw = slices.Grow(e.raw[:0], headerLen+len(r.p)/2)[:headerLen]
	for i := range n {
		rest, err := r.next()
		if err != nil {
			return err
		}
		size := 2 + varintLen(int(i)) + len(rest)
		e.raw = binary.AppendVarint(e.raw, int64(size))
		e.raw = append(e.raw, 0, 0)
		e.raw = binary.AppendVarint(e.raw, int64(i))
		e.raw = append(e.raw, rest...)
	}
	return nil
}

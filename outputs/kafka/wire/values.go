package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"tailrace/agent/flow"
)

// Value is what a record was made of.
type Value struct {
	Key     []byte
	Path    string        // "" when it has none
	Offset  int64         // -1 when it has none
	Headers []flow.Header // beside those two
	Line    []byte
	Millis  int64 // timestamp
}

// Values decodes the lines of the batch.
func (b Batch) Values() ([]Value, error) {
	raw, err := b.open()
	if err != nil {
		return nil, err
	}
	base := int64(binary.BigEndian.Uint64(b.Bytes[atBaseTime:]))
	records := &recordReader{p: raw}
	values := make([]Value, 0, min(int(b.Count), len(raw)))
	for range b.Count {
		record, delta, err := records.next()
		if err != nil {
			return nil, err
		}
		v, err := value(record)
		if err != nil {
			return nil, err
		}
		v.Millis = base + delta
		values = append(values, v)
	}
	if len(records.p) > 0 {
		return nil, errBatch
	}
	return values, nil
}

// open checks the header of the batch and gives its records, uncompressed.
func (b Batch) open() ([]byte, error) {
	p := b.Bytes
	if len(p) < headerLen || p[atMagic] != magic || b.Count < 1 ||
		int(binary.BigEndian.Uint32(p[atLength:])) != len(p)-atEpoch ||
		binary.BigEndian.Uint32(p[atCount:]) != uint32(b.Count) {
		return nil, errBatch
	}
	raw, err := unpack(p[headerLen:], b.Codec())
	if err != nil {
		return nil, fmt.Errorf("records in %v: %w", b.Codec(), err)
	}
	return raw, nil
}

// recordReader walks the records of a batch.
type recordReader struct{ p []byte }

// next is the bytes of a record behind its offset delta, and its timestamp delta.
func (r *recordReader) next() (record []byte, delta int64, err error) {
	size, n := binary.Varint(r.p)
	if n <= 0 || size < 0 || size > int64(len(r.p)-n) {
		return nil, 0, errBatch
	}
	record = r.p[n : n+int(size)]
	r.p = r.p[n+int(size):]
	if len(record) == 0 || record[0] != 0 { // attributes
		return nil, 0, errBatch
	}
	record = record[1:]
	if delta, n = binary.Varint(record); n <= 0 {
		return nil, 0, errBatch
	}
	record = record[n:]
	if _, n = binary.Varint(record); n <= 0 {
		return nil, 0, errBatch
	}
	return record[n:], delta, nil
}

// value reads key, value, number of headers, and the headers: path, offset, both
// of which may be missing, and others.
func value(record []byte) (v Value, err error) {
	v.Offset = -1
	if v.Key, record, err = field(record); err != nil {
		return v, err
	}
	if v.Line, record, err = field(record); err != nil {
		return v, err
	}
	if len(record) == 0 || record[0]&1 != 0 || record[0] > 0x7f {
		return v, errBatch
	}
	n := record[0] >> 1
	record = record[1:]
	for i := range n {
		var name, value []byte
		if name, record, err = field(record); err != nil {
			return v, err
		}
		if value, record, err = field(record); err != nil {
			return v, err
		}
		switch {
		case i == 0 && string(name) == "path":
			v.Path = string(value)
		case i < 2 && string(name) == "offset":
			if v.Offset, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return v, errBatch
			}
		default:
			v.Headers = append(v.Headers, flow.Header{Key: string(name), Value: value})
		}
	}
	return v, nil
}

// field is a length and as many bytes, and what is behind them.
func field(p []byte) (bytes, rest []byte, err error) {
	size, n := binary.Varint(p)
	if n <= 0 || size < 0 || size > int64(len(p)-n) {
		return nil, nil, errBatch
	}
	return p[n : n+int(size)], p[n+int(size):], nil
}

package wire

import "encoding/binary"

// Value is what a record was made of.
type Value struct {
	Path string // of its first header
	Line []byte
}

// Values decodes the lines of the batch.
func (b Batch) Values() ([]Value, error) {
	n, raw, err := b.open()
	if err != nil {
		return nil, err
	}
	records := &recordReader{p: raw}
	values := make([]Value, 0, min(int(n.count), len(raw)))
	for range n.count {
		record, err := records.next()
		if err != nil {
			return nil, err
		}
		v, err := value(record)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// value reads key, value, number of headers, and the first header.
func value(record []byte) (v Value, err error) {
	_, record, err = field(record)
	if err != nil {
		return v, err
	}
	if v.Line, record, err = field(record); err != nil {
		return v, err
	}
	if len(record) == 0 {
		return v, errBatch
	}
	if _, record, err = field(record[1:]); err != nil {
		return v, err
	}
	path, _, err := field(record)
	v.Path = string(path)
	return v, err
}

// field is a length and as many bytes, and what is behind them.
func field(p []byte) (bytes, rest []byte, err error) {
	size, n := binary.Varint(p)
	if n <= 0 || size < 0 || size > int64(len(p)-n) {
		return nil, nil, errBatch
	}
	return p[n : n+int(size)], p[n+int(size):], nil
}

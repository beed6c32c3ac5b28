package wire

import (
	"testing"

	"tailrace/agent/flow"
)

func TestValuesAreTheLines(t *testing.T) {
	for _, codec := range []Codec{None, Gzip, Snappy, LZ4, Zstd} {
		c := &flow.Chunk{Path: "/var/log/a b.log", Start: 1 << 40, Data: []byte("one\n\nthree\x00\xff\r\n")}
		c.Split()
		e := NewEncoder()
		e.Begin([]byte("host"), codec, 1<<20, 1)
		e.Add(c, 0)
		b := e.Finish(1, 2, 3)
		values, err := b.Values()
		if err != nil || len(values) != c.Lines() {
			t.Fatalf("%v: %d values, %v", codec, len(values), err)
		}
		for i, v := range values {
			if v.Path != c.Path || string(v.Line) != string(c.Line(i)) {
				t.Errorf("%v: value %d is %q at %q", codec, i, v.Line, v.Path)
			}
		}
		for cut := range b.Bytes {
			short := Batch{Bytes: b.Bytes[:cut], Count: b.Count}
			if _, err := short.Values(); err == nil {
				t.Fatalf("%v: read %d of %d bytes without an error", codec, cut, len(b.Bytes))
			}
		}
	}
}

package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// Values are the lines that the batch was made of, and the path of their file.
func TestValues(t *testing.T) {
	f := func(data string, codec Codec) {
		t.Helper()
		c := chunkOf([]byte(data))
		values, err := build(t, data, codec, 1, 2, 3).Values()
		if err != nil || len(values) != c.Lines() {
			t.Fatalf("%v: %d values for %d lines, %v", codec, len(values), c.Lines(), err)
		}
		for i, v := range values {
			if v.Path != c.Path || !bytes.Equal(v.Line, c.Line(i)) {
				t.Fatalf("%v: value %d is %q at %q", codec, i, v.Line, v.Path)
			}
		}
	}
	for _, codec := range codecs {
		f("one\n\nthree\x00\xff\r\n", codec)
		f("\n\n\n", codec)
		// the lengths of record and offset delta change over 64 and 8192
		f(string(logLines(60, 60*200)), codec)
		f(string(logLines(9000, 9000*9)), codec)
		f(noise(300_000)+"\n"+noise(10)+"\n"+noise(9000)+"\n", codec)
		// several blocks of the codec
		f(string(logLines(200, 3<<20)), codec)
	}
}

// A damaged batch is an error.
func TestValuesDamaged(t *testing.T) {
	for _, codec := range codecs {
		whole := build(t, string(logLines(100, 2000)), codec, 1, 0, 0)
		for n := range len(whole.Bytes) {
			b := Batch{Bytes: slices.Clone(whole.Bytes[:n]), Count: whole.Count}
			if _, err := b.Values(); err == nil {
				t.Fatalf("%v: read although cut at %d", codec, n)
			}
			if n < headerLen {
				continue
			}
			binary.BigEndian.PutUint32(b.Bytes[atLength:], uint32(n-atEpoch))
			if _, err := b.Values(); err == nil {
				t.Fatalf("%v: read although cut at %d, with a length that fits", codec, n)
			}
		}
		for _, count := range []int32{whole.Count - 1, whole.Count + 1, 0, -1} {
			wrong := whole
			wrong.Count = count
			if _, err := wrong.Values(); err == nil {
				t.Errorf("%v: read although the count is not the header's", codec)
			}
			binary.BigEndian.PutUint32(wrong.Bytes[atCount:], uint32(count))
			if _, err := wrong.Values(); err == nil {
				t.Errorf("%v: %d records instead of %d", codec, count, whole.Count)
			}
			binary.BigEndian.PutUint32(wrong.Bytes[atCount:], uint32(whole.Count))
		}
	}
}

// Whatever the bytes are, Values says so or gives as many as there should be.
func FuzzValues(f *testing.F) {
	for _, codec := range codecs {
		b := build(f, string(logLines(60, 600)), codec, 1, 0, 5)
		f.Add(int8(codec), b.Count, b.Bytes[headerLen:])
	}
	f.Fuzz(func(t *testing.T, codec int8, count int32, body []byte) {
		b := Batch{Bytes: append(make([]byte, headerLen), body...), Count: count}
		putHeader(b.Bytes, numbers{codec: Codec(codec), count: count})
		values, err := b.Values()
		if err == nil && len(values) != int(count) {
			t.Errorf("%d values of %d records", len(values), count)
		}
	})
}

package main

import (
	"bytes"
	"testing"

	"github.com/pierrec/lz4/v4"
)

// TestLines pins what the figures rest on: the length of a line, that a seed
// gives the same lines for ever, and how much smaller lz4 makes them.
func TestLines(t *testing.T) {
	const n = 5000
	var a, b, c bytes.Buffer
	for buf, seed := range map[*bytes.Buffer]uint64{&a: 1, &b: 1, &c: 2} {
		if err := writeLines(buf, newLines(seed), n); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("the lines are not those of the seed")
	}
	if a.Len() != n*lineSize || bytes.Count(a.Bytes(), []byte{'\n'}) != n || a.Bytes()[lineSize-1] != '\n' {
		t.Errorf("%d bytes in %d lines", a.Len(), n)
	}
	small := make([]byte, lz4.CompressBlockBound(a.Len()))
	var compressor lz4.Compressor
	size, err := compressor.CompressBlock(a.Bytes(), small)
	if ratio := float64(a.Len()) / float64(size); err != nil || ratio < 2.4 || ratio > 2.6 {
		t.Errorf("lz4 makes them %.2f times smaller, %v", ratio, err)
	}
}

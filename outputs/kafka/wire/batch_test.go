package wire

import (
	"bytes"
	"math"
	"testing"
)

// build makes a batch of the lines in data.
func build(t testing.TB, data string, codec Codec, pid int64, epoch int16, first int32) Batch {
	t.Helper()
	e := NewEncoder()
	e.Begin([]byte("host"), codec, 16<<20, 1700000000000)
	c := chunkOf([]byte(data))
	if e.Add(c, 0) != c.Lines() {
		t.Fatal("not all lines taken")
	}
	return e.Finish(pid, epoch, first)
}

// checkNumbers compares what the batch's header says.
func checkNumbers(t *testing.T, b Batch, pid int64, epoch int16, first int32) {
	t.Helper()
	if b.PID() != pid || b.Epoch() != epoch || b.First() != first {
		t.Fatalf("numbers %d/%d/%d, want %d/%d/%d", b.PID(), b.Epoch(), b.First(), pid, epoch, first)
	}
}

// Renumber changes the numbers and the CRC, and nothing else.
func TestRenumber(t *testing.T) {
	for _, codec := range codecs {
		data := string(logLines(100, 5000))
		b := build(t, data, codec, 1, 2, 3)
		want := build(t, data, codec, math.MaxInt64, math.MaxInt16, math.MaxInt32)
		b.Renumber(math.MaxInt64, math.MaxInt16, math.MaxInt32)
		checkNumbers(t, b, math.MaxInt64, math.MaxInt16, math.MaxInt32)
		if !bytes.Equal(b.Bytes, want.Bytes) {
			t.Errorf("%v: not the batch that has these numbers from the start", codec)
		}
		decode(t, b)
	}
}

func TestNext(t *testing.T) {
	f := func(first, n, want int32) {
		t.Helper()
		if got := Next(first, n); got != want {
			t.Errorf("Next(%d, %d) = %d, want %d", first, n, got, want)
		}
	}
	f(0, 1, 1)
	f(5, 0, 5)
	f(math.MaxInt32-1, 1, math.MaxInt32)
	f(math.MaxInt32, 1, 0)
	f(math.MaxInt32-2, 7, 4)
	f(math.MaxInt32, math.MaxInt32, math.MaxInt32-1)
}

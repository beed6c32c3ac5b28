package wire

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
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

// Halves keep every record, timestamp, number and the codec, down to single
// records, over the end of the sequence numbers.
func TestHalve(t *testing.T) {
	f := func(data string, codec Codec, first int32) {
		t.Helper()
		b := build(t, data, codec, 77, 5, first)
		want := records(t, b)
		var leaves []record
		var halve func(b Batch, first int32)
		halve = func(b Batch, first int32) {
			checkNumbers(t, b, 77, 5, first)
			if b.Count == 1 {
				leaves = append(leaves, records(t, b)...)
				if _, _, err := b.Halve(); err == nil {
					t.Fatal("a single record was halved")
				}
				return
			}
			left, right, err := b.Halve()
			if err != nil {
				t.Fatal(err)
			}
			if left.Count != (b.Count+1)/2 || left.Count+right.Count != b.Count {
				t.Fatalf("%d became %d and %d", b.Count, left.Count, right.Count)
			}
			both := append(records(t, left), records(t, right)...)
			all := records(t, b)
			for i := range both {
				if int32(i) >= left.Count {
					both[i].delta += int64(left.Count)
				}
			}
			equal(t, both, all)
			for _, half := range []Batch{left, right} {
				if half.Codec() != b.Codec() && half.Codec() != None {
					t.Fatalf("codec %v became %v", b.Codec(), half.Codec())
				}
			}
			halve(left, first)
			halve(right, int32((int64(first)+int64(left.Count))%(1<<31)))
		}
		halve(b, first)
		for i := range leaves {
			leaves[i].delta = int64(i)
		}
		equal(t, leaves, want)
	}
	few := string(logLines(150, 150*9))
	for _, codec := range codecs {
		f("a\nb\n", codec, 0)
		f("\n\n\n", codec, math.MaxInt32)
		for first := int64(math.MaxInt32) - 9; first <= math.MaxInt32; first += 3 {
			f(few, codec, int32(first))
		}
		// Lengths of record and offset delta change over 64 and 8192.
		f(string(logLines(60, 60*200)), codec, math.MaxInt32-130)
		f(noise(300_000)+"\n"+noise(10)+"\n"+noise(9000)+"\n", codec, 3)
	}
}

// A big batch is several LZ4 blocks.
func TestHalveBig(t *testing.T) {
	for _, codec := range codecs {
		b := build(t, string(logLines(200, 3<<20)), codec, 1, 0, 0)
		left, right, err := b.Halve()
		if err != nil {
			t.Fatal(err)
		}
		both := append(records(t, left), records(t, right)...)
		for i := range both {
			both[i].delta = int64(i)
		}
		equal(t, both, records(t, b))
	}
}

// A damaged batch is an error.
func TestHalveDamaged(t *testing.T) {
	for _, codec := range codecs {
		whole := build(t, string(logLines(100, 2000)), codec, 1, 0, 0)
		for n := range len(whole.Bytes) {
			b := Batch{Bytes: slices.Clone(whole.Bytes[:n]), Count: whole.Count}
			if _, _, err := b.Halve(); err == nil {
				t.Fatalf("%v: halved although cut at %d", codec, n)
			}
			if n < headerLen {
				continue
			}
			binary.BigEndian.PutUint32(b.Bytes[atLength:], uint32(n-atEpoch))
			if _, _, err := b.Halve(); err == nil {
				t.Fatalf("%v: halved although cut at %d, with a length that fits", codec, n)
			}
		}
		wrong := whole
		wrong.Count++
		if _, _, err := wrong.Halve(); err == nil {
			t.Errorf("%v: halved although the count is wrong", codec)
		}
		wrong.Count = -1
		binary.BigEndian.PutUint32(wrong.Bytes[atCount:], math.MaxUint32)
		if _, err := wrong.Values(); err == nil {
			t.Errorf("%v: values of a batch of -1 records", codec)
		}
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

// Whatever the bytes are, Halve says so or gives two batches of the records.
func FuzzHalve(f *testing.F) {
	for _, codec := range codecs {
		b := build(f, string(logLines(60, 600)), codec, 1, 0, 5)
		f.Add(int8(codec), b.Count, b.Bytes[headerLen:])
	}
	f.Fuzz(func(t *testing.T, codec int8, count int32, body []byte) {
		b := Batch{Bytes: append(make([]byte, headerLen), body...), Count: count}
		putHeader(b.Bytes, numbers{codec: Codec(codec), count: count})
		left, right, err := b.Halve()
		if err != nil {
			return
		}
		if left.Count+right.Count != count {
			t.Errorf("%d became %d and %d", count, left.Count, right.Count)
		}
		// What Halve wrote it also reads.
		for _, half := range []Batch{left, right} {
			if _, _, err := half.open(); err != nil {
				t.Error(err)
			}
		}
	})
}

package flow

import (
	"bytes"
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

func TestSplit(t *testing.T) {
	f := func(data string, part int, final bool, want ...string) {
		t.Helper()
		c := &Chunk{Data: []byte(data), Part: part, Final: final}
		c.Split()
		var got []string
		for i := range c.Lines() {
			got = append(got, string(c.Line(i)))
		}
		if len(got) != len(want) {
			t.Fatalf("%q gave %q, want %q", data, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%q gave %q, want %q", data, got, want)
			}
		}
	}
	f("", 0, false)
	f("a\n", 0, false, "a")
	f("\n\n", 0, false, "", "")
	f("a\r\nb", 0, false, "a\r", "b")
	// a piece of a long line is one record; only the last may end in a newline
	f("abc", 1, false, "abc")
	f("abc\n", 2, true, "abc")
	f("abc", 3, true, "abc")
}

// The mark of a file at an offset is the same however the bytes before it
// were cut into chunks.
func TestMarkDoesNotDependOnChunks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	file := make([]byte, 3000)
	for i := range file {
		file[i] = byte('a' + rnd.IntN(26))
		if rnd.IntN(20) == 0 {
			file[i] = '\n'
		}
	}
	file[len(file)-1] = '\n'
	for range 200 {
		var c Chunk
		for at := 0; at < len(file); {
			end := min(len(file), at+1+rnd.IntN(200))
			end += bytes.IndexByte(file[end-1:], '\n')
			lead := file[max(0, at-TailMax):at]
			known := min(at, PrefixMax)
			c = Chunk{File: 1, Start: int64(at), Lead: lead, Data: file[at:end], PrefixLen: known, Prefix: PrefixSum(0, file[:known])}
			c.Split()
			s := c.Span(0, c.Lines())
			want := NewMark(file[:min(end, PrefixMax)], file[max(0, end-TailMax):end])
			if s.Mark != want {
				t.Fatalf("mark at %d from a chunk at %d: %+v, want %+v", end, at, s.Mark, want)
			}
			at = end
		}
	}
}

// A mark is of the last TailMax bytes before its offset, one of an older journal
// of the last 64.
func TestFollows(t *testing.T) {
	file := bytes.Repeat([]byte("0123456789"), 300)
	other := func(back int) []byte {
		p := bytes.Clone(file)
		p[len(p)-back] = 'x'
		return p[len(p)-TailMax:]
	}
	m := NewMark(file[:PrefixMax], file[len(file)-TailMax:])
	old := m
	old.Window, old.Tail = 0, crc64.Checksum(file[len(file)-64:], ecma)
	f := func(m Mark, back int, want bool) {
		t.Helper()
		if m.Follows(other(back)) != want {
			t.Errorf("%+v: with the byte %d before its offset changed: %v", m, back, !want)
		}
	}
	f(m, 1, false)
	f(m, TailMax, false)
	f(old, 1, false)
	f(old, 64, false)
	f(old, 65, true)
	if !m.Follows(file) || !old.Follows(file) || !new(Mark).Follows(nil) {
		t.Error("the same bytes do not follow")
	}
}

func TestJoinIsTheSpanOfBoth(t *testing.T) {
	data := []byte("one\ntwo\nthree\n")
	c := Chunk{File: 7, Data: data}
	c.Split()
	whole := c.Span(0, 3)
	joined := c.Span(0, 1)
	if !joined.Join(c.Span(1, 3), data[4:]) || joined != whole {
		t.Errorf("joined %+v, whole %+v", joined, whole)
	}
	apart := c.Span(0, 1)
	other := c.Span(1, 2)
	other.File = 8
	if apart.Join(other, data[4:8]) || apart.Join(c.Span(2, 3), data[8:]) {
		t.Error("joined what does not follow")
	}
}

func TestBudget(t *testing.T) {
	b := NewBudget(10)
	if !b.Try(10) || b.Try(1) {
		t.Fatal("the limit is not kept")
	}
	b.Take(5)
	if b.Release(6); b.Used() != 9 || b.Try(2) || !b.Try(1) {
		t.Fatalf("%d used", b.Used())
	}
}

// The sum of a span is taken of every byte that is shipped.
func BenchmarkSum(b *testing.B) {
	p := make([]byte, 256<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Sum(p)
	}
}

// The span of records ends where the last of them does, and goes on with what
// must be known there. Nothing is joined to it.
func TestSpanOfRecords(t *testing.T) {
	c := Chunk{File: 3, Start: 100, Data: []byte("a\nb\nleft out\n"), Reading: 7, Part: 5, Records: []Record{
		{Start: 0, End: 2, Part: 8, Clean: true, Value: []byte("A")},
		{Start: 2, End: 13, Part: 9, Clean: true, Value: []byte("B")},
	}}
	f := func(from, to int, start, end int64, part, behind int) {
		t.Helper()
		s := c.Span(from, to)
		if s.Reading != 7 || s.Start != start || s.End != end || s.Part != part || s.Mark.Part != behind || s.Sum != Sum(c.Data[start-100:end-100]) {
			t.Errorf("records %d to %d: %+v", from, to, s)
		}
	}
	f(0, 1, 100, 102, 5, 8)
	f(0, 2, 100, 113, 5, 9)
	f(1, 2, 102, 113, 8, 9)
	if c.Lines() != 2 || string(c.Line(1)) != "B" || c.Offset(1) != 102 {
		t.Errorf("%d records, the second %q at %d", c.Lines(), c.Line(1), c.Offset(1))
	}
	s := c.Span(0, 1)
	if s.Join(c.Span(1, 2), c.Data[2:]) {
		t.Error("spans of a reading were joined: their records may be others together")
	}
}

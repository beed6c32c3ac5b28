package found

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"tailrace/agent/flow"
)

const name = "/var/log/a.log"

// lines is a file of n lines.
func lines(from, n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "line %06d of the log\n", from+i)
	}
	return b.Bytes()
}

// note notes the lines of data, which begin at an offset.
func note(s *Set, at int64, data []byte, millis int64) {
	for _, l := range bytes.SplitAfter(data, []byte("\n")) {
		if len(l) > 0 {
			s.Record(name, at, bytes.TrimSuffix(l, []byte("\n")), millis, false)
			at += int64(len(l))
		}
	}
}

func chunk(at int64, data []byte) *flow.Chunk {
	c := &flow.Chunk{File: 1, Path: name, Start: at, Data: data}
	c.Split()
	return c
}

const all = 1 << 40

// read plays a file that is read on at an offset, and returns how many lines
// are sent.
func read(s *Set, at int64, data []byte, b Bound) (sent int) {
	for len(data) > 0 {
		c := chunk(at, data[:min(len(data), flow.LeastTurn)])
		if len(data) > flow.LeastTurn {
			c = chunk(at, data[:bytes.LastIndexByte(data[:flow.LeastTurn], '\n')+1])
		}
		n := s.Skip(c, b)
		if n == 0 {
			n = s.Send(c, b)
			sent += n
		}
		at, data = at+int64(c.LineStart(n)), data[c.LineStart(n):]
	}
	return sent
}

// What the partition has of a file is skipped, wherever that ends, and however
// much was sent twice; the rest is sent.
func TestSkip(t *testing.T) {
	file := lines(0, 20_000)
	size := len(file) / 20_000
	f := func(what string, want int, resume int, b Bound, runs ...[2]int) {
		t.Helper()
		s := New("k", nil, map[string][]int64{name: {int64(resume * size)}})
		for _, r := range runs {
			note(s, int64(r[0]*size), file[r[0]*size:r[1]*size], 5000)
		}
		s.Close()
		if got := read(s, int64(resume*size), file[resume*size:], b); got != want {
			t.Errorf("%s: %d lines are sent, want %d", what, got, want)
		}
	}
	f("nothing", 20_000, 0, Bound{Size: all})
	f("all", 0, 0, Bound{Size: all}, [2]int{0, 20_000})
	for n := 1; n < 20_000; n += 1771 {
		f("the beginning", 20_000-n, 0, Bound{Size: all}, [2]int{0, n})
		f("a part", n, 0, Bound{Size: all}, [2]int{n, 20_000})
		f("read on in the middle", 0, n, Bound{Size: all}, [2]int{0, 20_000})
		f("sent twice in part", 0, 0, Bound{Size: all}, [2]int{0, n}, [2]int{n / 2, 20_000})
	}
	f("younger than the run", 20_000, 0, Bound{}, [2]int{0, 20_000})
	f("a younger file", 20_000, 0, Bound{Size: all, Born: 7e9}, [2]int{0, 20_000})
	f("an older file", 0, 0, Bound{Size: all, Born: 5e9}, [2]int{0, 20_000})
}

// A line that is not the same is sent, and each record stands for one line only.
func TestNoFalseEcho(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		file := lines(0, 3000)
		s := New("k", nil, nil)
		note(s, 0, file, 1)
		s.Close()
		changed := bytes.Clone(file)
		at := rnd.IntN(len(file))
		if changed[at] == '\n' {
			continue
		}
		changed[at] ^= 1
		if sent := read(s, 0, changed, Bound{Size: all}); sent == 0 {
			t.Fatalf("the line at %d was not sent", at)
		}
		if sent := read(s, 0, file, Bound{Size: all}); sent < 2000 {
			t.Fatalf("another file with the same lines: only %d were sent", sent)
		}
	}
}

// Generations of one path are told apart by their lines.
func TestGenerations(t *testing.T) {
	s := New("k", nil, nil)
	old, young := append(lines(9, 1), lines(100, 5000)...), append(lines(9, 1), lines(10_000, 3000)...)
	note(s, 0, old, 1)
	note(s, 0, young[:len(young)/2], 2)
	s.Close()
	if sent := read(s, 0, old, Bound{Size: all}); sent != 0 {
		t.Errorf("%d lines of the older are sent", sent)
	}
	if sent := read(s, 0, young, Bound{Size: all}); sent < 1500 || sent > 1501 {
		t.Errorf("%d lines of the younger are sent", sent)
	}
}

// Records that were cut out of a file are compared by their values; a span ends
// where it may.
func TestRecords(t *testing.T) {
	c := chunk(0, []byte("a\n b\nc\nd\n"))
	c.Reading, c.Ends = 3, nil
	c.Records = []flow.Record{
		{Start: 0, End: 5, Value: []byte("a\n b"), Clean: true},
		{Start: 5, End: 7, Value: []byte("c")},
		{Start: 7, End: 9, Value: []byte("d"), Clean: true},
	}
	f := func(want int, upTo int) {
		t.Helper()
		s := New("k", nil, nil)
		for _, r := range c.Records[:upTo] {
			s.Record(name, int64(r.Start), r.Value, 1, false)
		}
		s.Close()
		if n := s.Skip(c, Bound{Size: all}); n != want {
			t.Errorf("with %d records there, %d are skipped, want %d", upTo, n, want)
		}
	}
	f(0, 0)
	f(1, 1)
	f(1, 2)
	f(3, 3)
}

// Values that have the time in them at which they were built are the same at
// another time. What a program wrote is not.
func TestTimed(t *testing.T) {
	f := func(timed bool, want int) {
		t.Helper()
		s := New("k", nil, nil)
		s.Record(name, 0, []byte(`{"@timestamp":"2026-11-23T07:00:00.000Z","message":"a"}`), 1, false)
		s.Close()
		c := chunk(0, []byte("a\n"))
		c.Reading, c.Ends, c.Timed = 1, nil, timed
		c.Records = []flow.Record{{End: 2, Value: []byte(`{"@timestamp":"2026-11-23T08:00:00.000Z","message":"a"}`), Clean: true}}
		if n := s.Skip(c, Bound{Size: all}); n != want {
			t.Errorf("timed %v: %d are skipped, want %d", timed, n, want)
		}
	}
	f(true, 1)
	f(false, 0)
}

// The value of a shortened record is not the line: it alone is sent again.
func TestShortened(t *testing.T) {
	s := New("k", nil, nil)
	s.Record(name, 0, []byte("one"), 1, false)
	s.Record(name, 4, []byte("tw"), 1, true)
	s.Record(name, 8, []byte("three"), 1, false)
	s.Close()
	if sent := read(s, 0, []byte("one\ntwo\nthree\n"), Bound{Size: all}); sent != 1 {
		t.Errorf("%d lines are sent", sent)
	}
}

func TestNumbers(t *testing.T) {
	s := New("k", []Stream{{7, 0}}, nil)
	s.Batch(Stream{7, 0}, 1<<31-2, 4) // numbers wrap
	s.Batch(Stream{7, 1}, 100, 4)
	f := func(pid int64, epoch int16, n int32, want bool) {
		t.Helper()
		if s.Has(Stream{pid, epoch}, n) != want {
			t.Errorf("number %d of %d/%d: %v", n, pid, epoch, !want)
		}
	}
	f(7, 0, 1<<31-3, false)
	f(7, 0, 1<<31-2, true)
	f(7, 0, 0, true)
	f(7, 0, 1, true)
	f(7, 0, 2, false)
	f(7, 1, 100, false) // not wanted
	f(8, 0, 0, false)
}

// The memory of a Set is a small part of the lines.
func TestMemory(t *testing.T) {
	s := New("k", nil, nil)
	file := lines(0, 200_000)
	note(s, 0, file, 1)
	s.Close()
	if n := len(s.paths[name].all) * 40; n > len(file)/400+40*1000 {
		t.Errorf("%d bytes for %d bytes of lines", n, len(file))
	}
}

package journal

import (
	"slices"
	"testing"

	"tailrace/agent/flow"
)

// A ladder has the last ends, and further back the gap before each step is at
// most three times what is behind it.
func TestLadder(t *testing.T) {
	f := func(size, span int64, most int) {
		t.Helper()
		var l Ladder
		for end := span; end <= size; end += span {
			l = l.Add(end, flow.Mark{Window: flow.TailMax, Tail: uint64(end)})
		}
		if len(l) > most {
			t.Errorf("%d steps for %d spans", len(l), size/span)
		}
		for i := range l {
			if i > 0 && l[i].Off <= l[i-1].Off || l[i].Tail != uint32(l[i].Off) {
				t.Fatalf("steps %v", l)
			}
			if i > len(l)-stepsLast && l[i].Off-l[i-1].Off != span {
				t.Errorf("one of the last is missing: %v", l)
			}
			if i > 0 && l[i].Off-l[i-1].Off > max(span, 3*(size-l[i].Off)) {
				t.Errorf("%d is followed by %d, of %d", l[i-1].Off, l[i].Off, size)
			}
		}
	}
	f(10_000, 100, 20)
	f(1<<30, 1<<20, 20)
	f(100<<20, 200, 30)
	var l Ladder
	l = l.Add(stepMin-1, flow.Mark{Window: flow.TailMax})
	l = l.Add(stepMin, flow.Mark{})
	l = l.Add(stepMin, flow.Mark{Window: flow.TailMax, Part: 1})
	if len(l) > 0 {
		t.Errorf("steps at places that cannot be known: %v", l)
	}
}

// The ladder is the same after a restart, with a snapshot or without.
func TestLadderIsKept(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	mustWrite(t, j, Record{File: &File{ID: 1, Path: "/a", Topic: "t"}})
	ack := func(from, to int64) {
		for at := from; at < to; at += 1000 {
			m := flow.Mark{PrefixLen: 1024, Tail: uint64(at), Window: flow.TailMax}
			j.Note(Record{Done: &Done{Spans: []flow.Span{{File: 1, Start: at - 1000, End: at, Mark: m}}}})
		}
	}
	ack(1000, 100_000)
	want := j.Ladder(1)
	if len(want) < stepsLast {
		t.Fatalf("%v", want)
	}
	for range 3 {
		mustClose(t, j)
		j = mustOpen(t, dir, Options{})
		if got := j.Ladder(1); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	ack(100_000, 110_000)
	if got := j.Ladder(1); slices.Equal(got, want) || got[len(got)-1].Off != 108_000 {
		t.Errorf("after more: %v", got)
	}
}

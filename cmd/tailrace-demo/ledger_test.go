package main

import "testing"

func TestCount(t *testing.T) {
	l := newLedger()
	for _, line := range []string{"t a 0 x", "t a 1 x", "t a 2 x"} {
		l.add("a", line)
	}
	l.add("b", "t b 0 y")
	f := func(records []string, want tally) {
		t.Helper()
		c := newCount(l)
		for _, r := range records {
			c.record([]byte(r))
		}
		want.written, want.inTopic = 4, len(records)
		if got := c.result(); got != want {
			t.Errorf("%q: %+v, want %+v", records, got, want)
		}
		if got := want == (tally{written: 4, inTopic: 4}); c.result().exact() != got {
			t.Errorf("%q: exact %v, want %v", records, !got, got)
		}
	}
	// All is well; two logs may be mixed.
	f([]string{"t a 0 x", "t b 0 y", "t a 1 x", "t a 2 x"}, tally{})
	// Nothing came, and the last line of one log did not.
	f(nil, tally{missing: 4})
	f([]string{"t a 0 x", "t a 1 x", "t b 0 y"}, tally{missing: 1})
	// A hole.
	f([]string{"t a 0 x", "t a 2 x", "t b 0 y"}, tally{missing: 1})
	// Twice: at once, and later.
	f([]string{"t a 0 x", "t a 0 x", "t a 1 x", "t a 2 x", "t b 0 y"}, tally{repeated: 1})
	f([]string{"t a 0 x", "t a 1 x", "t a 2 x", "t b 0 y", "t a 0 x"}, tally{repeated: 1})
	// A line behind a later one.
	f([]string{"t a 0 x", "t a 2 x", "t a 1 x", "t b 0 y"}, tally{disordered: 1})
	// Torn, altered, of a log that is not, with a number that is not.
	f([]string{"t a 0 x", "t a 1", "t a 2 z", "t c 0 y", "t b 7 y", "t b -1 y", ""}, tally{missing: 3, altered: 6})
}

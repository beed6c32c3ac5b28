package content

import (
	"fmt"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// Of what was read, the last line ends are all kept, and of those further back so
// many that no more than three times of what is cut off has to be read again.
func TestSteps(t *testing.T) {
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	c := of(t, []byte(text.String()))
	off := int64(text.Len())
	m, _, err := c.MarkAt(off)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.StepsBelow(off-5, m); s != nil {
		t.Errorf("of content that the mark is not of there are %v", s)
	}
	s := c.StepsBelow(off, m)
	last := off
	n := 0
	for at, tail := range s.Below(off) {
		m, _, err := c.MarkAt(at)
		if err != nil || uint32(m.Tail) != tail || text.String()[at-1] != '\n' {
			t.Errorf("step %d at %d is no end of a line: %v", n, at, err)
		}
		if n > stepsAll && off-at > 4*(off-last) {
			t.Errorf("from %d the next step is at %d", last, at)
		}
		last = at
		n++
	}
	if n != len(s) || off-last < 64 {
		t.Errorf("%d steps, down to %d of %d", n, last, off)
	}
	if s = s.Lower(off - last); s != nil {
		t.Errorf("below the last step there are %v", s)
	}
	if s = s.Note(&flow.Chunk{}, off, 0, flow.Mark{}); s != nil {
		t.Errorf("of nothing there are %v", s)
	}
}

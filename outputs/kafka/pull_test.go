package kafka

import (
	"testing"

	"tailrace/agent/flow"
	"tailrace/outputs/kafka/wire"
)

// pieces gives chunks of one file, one after the other.
type pieces struct {
	source
	texts []string
	at    int
}

func (p *pieces) Next(c *flow.Chunk, _ int) bool {
	if len(p.texts) == 0 {
		return false
	}
	*c = flow.Chunk{File: 1, Path: "/log", Start: int64(p.at), Data: []byte(p.texts[0])}
	c.Split()
	p.at += len(p.texts[0])
	p.texts = p.texts[1:]
	return true
}

// Spans are joined where the lines that they come apart into stay the same: a
// last line without a newline, and what was written behind it later, are two.
func TestSpansAreJoinedAtNewlinesOnly(t *testing.T) {
	f := func(want int, texts ...string) {
		t.Helper()
		d := &driver{feed: &pieces{texts: texts}}
		e := &encoder{Encoder: wire.NewEncoder()}
		e.Begin(nil, wire.None, 1<<20, 1)
		spans, _ := d.fill(e, 1)
		lines := 0
		for _, s := range spans {
			c := flow.Chunk{Data: d.feed.(*pieces).bytes(s, texts)}
			c.Split()
			lines += c.Lines()
		}
		if len(spans) != want || lines != int(e.Count()) {
			t.Errorf("%q: %d spans with %d lines, want %d with %d", texts, len(spans), lines, want, e.Count())
		}
	}
	f(1, "a\nb\n", "c\n")
	f(2, "a\nhalf", "late\n")
	f(2, "a\n", "half", "late\n", "more\n")
	f(0)
}

// bytes is what s covers of all texts.
func (p *pieces) bytes(s flow.Span, texts []string) []byte {
	var all []byte
	for _, t := range texts {
		all = append(all, t...)
	}
	return all[s.Start:s.End]
}

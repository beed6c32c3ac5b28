package tail

import (
	"fmt"
	"testing"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/packed"
)

// One more topic than there are slots has an unread compressed file, and all but
// the last stand still. The last is read; and so are the others, once they go on.
func TestCompressedBesideTopicsInTrouble(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t)
		h.opts.Inputs = nil
		topics := packed.SlotsMax + 1
		name := func(i int) string { return fmt.Sprintf("%02d.log", i) }
		for i := range topics {
			h.opts.Inputs = append(h.opts.Inputs, Config{Paths: []string{h.path(name(i))}, Topic: name(i), Start: "beginning"})
			h.write(name(i), 1, 2)
		}
		got := map[int]int{}
		take := func(i int) {
			var c flow.Chunk
			for h.in.Feed(name(i)).Next(&c, 100) {
				s := c.Span(0, c.Lines())
				h.j.intent(s)
				h.j.ack(s)
				for k := range c.Lines() {
					if got[i]++; string(c.Line(k)) != text(got[i]) {
						t.Errorf("topic %d: line %d is %q", i, got[i], c.Line(k))
					}
				}
			}
		}
		h.start()
		h.wait(5 * time.Second)
		for i := range topics {
			take(i)
		}
		h.stop()
		for i := range topics {
			h.write(name(i), 3, 6)
			h.packRotated(name(i), ".gz")
			h.write(name(i), 7, 8)
		}
		h.start()
		last := topics - 1
		for range 120 {
			h.wait(time.Second)
			take(last)
		}
		if got[last] != 8 {
			t.Fatalf("%d lines of the topic that is well, want 8:\n%s", got[last], h.log)
		}
		for range 120 {
			h.wait(time.Second)
			for i := range topics {
				take(i)
			}
		}
		for i := range topics {
			if got[i] != 8 {
				t.Errorf("%d lines of topic %d, want 8", got[i], i)
			}
		}
		h.noLoss()
		h.stop()
	})
}

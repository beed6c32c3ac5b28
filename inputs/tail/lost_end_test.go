package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// A log is cut shorter, or copied and truncated too early, while lines wait to be
// read: what was seen of them and is gone is counted, once, and nothing else.
func TestUnreadEndIsLost(t *testing.T) {
	_, all := numbers(1, 90)
	const size = 43 // of a line
	for _, c := range []struct {
		name string
		read int // lines that are taken before
		cut  func(h *host)
		lost int64 // lines
		want []string
	}{
		{name: "behind what was read", read: 30, cut: func(h *host) {
			h.must(os.Truncate(h.path("a.log"), 60*size))
		}, lost: 30, want: all[:60]},
		{name: "before its end", read: 30, cut: func(h *host) {
			h.must(os.Truncate(h.path("a.log"), 29*size))
		}, lost: 60, want: all[:30]},
		{name: "nothing was read", cut: func(h *host) {
			h.must(os.Truncate(h.path("a.log"), 60*size))
		}, lost: 30, want: all[:60]},
		{name: "one line was read", read: 1, cut: func(h *host) {
			h.must(os.Truncate(h.path("a.log"), 60*size))
		}, lost: 30, want: all[:60]},
		{name: "all", read: 30, cut: func(h *host) {
			h.must(os.Truncate(h.path("a.log"), 0))
		}, lost: 60, want: all[:30]},
		{name: "the copy is shorter", read: 30, cut: func(h *host) {
			h.append("a.log.1", strings.Join(all[:60], "\n")+"\n")
			h.must(os.Truncate(h.path("a.log"), 0))
		}, lost: 30, want: all[:60]},
		{name: "the compressed copy is shorter", read: 30, cut: func(h *host) {
			h.append("a.log.1", strings.Join(all[:60], "\n")+"\n")
			h.compress("a.log.1", ".gz")
			h.must(os.Truncate(h.path("a.log"), 0))
		}, lost: 30, want: all[:60]},
		{name: "the copy is whole", read: 30, cut: func(h *host) {
			h.copyTruncate("a.log", "a.log.1")
		}, want: all},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", strings.Join(all, "\n")+"\n")
				h.start()
				var chunk flow.Chunk
				for range c.read {
					h.next(&chunk, size)
					s := chunk.Span(0, chunk.Lines())
					h.j.intent(s)
					h.j.ack(s)
				}
				h.wait(2 * time.Second)
				c.cut(h)
				h.wait(2 * time.Second)
				h.settle()
				h.append("a.log", "new\n")
				h.settle()
				h.want(append(c.want[:len(c.want):len(c.want)], "new")...)
				var want []journal.Loss
				if c.lost > 0 {
					want = append(want, journal.Loss{Path: h.path("a.log"), Cause: lostTruncated, Bytes: c.lost * size})
				}
				if got := h.in.Stats().Losses; fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("lost %v, want %v", got, want)
				}
				if n := h.logged("level=ERROR"); n != len(want) {
					t.Errorf("log:\n%s", h.log)
				}
				h.stop()
			})
		})
	}
}

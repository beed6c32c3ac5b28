package tail

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// The backlog is what is in the files and not acked, read or not; a file that
// is done counts with what was read of it.
func TestTopics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.opts.Inputs = append(h.opts.Inputs, Config{Paths: []string{h.path("*.txt")}, Topic: "u", Start: "end"})
		h.append("a.log", "1\n2\n")
		h.append("b.txt", "before\n")
		h.append("c.log", "1\n")
		h.before = func(call, path string) error {
			if call == "open" && path == h.path("c.log") {
				return unix.EACCES
			}
			return nil
		}
		h.start()
		f := func(when string, files int, t0, t1 TopicStats) {
			t.Helper()
			got := h.in.Topics()
			if len(got) != 2 || got[0] != t0 || got[1] != t1 {
				t.Errorf("%s: %+v", when, got)
			}
			if s := h.in.Stats(); s.Files != files {
				t.Errorf("%s: %+v", when, s)
			}
		}
		h.wait(time.Second)
		f("nothing is read", 3, TopicStats{"", "t", 2, 1, 6}, TopicStats{"", "u", 1, 0, 0})
		var c flow.Chunk
		if !h.next(&c, 100) {
			t.Fatal("nothing to read")
		}
		f("not acked", 3, TopicStats{"", "t", 2, 1, 6}, TopicStats{"", "u", 1, 0, 0})
		s := c.Span(0, 1)
		h.j.intent(s)
		h.j.ack(s)
		f("one line is acked", 3, TopicStats{"", "t", 2, 1, 4}, TopicStats{"", "u", 1, 0, 0})
		if s := h.in.Stats(); s.Read != 4 || s.Records != 2 || s.Scans == 0 || s.Parked[h.path("c.log")] == "" {
			t.Errorf("%+v", s)
		}
		h.remove("a.log")
		if h.next(&c, 100) {
			t.Error("read again")
		}
		h.wait(5 * time.Second)
		f("deleted", 2, TopicStats{"", "t", 1, 1, 4}, TopicStats{"", "u", 1, 0, 0})
		h.stop()
	})
}

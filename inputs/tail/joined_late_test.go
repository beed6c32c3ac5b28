package tail

import (
	"testing"
	"time"

	"tailrace/agent/flow"
)

// joined says whether something is joined to the file of that number.
func (h *host) joined(id flow.FileID) bool {
	h.in.mu.Lock()
	f := h.in.files[id]
	h.in.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.joined > 0
}

// A writer goes on in a rotated file after the record that it ended with was
// joined with what the next file began with: its lines come late, and once.
func TestLateAfterJoined(t *testing.T) {
	f := func(name string, late func(h *host), want ...string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newRecordHost(t, traces, "a.log")
				h.append("a.log", "1 a\n at x\n")
				h.start()
				h.take()
				h.rename("a.log", "a.log.1")
				h.append("a.log", " at y\n2 b\n")
				late(h)
				h.wait(15 * time.Second) // a full scan
				h.settle()
				h.append("a.log", "9\n")
				h.settle()
				h.records(want...)
				h.stop()
				h.start() // nothing comes again
				h.append("a.log", "10\n")
				h.settle()
				h.append("a.log.1", "11 latest\n")
				h.wait(15 * time.Second)
				h.settle()
				h.stop()
				h.records(append(want, "10", "11 latest")...)
			})
		})
	}
	joined := "1 a\n at x\n at y"
	f("after it was let go", func(h *host) {
		h.settle()
		h.append("a.log.1", "3 late\n")
		h.wait(15 * time.Second)
		h.settle()
		h.append("a.log.1", "4 later\n")
	}, joined, "2 b", "3 late", "4 later", "9")
	f("as soon as it was joined", func(h *host) {
		for len(h.got) == 0 {
			h.wait(100 * time.Millisecond)
			h.take()
		}
		h.append("a.log.1", "3 late\n")
	}, joined, "3 late", "2 b", "9")
	f("before what was joined is read", func(h *host) {
		for !h.joined(1) {
			h.wait(50 * time.Millisecond)
		}
		h.append("a.log.1", "3 late\n")
		h.settle()
	}, joined, "3 late", "2 b", "9")
	f("while the agent is down", func(h *host) {
		h.settle()
		h.stop()
		h.append("a.log.1", "3 late\n")
		h.start()
	}, joined, "2 b", "3 late", "9")
	f("after a kill, before it was acked", func(h *host) {
		for !h.joined(1) {
			h.wait(50 * time.Millisecond)
		}
		var c flow.Chunk
		if !h.in.Feed("t").Next(&c, readSize) {
			t.Fatal("nothing is read")
		}
		h.j.intent(c.Span(0, c.Lines()))
		h.crash()
		h.append("a.log.1", "3 late\n")
		h.start()
		h.again()
	}, joined, "3 late", "2 b", "9")
}

// The file in which late lines are is removed, or compressed, before what was joined
// to it is shipped: they come all the same, and what comes after them does.
func TestLateInRemoved(t *testing.T) {
	f := func(name string, hold int64, remove func(h *host)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newRecordHost(t, traces, "a.log")
				h.opts.HoldDeleted = hold
				h.noHandles = true
				h.append("a.log", "1 a\n at x\n")
				h.start()
				h.take()
				h.rename("a.log", "a.log.1")
				h.append("a.log", " at y\n2 b\n")
				for !h.joined(1) {
					h.wait(50 * time.Millisecond)
				}
				h.append("a.log.1", "3 late\n")
				remove(h)
				h.wait(15 * time.Second)
				h.settle()
				h.append("a.log", "9\n")
				h.settle()
				h.records("1 a\n at x\n at y", "3 late", "2 b", "9")
				h.stop()
				h.start() // nothing comes again
				h.append("a.log", "10\n")
				h.settle()
				h.stop()
				h.records("1 a\n at x\n at y", "3 late", "2 b", "9", "10")
				if n := h.logged("level=ERROR"); n > 0 {
					t.Errorf("log:\n%s", h.log)
				}
			})
		})
	}
	removed := func(h *host) { h.remove("a.log.1") }
	f("removed", 0, removed)
	f("removed, held within a limit", 1<<20, removed)
	f("compressed", 0, func(h *host) { h.compress("a.log.1", ".gz") })
}

package tail

import (
	"os"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// What the lane gives back of a file that was given up meanwhile is lost, too,
// and counted.
func TestGivenBackTooLate(t *testing.T) {
	for cause, away := range map[string]func(h *host){
		lostHeld:      func(h *host) { h.remove("a.log") },
		lostTruncated: func(h *host) { h.must(os.Truncate(h.path("a.log"), 0)) },
	} {
		t.Run(cause, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.opts.HoldDeleted = 1
				const size = 800 * 100
				h.append("a.log", strings.Repeat(strings.Repeat("x", 99)+"\n", 800))
				h.start()
				h.wait(2 * tickEvery)
				var c flow.Chunk
				if !h.in.Feed("t").Next(&c, 40_000) {
					t.Fatal("nothing to read")
				}
				n := c.Lines() / 2
				s := c.Span(0, n)
				away(h)
				h.wait(2 * scanEvery)
				h.in.Feed("t").Unread(&c, n)
				h.j.intent(s)
				h.j.ack(s)
				h.settle()
				h.append("a.log", "new\n")
				h.settle()
				h.want("new")
				if lost := h.in.Stats().Lost[cause]; lost != size-s.End {
					t.Errorf("%d bytes were shipped, %d are lost, of %d", s.End, lost, size)
				}
				h.stop()
			})
		})
	}
}

// Files that are done stay closed, whatever is done with them: those that wait
// find descriptors.
func TestDoneFilesAreClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log*")
		h.maxOpen = 8
		const files = 20
		for i := range files {
			name := string(rune('a'+i)) + ".log"
			h.append(name, name+" is long enough to be known again by what it says, whatever its name\n")
		}
		h.start()
		h.settle()
		var writers []*os.File
		for i := range files {
			name := string(rune('a'+i)) + ".log"
			h.rename(name, name+".1")
			writers = append(writers, must2(os.OpenFile(h.path(name+".1"), os.O_WRONLY|os.O_APPEND, 0)))
			h.age(2*testDelete, name+".1")
		}
		h.wait(2 * graceTime)
		h.wait(2 * testDelete)
		h.settle()
		h.in.tell(task{do: func() {
			for _, f := range h.in.files {
				h.in.written(f) // as after a chmod
			}
		}})
		h.wait(2 * tickEvery)
		if n := h.in.Stats().Open; n > 0 {
			t.Errorf("%d files are open, %d are followed or drained\n%s", n, h.in.Stats().Files, h.log)
		}
		for _, w := range writers {
			h.must(w.Close())
		}
		h.stop()
	})
}

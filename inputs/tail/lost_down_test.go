package tail

import (
	"testing"
	"time"

	"tailrace/agent/flow"
)

// A file of which nothing was sent is deleted while no agent runs, and others of its path
// come after it: how much of it the run before saw is said to be lost.
func TestLostWhileDown(t *testing.T) {
	for name, before := range map[string]func(h *host){
		"nothing of it was read": func(h *host) {
			h.rename("a.log", "a.log.1")
			h.write("a.log", 4, 6)
			h.wait(2 * time.Second)
			h.rename("a.log.1", "a.log.2")
			h.rename("a.log", "a.log.1")
			h.write("a.log", 7, 9)
			h.wait(2 * time.Second)
			h.stop()
			h.remove("a.log.2")
		},
		"it was read and is not under way": func(h *host) {
			h.rename("a.log", "a.log.1")
			h.write("a.log", 4, 9)
			h.remove("a.log.1")
			h.wait(2 * time.Second)
			var c flow.Chunk
			if h.next(&c, readSize); len(h.got) != 3 {
				h.t.Errorf("%q", h.got)
			}
			h.wait(time.Second)
			h.next(&c, readSize) // the file is not in use any more
			h.wait(20 * time.Second)
			h.next(&c, readSize) // nor is what comes after it
			h.j.crash(100)
			h.stop()
			h.got = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.noHandles = true
				h.write("a.log", 1, 3)
				h.start()
				h.wait(time.Second)
				before(h)
				h.start()
				h.settle()
				h.want(texts(4, 9)...)
				lost := int64(3 * (len(text(1)) + 1))
				if s := h.in.Stats(); s.Lost[lostDeleted] != lost || h.logged("level=ERROR", "cause=deleted") != 1 || h.logged("level=ERROR") != 1 {
					t.Errorf("lost %v, log:\n%s", s.Lost, h.log)
				}
				h.stop()
			})
		})
	}
}

package tail

import (
	"testing"

	"tailrace/agent/flow"
)

// isAt says whether the file of that number is known at that name.
func (h *host) isAt(id flow.FileID, name string) bool {
	h.in.mu.Lock()
	f := h.in.files[id]
	h.in.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now == h.path(name)
}

// The rest of a truncated file is read from its copy as soon as that is found, not
// at the look after that.
func TestCopyIsReadAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\n")
		h.start()
		defer h.stop()
		h.take()
		h.append("a.log", "1\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "2\n")
		for !h.isAt(1, "a.log.1") {
			h.wait(scanEvery / 100)
		}
		h.take()
		if len(h.got) < 2 || h.got[1] != "1" {
			t.Errorf("shipped %q", h.got)
		}
	})
}

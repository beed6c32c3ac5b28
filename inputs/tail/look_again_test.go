package tail

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A look that has several things to wait for is followed by another when the first of
// them is due: what cannot be decompressed for a minute keeps no copy waiting.
func TestNextLookIsForTheEarliest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.before = func(call, path string) error {
			if call == "open" && strings.HasSuffix(path, ".gz") {
				return unix.EACCES
			}
			return nil
		}
		h.append("a.log", long+"\n2\n")
		h.append("b.log.1", "other "+long+"\n")
		h.start()
		h.settle()
		h.compress("b.log.1", ".gz")
		h.wait(scanEvery)
		h.settle()
		h.append("a.log.1", long+"\n") // a copy is being made
		var again time.Duration
		h.must(h.in.ask(t.Context(), func() {
			h.in.look(h.dir)
			again = time.Until(h.in.dir(h.dir).again)
		}))
		if again <= 0 || again > quietTime {
			t.Errorf("the next look is in %v\n%s", again, h.log)
		}
		h.stop()
	})
}

package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A copy that a pattern matches is looked at several times before its first
// byte is written: it never comes as a file of its own.
func TestCopyIsSlow(t *testing.T) {
	for name, slow := range map[string]time.Duration{"": 0, ", for long": time.Minute} {
		for _, packs := range []bool{false, true} {
			t.Run(fmt.Sprintf("compressed %v%s", packs, name), func(t *testing.T) {
				bubble(t, func(t *testing.T) { copySlowly(t, packs, slow) })
			})
		}
	}
}

// copySlowly has a copy be empty for so long.
func copySlowly(t *testing.T, packs bool, slow time.Duration) {
	h := newHost(t, "*.log*")
	text, first := numbers(1, 30)
	h.append("a.log", text)
	h.start()
	h.take()
	h.wait(2 * scanEvery)
	h.must(os.WriteFile(h.path("a.log.1"), nil, 0o644))
	for range 5 {
		h.in.tell(task{do: func() { h.in.look(h.dir) }})
		h.wait(10 * time.Millisecond)
	}
	h.wait(slow)
	h.copyTruncate("a.log", "a.log.1")
	if packs {
		h.wait(300 * time.Millisecond)
		h.compress("a.log.1", ".gz")
	}
	text, then := numbers(31, 35)
	h.append("a.log", text)
	for range 3 {
		h.settle()
		h.wait(packedQuiet + time.Second)
	}
	h.want(append(first, then...)...)
	h.stop()
}

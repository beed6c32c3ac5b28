package tail

import (
	"os"
	"testing"
	"time"
)

// A log is emptied and then filled with its own content and more, as cp does it,
// from a file that looks like its copy for a moment.
func TestCopiedBack(t *testing.T) {
	for _, from := range []string{"src/a.log", "a.log.bak", "src/b"} {
		t.Run(from, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.must(os.Mkdir(h.path("src"), 0o755))
				h.start()
				for n := 1; n < 40; n += 10 {
					h.write(from, n, n+9)
					h.append("a.log", "")
					h.must(os.Truncate(h.path("a.log"), 0))
					h.must(h.in.ask(t.Context(), func() { h.in.look(h.dir) }))
					h.wait(100 * time.Millisecond)
					h.write("a.log", 1, n+9)
					h.settle()
				}
				h.want(texts(1, 40)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

package tail

import (
	"testing"
	"time"
)

// Two rotated files with a date before the extension, compressed while no agent ran,
// are read in their order, before the path, also when the pattern matches their
// plain names.
func TestDatedCompressedWhileDown(t *testing.T) {
	for _, pattern := range []string{"app.log", "*.log", "app*"} {
		t.Run(pattern, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.start()
				h.write("app.log", 1, 4)
				h.wait(2 * time.Second)
				h.settle()
				h.stop()
				h.write("app.log", 5, 8)
				h.rename("app.log", "app-20261121.log")
				h.compress("app-20261121.log", ".gz")
				h.write("app.log", 9, 12)
				h.rename("app.log", "app-20261122.log")
				h.compress("app-20261122.log", ".gz")
				h.write("app.log", 13, 16)
				h.start()
				h.settleLong()
				h.want(texts(1, 16)...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

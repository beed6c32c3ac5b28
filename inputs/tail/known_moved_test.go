package tail

import (
	"path/filepath"
	"testing"
)

// A copy of a file that was moved away is renamed while it is compared with it: what it
// is shows the next look, and what comes after it waits for that.
func TestCopyMovedWhileCompared(t *testing.T) {
	for _, call := range []string{"open", "fstat"} {
		t.Run(call, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.write("a.log", 1, 200)
				h.session()
				h.rename("a.log", "away.txt")
				h.copyAll("away.txt", "a.log.1")
				h.write("a.log", 201, 205)
				moved, opened := false, false
				h.before = func(c, path string) error {
					opened = opened || filepath.Base(path) == "a.log.1" && c == "open"
					if opened && c == call && !moved {
						moved = true
						h.rename("a.log.1", "a.log.2")
						h.rename("a.log", "a.log.1")
						h.write("a.log", 206, 209)
					}
					return nil
				}
				h.sessionLong()
				h.want(texts(1, 209)...)
				h.noLoss()
				if !moved {
					t.Error("it was never compared")
				}
			})
		})
	}
}

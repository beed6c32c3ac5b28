package tail

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
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

// Copies of files that end in a special way are put in their place, with their times.
func TestCopyOfWhatEndsOddly(t *testing.T) {
	replace := func(h *host, name string, keep bool) {
		h.rename(name, "away.txt")
		h.copyAll("away.txt", name)
		if !keep {
			h.remove("away.txt")
		}
	}
	f := func(name, pattern string, want []string, history ...func(h *host)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				for _, step := range history {
					step(h)
					h.sessionLong()
				}
				h.want(want...)
				h.noLoss()
			})
		})
	}
	for _, keep := range []bool{false, true} {
		for _, n := range []int{2, 20} { // the first bytes that are known have the other half, or not
			lines := append(texts(1, n), "a broken line")
			f(fmt.Sprintf("in half a line that goes on in the next, %d lines, original kept %v", n, keep), "a.log*", append(lines, texts(n+1, n+5)...),
				func(h *host) { h.write("a.log", 1, n); h.append("a.log", "a broken ") },
				func(h *host) {
					h.copyTruncate("a.log", "a.log.1")
					h.append("a.log", "line\n")
					h.write("a.log", n+1, n+2)
				},
				func(h *host) { replace(h, "a.log.1", keep) },
				func(h *host) { h.write("a.log", n+3, n+5) })
		}
	}
	f("in half a line", "a.log", append(append(texts(1, 20), "half"), texts(21, 25)...),
		func(h *host) { h.write("a.log", 1, 20) },
		func(h *host) {
			h.append("a.log", "half")
			h.rename("a.log", "a.log.1")
			replace(h, "a.log.1", true)
			h.write("a.log", 21, 25)
		})
	f("in lines that came after it was copied", "a.log", texts(1, 70),
		func(h *host) { h.write("a.log", 1, 40) },
		func(h *host) {
			h.write("a.log", 41, 45)
			replace(h, "a.log", true)
			h.write("a.log", 46, 55)
			h.rename("a.log", "a.log.1")
			h.write("a.log", 56, 70)
		})
}

// A file of which nothing was read is compressed, and an older one is a copy, which was
// made later.
func TestUnreadPackedAfterCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		for i, name := range []string{"a.log.1", "a.log.2", "a.log.3"} {
			h.write("a.log", 40*i+1, 40*i+40)
			if i < 2 {
				h.session()
				h.rename("a.log", name)
				continue
			}
			h.start()
			h.wait(5 * time.Second) // it is known, and not read
			h.stop()
			h.rename("a.log", name)
		}
		h.rename("a.log.1", "away.txt")
		h.copyAll("away.txt", "a.log.1")
		h.compress("a.log.3", ".gz")
		h.write("a.log", 121, 125)
		h.sessionLong()
		h.want(texts(1, 125)...)
		h.noLoss()
	})
}

package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// What was rotated and compressed while the agent was down comes once and in its
// order, whether it knew the path before or not.
func TestSeveralCompressedWhileDown(t *testing.T) {
	x := strings.Repeat("x", 100)
	for name, do := range map[string]func(h *host){
		"copytruncate": func(h *host) {
			h.append("a.log", x+"1\n"+x+"2\n")
			h.copyTruncate("a.log", "a.log.1")
			h.compress("a.log.1", ".gz")
		},
		"copytruncate twice": func(h *host) {
			h.append("a.log", x+"1\n")
			h.copyTruncate("a.log", "a.log.1")
			h.compress("a.log.1", ".gz")
			h.append("a.log", x+"2\n")
			h.rename("a.log.1.gz", "a.log.2.gz")
			h.copyTruncate("a.log", "a.log.1")
			h.compress("a.log.1", ".gz")
		},
		"copytruncate twice, delayed": func(h *host) {
			h.append("a.log", x+"1\n")
			h.copyTruncate("a.log", "a.log.1")
			h.append("a.log", x+"2\n")
			h.rename("a.log.1", "a.log.2")
			h.compress("a.log.2", ".gz")
			h.copyTruncate("a.log", "a.log.1")
		},
		"create twice": func(h *host) {
			h.append("a.log", x+"1\n")
			h.packRotated("a.log", ".gz")
			h.append("a.log", x+"2\n")
			h.rename("a.log.1.gz", "a.log.2.gz")
			h.packRotated("a.log", ".gz")
		},
	} {
		for _, known := range []bool{true, false} {
			for _, pattern := range []string{"*.log", "*.log*"} {
				t.Run(fmt.Sprintf("%s, %s, known %v", name, pattern, known), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						h.start()
						var want []string
						if known {
							h.append("a.log", x+"0\n")
							want = append(want, x+"0")
						}
						h.settle()
						h.stop()
						do(h)
						h.wait(time.Millisecond)
						h.append("a.log", x+"3\n")
						h.start()
						h.settleLong()
						h.want(append(want, x+"1", x+"2", x+"3")...)
						h.noLoss()
						h.stop()
					})
				})
			}
		}
	}
}

// A compressed file that is deleted before its rest was read is lost with the
// number of its lines.
func TestLinesOfDeletedCompressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 60)
		h.packRotated("a.log", ".gz")
		h.rename("a.log.1.gz", "a.log.2.gz")
		h.write("a.log", 61, 70)
		h.packRotated("a.log", ".gz")
		h.write("a.log", 71, 72)
		h.start()
		for h.logged("the rest of a file is read from its compressed form") == 0 {
			h.wait(time.Second) // nobody reads
		}
		h.remove("a.log.1.gz")
		h.settleLong()
		h.want(append(texts(1, 60), texts(71, 72)...)...)
		if l := h.in.Stats().Losses; len(l) != 1 || l[0].Lines != 10 {
			t.Errorf("lost: %+v", l)
		}
		h.stop()
	})
}

// A rotated file of which nothing was read gets a line after the next one was finished,
// and is compressed while the agent has it open. The next run knows it by its size.
func TestLateAndCompressedUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.start()
		h.write("a.log", 1, 10)
		h.wait(2 * time.Second)
		h.rename("a.log", "a.log.1")
		h.write("a.log", 11, 20)
		h.wait(2 * time.Second)
		h.rename("a.log", "moved.txt")
		h.append("a.log.1", "late\n")
		h.must(os.Chtimes(h.path("a.log.1"), realNow(), realNow())) // the file system's clock goes in steps
		h.wait(2 * time.Second)
		h.compress("a.log.1", ".gz")
		h.wait(2 * time.Second)
		h.stop()
		h.rename("a.log.1.gz", "a.log.2.gz")
		h.write("a.log", 21, 30)
		h.start()
		h.settleLong()
		h.want(slices.Concat(texts(1, 10), []string{"late"}, texts(11, 30))...)
		h.noLoss()
		h.stop()
	})
}

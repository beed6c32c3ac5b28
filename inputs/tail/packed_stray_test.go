package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// What was rotated to another directory for the first time while the agent was
// down, and compressed there, is read from there.
func TestOldDirCompressedWhileDown(t *testing.T) {
	f := func(name string, want []string, rotate func(h *host)) {
		for _, handles := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "app/a.log")
					h.noHandles = !handles
					h.must(os.MkdirAll(h.path("app/old"), 0o755))
					h.must(os.Mkdir(h.path("other"), 0o755))
					h.must(os.Mkdir(h.path("third"), 0o755))
					h.append("app/a.log", long+"\n")
					h.start()
					h.settle()
					h.stop()
					h.got = nil
					rotate(h)
					// another program's, one that begins alike; and a
					// third's, which is being rotated
					h.append("other/a.log.1", long+"\nof another\n")
					h.compress("other/a.log.1", ".gz")
					h.append("other/a.log", "of another\n")
					h.append("third/a.log.1", strings.Repeat("of a third\n", 10))
					h.compress("third/a.log.1", ".gz")
					h.start()
					h.settleLong()
					h.want(want...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
	f("once", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "3\n")
	})
	f("twice", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.2")
		h.compress("app/old/a.log.2", ".gz")
		h.append("app/old/a.log.1", "3\n")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "4\n")
	})
	f("once, and again uncompressed", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log-20260101")
		h.compress("app/old/a.log-20260101", ".gz")
		h.append("app/old/a.log-20260102", "3\n")
		h.append("app/a.log", "4\n")
	})
	f("nothing is at the path", []string{"2"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
	})
	f("copytruncate", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.copyTruncate("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "3\n")
	})
	f("copytruncate, twice", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.copyTruncate("app/a.log", "app/old/a.log.2")
		h.compress("app/old/a.log.2", ".gz")
		h.append("app/a.log", "3\n")
		h.copyTruncate("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "4\n")
	})
}

// A log is rotated to another directory and compressed there at once, before it was
// seen there; nothing of the next one is read when the agent stops. What is rotated
// while it is down is read from there: of the one before it is known where to.
func TestOldDirCompressedUnseen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app/*.log")
		h.must(os.MkdirAll(h.path("app/old"), 0o755))
		h.write("app/a.log", 1, 5)
		h.start()
		h.take() // it is open
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.append("app/a.log", "")
		h.settle()
		h.wait(2 * graceTime)
		h.stop()
		h.write("app/a.log", 6, 10)
		h.rename("app/old/a.log.1.gz", "app/old/a.log.2.gz")
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.write("app/a.log", 11, 15)
		h.rename("app/old/a.log.2.gz", "app/old/a.log.3.gz")
		h.rename("app/old/a.log.1.gz", "app/old/a.log.2.gz")
		h.rename("app/a.log", "app/old/a.log.1")
		h.compress("app/old/a.log.1", ".gz")
		h.write("app/a.log", 16, 20)
		h.start()
		h.settleLong()
		h.want(texts(1, 20)...)
		h.noLoss()
		h.stop()
	})
}

// Too little is known of a log to tell it by, and its first rotation to another
// directory, where it is compressed, comes while no agent runs: a log beside it was
// rotated there before, or is now.
func TestOldDirOfTheLogBeside(t *testing.T) {
	f := func(before, copied bool) {
		t.Run(fmt.Sprintf("before %v, copied %v", before, copied), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "app/*.log")
				h.must(os.MkdirAll(h.path("app/old"), 0o755))
				h.write("app/a.log", 1, 5)
				h.append("app/b.log", "b1\n")
				h.start()
				h.take()
				if before {
					h.rename("app/a.log", "app/old/a.log.2")
				}
				h.append("app/a.log", "a.log 5\n")
				h.settleLong()
				h.stop()
				for _, log := range []string{"a.log", "b.log"} {
					h.append("app/"+log, strings.Repeat(log+" 6\n", 20))
					if copied {
						h.copyTruncate("app/"+log, "app/old/"+log+".1")
					} else {
						h.rename("app/"+log, "app/old/"+log+".1")
					}
					h.compress("app/old/"+log+".1", ".gz")
					h.append("app/"+log, log+" 7\n")
				}
				h.start()
				h.settleLong()
				var all []string
				for _, log := range []string{"a.log", "b.log"} {
					all = append(append(all, slices.Repeat([]string{log + " 6"}, 20)...), log+" 7")
				}
				all = append(append(all, texts(1, 5)...), "a.log 5", "b1")
				slices.Sort(all)
				slices.Sort(h.got) // of two files
				h.want(all...)
				h.noLoss()
				h.stop()
			})
		})
	}
	f(true, false)
	f(true, true)
	f(false, false)
	f(false, true)
}

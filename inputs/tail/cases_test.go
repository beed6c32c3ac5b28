package tail

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
)

func TestFollow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "one\ntwo\nthr")
		h.start()
		h.take()
		h.want("one", "two")
		h.append("a.log", "ee\n\n\r\n")
		h.settle()
		h.want("one", "two", "three", "", "\r")
		h.stop()
		h.append("a.log", "four\n")
		h.start()
		h.settle()
		h.want("one", "two", "three", "", "\r", "four")
		h.stop()
	})
}

func TestRename(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "1\n")
		h.start()
		h.take()
		h.rename("a.log", "a.log.1")
		h.append("a.log", "3\n")
		h.append("a.log.1", "2\n")
		h.settle()
		h.want("1", "2", "3")
		// a last line without a newline
		h.append("a.log", "4\nhalf")
		h.rename("a.log", "other")
		h.append("a.log", "5\n")
		h.settle()
		h.want("1", "2", "3", "4", "half", "5")
		h.stop()
	})
}

func TestRotatedWhileDown(t *testing.T) {
	f := func(name string, want []string, rotate func(h *host)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { newHost(t, "a.log").whileDown("a.log", want, rotate) })
		})
	}
	f("once", []string{"2", "3"}, func(h *host) {
		h.append("a.log", "2\n")
		h.rename("a.log", "a.log.1")
		h.append("a.log", "3\n")
	})
	f("any name", []string{"2", "3"}, func(h *host) {
		h.append("a.log", "2\n")
		h.rename("a.log", "old-stuff.txt")
		h.append("a.log", "3\n")
	})
	f("three times", []string{"2", "3", "4", "5"}, func(h *host) {
		h.append("a.log", "2\n")
		h.rename("a.log", "a.log.3")
		h.append("a.log.2", "3\n")
		h.append("a.log.1", "4\n")
		h.append("a.log", "5\n")
	})
	f("copytruncate", []string{"2", "3"}, func(h *host) {
		h.append("a.log", "2\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "3\n")
	})
	f("copytruncate in the middle of a line", []string{"2", "three", "4"}, func(h *host) {
		h.append("a.log", "2\nth")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "ree\n4\n")
	})
	f("truncated", []string{"3"}, func(h *host) {
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "3\n")
	})
}

func TestCopyTruncate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a*")
		h.append("a.log", long+"\n2\n")
		h.start()
		h.take()
		h.got = nil
		h.append("a.log", "3\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "4\n")
		h.settle()
		h.want("3", "4")
		h.append("a.log.1", "late\n")
		h.wait(15 * time.Second)
		h.settle()
		h.want("3", "4", "late")
		h.stop()
	})
}

func TestDelete(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a*")
		h.append("a.log", "1\nhalf")
		h.start()
		h.take()
		h.remove("a.log")
		h.settle()
		h.want("1", "half")
		if n := h.in.Stats().Open; n != 0 {
			t.Errorf("%d open", n)
		}
		h.stop()
	})
}

// A writer that goes on in the renamed file for a while is waited for; what it
// writes after that is shipped late, and counted.
func TestLateWriter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "1\n")
		h.start()
		h.take()
		h.wait(time.Minute)
		h.rename("a.log", "a.log.1")
		h.append("a.log", "4\n")
		h.wait(time.Second) // it is seen within that
		for _, line := range []string{"2\n", "3\n"} {
			h.wait(700 * time.Millisecond)
			h.take()
			h.append("a.log.1", line)
		}
		h.settle()
		h.want("1", "2", "3", "4")
		h.append("a.log.1", "late\n")
		h.wait(11 * time.Second)
		h.settle()
		h.want("1", "2", "3", "4", "late")
		if n := h.in.Stats().Slips; n != 1 {
			t.Errorf("%d slips", n)
		}
		h.stop()
	})
}

// A file that is rewritten to the size that it had, while nobody looks, is read
// from its beginning.
func TestRewrittenToTheSameSize(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "old line\n")
		h.start()
		h.take()
		h.stop()
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "new line\n")
		h.start()
		h.settle()
		h.want("old line", "new line")
		h.stop()
	})
}

// A file is copied, truncated, written to and deleted between two looks, before
// it was read to its end: the rest is in the copy, which is not read twice.
func TestCopiedAndDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		first := strings.Repeat("1", 200)
		h.append("a.log", first+"\n2\n")
		h.start()
		var c flow.Chunk
		if !h.next(&c, 250) {
			t.Fatal("nothing to read")
		}
		h.append("a.log", strings.Repeat("3", 200)+"\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", strings.Repeat("4", 900)+"\n")
		h.remove("a.log")
		h.settle()
		h.want(first, "2", strings.Repeat("3", 200), strings.Repeat("4", 900))
		h.stop()
	})
}

// A file that begins with the same long banner each time that it is made anew
// is told by the bytes before the position, also when its lines end alike.
func TestSameBanner(t *testing.T) {
	f := func(first, second string) {
		t.Helper()
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			banner := strings.Repeat("=", 2000)
			h.append("a.log", banner+"\n"+first+"\n")
			h.start()
			h.take()
			h.must(os.Truncate(h.path("a.log"), 0))
			h.append("a.log", banner+"\n"+second+"\n"+second+second+"\n")
			h.settle()
			h.want(banner, first, banner, second, second+second)
			h.stop()
		})
	}
	f(strings.Repeat("1", 100), strings.Repeat("2", 900))
	// of a fixed width, padded with blanks
	f("first "+strings.Repeat(" ", 900), "other "+strings.Repeat(" ", 900))
}

// The same while the file is polled, because it had data a moment ago.
func TestRewrittenWhilePolled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "old line\n")
		h.start()
		h.take()
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "new line\n")
		h.must(os.Chtimes(h.path("a.log"), time.Time{}, time.Now())) // not within the same tick
		h.settle()
		h.want("old line", "new line")
		h.stop()
	})
}

// A file is copied and truncated before anything was read of it, and the lane
// reads the new content while it is found out what became of the old one: what
// was found out is not applied to what was read.
func TestReadWhileItIsDecided(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log*")
		h.append("a.log", "")
		armed, copied := false, false
		h.before = func(call, path string) error {
			if h.mu.TryLock() {
				defer h.mu.Unlock()
				copied = copied || call == "open" && path == h.path("a.log.1")
				if armed && copied && call == "pread" {
					armed = false
					var c flow.Chunk
					if h.in.Feed("t").Next(&c, readSize) {
						h.keep(&c, c.Lines())
					}
				}
			}
			return nil
		}
		h.start()
		h.wait(2 * scanEvery)
		h.append("a.log", "1\n")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "2 "+long+"\n")
		armed = true
		h.wait(2 * scanEvery)
		h.settle()
		slices.Sort(h.got)
		h.want("1", "2 "+long)
		if armed || h.logged("level=WARN") != h.said("read late") || h.logged("level=ERROR") > 0 {
			t.Errorf("nothing was read in between, or it was doubted; log:\n%s", h.log.String())
		}
		h.stop()
	})
}

// A truncation is noticed while nobody reads, because brokers are away, before
// the next comes: the half lines of both are joined.
func TestTruncatedWhileNobodyReads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\n")
		h.start()
		h.take()
		h.append("a.log", strings.Repeat(long, 20)+"\ntw")
		h.wait(2 * scanEvery)
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "o\n"+long+"\nth")
		h.wait(2 * scanEvery)
		h.rename("a.log.1", "a.log.2")
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", "ree\n")
		h.settle()
		h.want(long, strings.Repeat(long, 20), "two", long, "three")
		h.stop()
	})
}

// Space that is taken behind the last line waits for what follows it; what is
// written behind it is a line that begins with the NUL bytes.
func TestHoleInTheMiddle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		h.start()
		h.settle()
		h.must(os.Truncate(h.path("a.log"), 5))
		h.settle()
		h.want("1")
		h.append("a.log", "2\n3\n")
		h.settle()
		h.want("1", "\x00\x00\x002", "3")
		h.stop()
	})
}

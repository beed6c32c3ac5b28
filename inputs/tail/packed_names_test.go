package tail

import (
	"os"
	"strings"
	"testing"
	"time"
)

// The unread rest of a log is in a compressed file, and the next generation is
// plain and has a name that the pattern matches, too: it waits for the
// compressed one, and is shipped as what was at the path.
func TestMatchedGenerationWaits(t *testing.T) {
	f := func(pattern, oldest, newer string) {
		t.Run(oldest, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.write("a.log", 1, 3)
				h.start()
				h.settle()
				h.stop()
				h.write("a.log", 4, 5)
				h.rename("a.log", oldest)
				h.compress(oldest, ".gz")
				h.write("a.log", 6, 7)
				h.rename("a.log", newer)
				h.write("a.log", 8, 9)
				h.start()
				h.settleLong()
				h.want(texts(1, 9)...)
				for _, at := range h.at {
					if !strings.HasPrefix(at, "a.log@") {
						t.Errorf("%s", at)
					}
				}
				h.noLoss()
				h.stop()
			})
		})
	}
	f("*.log*", "a.log.2", "a.log.1")
	f("*.log*", "a.log-20261123-1795412001", "a.log-20261123-1795412002")
	f("*.log*", "a.log.2026-11-23_11", "a.log.2026-11-23_12")
	f("*.log", "a.2.log", "a.1.log")
	f("*.log", "a-20261123-1795412001.log", "a-20261123-1795412002.log")
	f("*.log", "a-11-23-2026-1.log", "a-11-23-2026-2.log")
	f("a*", "a.2", "a.1")
}

// A log whose name looks like that of a rotated one, of a log that is not
// there, is a path of its own.
func TestNumberedLogs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.write("web-2.log", 1, 2)
		h.write("web-1.log", 3, 4)
		h.start()
		h.settle()
		h.stop()
		h.write("web-3.log", 5, 6)
		h.start()
		h.settle()
		if len(h.got) != 6 {
			t.Errorf("%d lines", len(h.got))
		}
		for i, at := range h.at {
			if strings.HasPrefix(at, "web.log@") {
				t.Errorf("%s: %s", at, h.got[i])
			}
		}
		h.stop()
	})
}

// Another program compresses from one rotation on: the files of the one before keep
// their names, beside those that have the same numbers.
func TestCompressorChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.start()
		h.settle()
		h.packRotated("a.log", ".gz")
		h.append("a.log", "4\n")
		h.settleLong()
		h.stop()
		h.write("a.log", 5, 6)
		h.packRotated("a.log", ".bz2")
		h.write("a.log", 7, 8)
		h.rename("a.log.1.bz2", "a.log.2.bz2")
		h.packRotated("a.log", ".bz2")
		h.write("a.log", 9, 10)
		h.start()
		h.settleLong()
		h.want(append(append(texts(1, 3), "4"), texts(5, 10)...)...)
		h.noLoss()
		h.stop()
	})
}

// Nothing is compressed any more from one rotation on: the last compressed file has the
// number that the next plain one gets, and keeps it.
func TestCompressionEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.write("a.log", 4, 5)
		h.rename("a.log", "a.log.1")
		h.append("a.log", "") // as logrotate makes it, before it compresses the other
		later(12 * time.Millisecond)
		h.compress("a.log.1", ".gz")
		h.write("a.log", 6, 7)
		later(12 * time.Millisecond)
		h.rename("a.log", "a.log.1")
		h.write("a.log", 8, 9)
		h.start()
		h.settleLong()
		h.want(texts(1, 9)...)
		h.noLoss()
		h.stop()
	})
}

// Files are compressed from one rotation on: a plain one that was there before keeps its
// number, which the next compressed one gets, too.
func TestCompressionBegins(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.start()
		h.settle()
		h.rename("a.log", "a.log.1")
		at := realNow().Add(-time.Minute)
		h.must(os.Chtimes(h.path("a.log.1"), at, at))
		h.write("a.log", 4, 5)
		h.settle()
		h.stop()
		h.write("a.log", 6, 7)
		h.rename("a.log", "tmp")
		h.compressTo("tmp", "a.log.2.gz")
		h.remove("tmp")
		h.write("a.log", 8, 9)
		later(12 * time.Millisecond)
		h.rename("a.log", "tmp")
		h.compressTo("tmp", "a.log.1.gz")
		h.remove("tmp")
		h.write("a.log", 10, 11)
		h.start()
		h.settleLong()
		h.want(texts(1, 11)...)
		h.noLoss()
		h.stop()
	})
}

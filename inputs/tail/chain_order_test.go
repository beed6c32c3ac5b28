package tail

import (
	"os"
	"slices"
	"testing"
	"time"
)

// A file is cut shorter, read on from there, and deleted before more of it is read: it
// is not taken for history after a restart, and what came after it is the newest of its
// path. That is copied and truncated before anything of it is read.
func TestReadOnAndDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", long+"\n"+long+" again\n")
		h.start()
		h.take()
		h.must(os.Truncate(h.path("a.log"), int64(len(long)+1)))
		h.wait(2 * scanEvery)
		h.take()
		h.remove("a.log")
		h.wait(2 * scanEvery)
		h.append("a.log", "next\n")
		h.wait(2 * time.Second)
		h.stop()
		h.copyTruncate("a.log", "a.log.1")
		h.start()
		h.wait(2 * scanEvery)
		h.append("a.log", "new\n")
		h.settle()
		h.want(long, long+" again", "next", "new")
		h.stop()
	})
}

// Numbers count upwards, the older file was copied, and got a line after the next one was
// finished, of which nothing was read: that is newer than what was.
func TestUnreadAfterCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.rename("a.log", "a.log.1")
		h.write("a.log", 5, 6)
		h.rename("a.log", "a.log.2")
		later(20 * time.Millisecond)
		h.write("a.log.1", 4, 4)
		h.rename("a.log.1", "away")
		h.copyAll("away", "a.log.1")
		h.remove("away")
		h.write("a.log", 7, 7)
		h.start()
		h.settle()
		h.want(texts(1, 7)...)
		h.noLoss()
		h.stop()
	})
}

// A rotated file of which nothing was read has an older date than what is known: it is no
// history all the same, since it was written since, and begins as nothing that is known.
func TestUnreadBeforeKnown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.session()
		h.rename("a.log", "a.log-20261123")
		h.write("a.log", 4, 6)
		h.rename("a.log", "a.log-20261122")
		h.write("a.log", 7, 7)
		h.start()
		h.settle()
		slices.Sort(h.got)
		h.want(texts(1, 7)...)
		if h.logged("level=WARN", "read late", "a.log-20261122") != 1 || h.in.Stats().Slips != 1 {
			t.Errorf("log:\n%s", h.log)
		}
		h.stop()
	})
}

// A rotated file of which nothing was read gets a line after the next one was rotated, which
// is empty, and is compressed: it is known by what its path has besides.
func TestLateBesideEmpty(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.start()
		h.wait(5 * time.Second) // it is known, and not read
		h.stop()
		h.rename("a.log", "a.log.1")
		later(20 * time.Millisecond)
		h.append("a.log", "")
		h.rename("a.log", "a.log.2")
		later(20 * time.Millisecond)
		h.write("a.log.1", 4, 4)
		later(20 * time.Millisecond)
		h.compress("a.log.1", ".gz")
		h.write("a.log", 5, 6)
		h.sessionLong()
		h.want(texts(1, 6)...)
		h.noLoss()
	})
}

// An empty rotated file is deleted while no agent runs, and the next one, of which nothing
// was read, is moved to a name that tells nothing: what came after that is not the empty one.
func TestEmptyIsDeletedNextIsMoved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "")
		h.start()
		h.wait(2 * time.Second)
		h.rename("a.log", "a.log.1")
		h.write("a.log", 1, 3)
		h.wait(tickEvery + quietTime/5) // both are known, and the first is waited for
		h.stop()
		h.remove("a.log.1")
		h.rename("a.log", "moved.txt")
		tick()
		h.write("a.log", 4, 5)
		h.rename("a.log", "a.log.2")
		tick()
		h.write("a.log.2", 6, 6)
		h.write("a.log", 7, 7)
		h.start()
		h.settle()
		h.want(texts(1, 7)...)
		h.stop()
	})
}

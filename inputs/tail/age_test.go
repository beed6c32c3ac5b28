package tail

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Of a path that nobody knew, what came and was rotated while the agent was
// down is unread; what is older than the last sign of life is history.
func TestUnknownPathRotatedWhileDown(t *testing.T) {
	f := func(name string, life time.Duration, want ...string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.append("a.log", "1\n")
				h.session()
				h.append("b.log.2", "2\n")
				h.append("b.log.1", "3\n")
				h.append("b.log", "4\n")
				h.life = realNow().Add(life)
				h.start()
				h.settle()
				h.want(want...)
				h.stop()
			})
		})
	}
	f("before the agent ended", time.Minute, "1", "4")
	// between two scans it may not have been seen
	f("just before", 5*time.Second, "1", "2", "3", "4")
	f("after", -time.Second, "1", "2", "3", "4")
}

// A generation that was written to after the last sign of life is not history,
// though it is old.
func TestOldButWrittenWhileDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		h.session()
		h.append("b.log.2", "old\n")
		h.append("b.log.1", "2\n")
		h.append("b.log", "3\n")
		h.life = realNow().Add(time.Minute)
		h.must(os.Chtimes(h.path("b.log.1"), time.Time{}, h.life.Add(time.Second)))
		h.start()
		h.settle()
		h.want("1", "2", "3")
		h.stop()
	})
}

// The agent is killed before it has written down the files that it found first;
// then they are rotated.
func TestRotatedBeforeTheFirstRecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log.1", "history\n")
		h.append("a.log", "1\n")
		h.life = later(20 * time.Millisecond) // births are told in steps
		h.j.dead = true
		h.j.begin()
		later(20 * time.Millisecond)
		h.rename("a.log.1", "a.log.2")
		h.rename("a.log", "a.log.1")
		h.append("a.log", "2\n")
		h.start()
		h.settle()
		h.want("1", "2")
		h.stop()
	})
}

// later waits until the clock by which file systems tell births is beyond the moment
// that is d away.
func later(d time.Duration) time.Time {
	var births unix.Timespec
	for end := realNow().Add(d); births.Nano() <= end.UnixNano(); {
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
		_ = unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &births)
	}
	return realNow()
}

// A run that ended before it had looked at all files has seen nothing.
func TestKilledBeforeTheFirstScanEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		h.session()
		life, _ := h.j.begin()
		if again, first := h.j.begin(); again != life || first {
			t.Errorf("%v, %v after %v", again, first, life)
		}
		h.start()
		h.stop()
		if again, first := h.j.begin(); !again.After(life) || first {
			t.Errorf("%v, %v after %v", again, first, life)
		}
	})
}

package tail

import (
	"os"
	"testing"
	"time"
)

// age makes files look as if they had last been written to that long ago.
func (h *host) age(d time.Duration, names ...string) {
	h.t.Helper()
	at := time.Now().Add(-d)
	for _, name := range names {
		h.must(os.Chtimes(h.path(name), at, at))
	}
}

const testOlder = 24 * time.Hour

// older1d is a host that leaves files alone that are older than a day.
func older1d(t testing.TB, patterns ...string) *host {
	h := newHost(t, patterns...)
	h.opts.Inputs[0].IgnoreOlder = testOlder
	return h
}

// leftAlone checks that nothing is known of any file.
func (h *host) leftAlone() {
	h.t.Helper()
	if s, n := h.in.Stats(), len(h.j.files()); s.Known != 0 || s.Open != 0 || n != 0 {
		h.t.Errorf("%d files are known, %d open, %d in the journal", s.Known, s.Open, n)
	}
}

// The time of a file counts, not what happened to it: one that is touched is
// shipped.
func TestTouched(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := older1d(t, "*.log")
		h.append("a.log", "1\n")
		h.age(testOlder+time.Second, "a.log")
		h.start()
		h.settle()
		h.leftAlone()
		h.age(0, "a.log")
		h.wait(scanEvery)
		h.settle()
		h.want("1")
		h.stop()
	})
}

// A file that is older than the limit costs nothing; once it grows, all of it
// is shipped, over restarts too.
func TestIgnoreOlder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := older1d(t, "*.log")
		h.append("a.log", "1\n")
		h.append("b.log", "b\n")
		h.age(testOlder+time.Second, "a.log", "b.log")
		h.start()
		h.settle()
		h.leftAlone()
		h.append("a.log", "2\n")
		h.wait(scanEvery)
		h.settle()
		h.want("1", "2")
		h.stop()

		// Old again, it is no longer unknown.
		h.append("a.log", "3\n")
		h.age(2*testOlder, "a.log")
		h.append("b.log", "c\n") // while nobody looks
		h.start()
		h.settle()
		h.want("1", "2", "3", "b", "c")
		h.stop()
	})
}

// A file grows older than the limit while it is there: only what is unknown is
// left alone.
func TestIgnoreOlderLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := older1d(t, "*.log")
		h.append("a.log", "1\n")
		h.age(testOlder-time.Minute, "a.log")
		h.start()
		h.settle()
		h.wait(time.Hour)
		h.append("a.log", "2\n")
		h.age(2*testOlder, "a.log")
		h.wait(scanEvery)
		h.settle()
		h.want("1", "2")
		h.stop()
	})
}

// What a path that is left alone was rotated to is history, whether a pattern
// matches it or not; from its growth on, rotation is followed as ever.
func TestIgnoreOlderSiblings(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		t.Run(pattern, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := older1d(t, pattern)
				h.append("a.log.2", "old 2\n")
				h.append("a.log.1", "old 1\n")
				h.append("a.log", "1\n")
				h.age(3*testOlder, "a.log.2", "a.log.1", "a.log")
				h.start()
				h.settle()
				h.leftAlone()
				h.append("a.log", "2\n")
				h.wait(scanEvery)
				h.append("a.log.7", "restored\n")
				h.age(4*testOlder, "a.log.7")
				h.rename("a.log.2", "a.log.3")
				h.rename("a.log.1", "a.log.2")
				h.rename("a.log", "a.log.1")
				h.append("a.log", "3\n")
				h.wait(scanEvery)
				h.settle()
				h.want("1", "2", "3")
				h.stop()
				h.start()
				h.settle()
				h.want("1", "2", "3")
				h.stop()
			})
		})
	}
}

// A file that is left alone is renamed, and a new one is at its path: the old
// one stays history.
func TestIgnoreOlderRenamed(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		t.Run(pattern, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := older1d(t, pattern)
				h.append("a.log", "old\n")
				h.age(2*testOlder, "a.log")
				h.start()
				h.settle()
				h.rename("a.log", "a.log.1")
				h.append("a.log", "1\n")
				h.wait(scanEvery)
				h.settle()
				h.want("1")
				h.stop()
			})
		})
	}
}

// What was rotated from a file that is followed is read however old it is: the
// agent was down for long.
func TestIgnoreOlderAfterLongStop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := older1d(t, "a.log")
		h.append("a.log", "1\n")
		h.age(0, "a.log")
		h.session()
		h.append("a.log", "2\n")
		h.rename("a.log", "a.log.2")
		h.append("a.log.1", "3\n")
		h.append("a.log", "4\n")
		h.age(5*testOlder, "a.log.2")
		h.age(4*testOlder, "a.log.1")
		h.age(3*testOlder, "a.log")
		h.start()
		h.settle()
		h.wait(scanEvery)
		h.settle()
		h.want("1", "2", "3", "4")
		h.stop()
	})
}

// With start: end, what an old file had at the first start is never shipped.
func TestIgnoreOlderAndEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := older1d(t, "*.log")
		h.opts.Inputs[0].Start = "end"
		h.append("a.log", "old\n")
		h.age(2*testOlder, "a.log")
		h.start()
		h.settle()
		h.append("a.log", "1\n")
		h.wait(scanEvery)
		h.settle()
		h.want("1")
		h.stop()
	})
}

// A file without new lines is closed after its input's time.
func TestCloseIdle(t *testing.T) {
	f := func(set, open time.Duration) {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "*.log")
			h.opts.Inputs[0].CloseIdle = set
			h.start()
			h.append("a.log", "1\n")
			h.wait(tickEvery)
			h.take()
			h.wait(open - 2*tickEvery)
			if n := h.in.Stats().Open; n != 1 {
				t.Errorf("%v: %d files are open shortly before", set, n)
			}
			h.wait(4 * tickEvery)
			if n := h.in.Stats().Open; n != 0 {
				t.Errorf("%v: %d files are open shortly after", set, n)
			}
			h.append("a.log", "2\n")
			h.wait(scanEvery)
			h.settle()
			h.want("1", "2")
			h.stop()
		})
	}
	f(0, openFor)
	f(time.Minute, time.Minute)
}

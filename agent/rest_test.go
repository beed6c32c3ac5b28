package agent

import (
	"testing"
	"time"
)

// Memory is given back after a minute without lines, and after each full scan
// while none come.
func TestRest(t *testing.T) {
	var r rest
	now, given := time.Now(), 0
	f := func(read, scans int64, wait time.Duration, want int) {
		t.Helper()
		now = now.Add(wait)
		r.look(read, scans, now, func() { given++ })
		if given != want {
			t.Errorf("given back %d times, want %d", given, want)
		}
	}
	f(0, 0, 0, 0)
	f(5, 1, 2*restAfter, 0)
	f(5, 1, restAfter-1, 0)
	f(5, 1, 1, 1)
	f(5, 1, 10*restAfter, 1)
	f(5, 2, 1, 2)
	f(6, 3, restAfter, 2)
	f(6, 3, restAfter, 3)
}

package agent

import (
	"testing"
	"time"
)

// Memory is given back after a minute with hardly any lines, and while only few
// come after full scans, once in a minute.
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
	f(5, 1, restAfter-1, 0)
	f(5, 1, 1, 1)
	f(5, 2, restAfter-1, 1)
	f(5, 3, 1, 2)
	f(5, 3, 10*restAfter, 2) // nothing was scanned
	f(1000, 4, 1, 3)         // some lines
	const many = restRead + 1001
	f(many, 5, 5*restAfter, 3)
	f(many, 5, restAfter-1, 3)
	f(many, 5, 1, 4)
}

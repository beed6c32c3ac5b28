package chores

import (
	"testing"
	"time"
)

// A chore is done so long after it was wanted, once, and not when it is no longer wanted.
func TestChores(t *testing.T) {
	start := time.Unix(1000, 0)
	wanted, done := map[string]bool{}, ""
	chore := func(name string, every time.Duration) *Chore {
		return &Chore{Every: every, Wanted: func() bool { return wanted[name] }, Do: func() { done += name }}
	}
	l := List{chore("a", time.Second), chore("b", 3*time.Second)}
	f := func(at, due time.Duration, want string) {
		t.Helper()
		done = ""
		now := start.Add(at)
		l.Do(now)
		if got := l.Due(now); got != start.Add(due) && (due != 0 || !got.IsZero()) || done != want {
			t.Errorf("after %v %q was done, the next is due at %v; want %q, and %v after the start", at, done, got, want, due)
		}
	}
	f(0, 0, "")
	wanted["a"], wanted["b"] = true, true
	f(0, time.Second, "")
	f(time.Second, 2*time.Second, "a")
	f(2500*time.Millisecond, 3*time.Second, "a")
	f(3*time.Second, 3500*time.Millisecond, "b")
	wanted["a"] = false
	f(3100*time.Millisecond, 6*time.Second, "")
	wanted["b"] = false
	f(5*time.Second, 0, "")
	f(7*time.Second, 0, "")
}

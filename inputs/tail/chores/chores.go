// Package chores is what a loop does from time to time, while it is wanted.
package chores

import "time"

// Chore is one thing to do.
type Chore struct {
	Every  time.Duration // after it was wanted
	Wanted func() bool
	Do     func()
	at     time.Time // when it is due; zero: it is not wanted
}

// List is the chores of one loop, whose goroutine calls its methods.
type List []*Chore

// Due is when the loop must turn at the latest; zero: no chore is wanted.
func (l List) Due(now time.Time) (first time.Time) {
	for _, c := range l {
		if !c.Wanted() {
			c.at = time.Time{}
			continue
		}
		if c.at.IsZero() {
			c.at = now.Add(c.Every)
		}
		if first.IsZero() || c.at.Before(first) {
			first = c.at
		}
	}
	return first
}

// Do does what is due and still wanted.
func (l List) Do(now time.Time) {
	for _, c := range l {
		if c.at.IsZero() || now.Before(c.at) {
			continue
		}
		if c.at = (time.Time{}); c.Wanted() {
			c.Do()
		}
	}
}

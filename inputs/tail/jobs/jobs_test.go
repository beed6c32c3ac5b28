package jobs

import (
	"slices"
	"testing"
)

// Jobs are prepared, done and ended one after the other, and a job may add others.
func TestLine(t *testing.T) {
	told := make(chan func(), 1)
	l := New(func(do func()) { told <- do })
	var got []string
	job := func(name string, then func()) Job {
		return func() func() func() {
			got = append(got, name)
			return func() func() {
				return func() {
					got = append(got, "end of "+name)
					then()
				}
			}
		}
	}
	l.Add(job("a", func() { l.Add(job("c", func() {})) }))
	l.Add(job("b", func() {}))
	for range 3 {
		(<-told)()
	}
	if want := []string{"a", "end of a", "b", "end of b", "c", "end of c"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What is at work is told that the line ends, and waited for.
func TestEnd(t *testing.T) {
	told := make(chan func(), 1)
	l := New(func(do func()) { told <- do })
	l.Add(func() func() func() {
		return func() func() {
			<-l.Quit()
			return func() {}
		}
	})
	l.End()
	if len(told) != 1 {
		t.Error("the job is not at its end")
	}
}

// Package jobs does work that takes time beside a goroutine that must not wait for it,
// one job after the other.
package jobs

import (
	"slices"
	"sync"
)

// A Job is called by the owner of a line when its turn has come. What it returns is done
// beside the owner, who then does what that returns.
type Job func() (work func() (then func()))

// Line is the jobs of one goroutine, the owner, which alone calls its methods, but Quit.
type Line struct {
	tell    func(do func())
	jobs    []Job
	working bool
	quit    chan struct{}
	workers sync.WaitGroup
}

// New returns a line without jobs. tell has the owner do something, soon, and is safe
// for any goroutine.
func New(tell func(do func())) *Line {
	return &Line{tell: tell, quit: make(chan struct{})}
}

// Add has j done after those that were added before.
func (l *Line) Add(j Job) {
	l.jobs = append(l.jobs, j)
	l.next()
}

func (l *Line) next() {
	if l.working || len(l.jobs) == 0 {
		return
	}
	work := l.jobs[0]()
	l.jobs = slices.Delete(l.jobs, 0, 1)
	l.working = true
	l.workers.Go(func() {
		then := work()
		l.tell(func() {
			l.working = false
			then()
			l.next()
		})
	})
}

// Quit is closed when the line ends: work that is under way is not wanted any more.
func (l *Line) Quit() <-chan struct{} { return l.quit }

// End ends the line, and waits until no job is at work. Nobody adds any more.
func (l *Line) End() {
	close(l.quit)
	l.workers.Wait()
}

package tail

import (
	"context"
	"path/filepath"
	"slices"
	"time"
)

const (
	pollEvery  = 8 * time.Millisecond   // files that had data a moment ago
	drainEvery = 100 * time.Millisecond // rotated files
	laterEvery = 10 * time.Millisecond  // files that are rechecked at leisure, for laterSlice
	laterSlice = 2 * time.Millisecond
	quietEvery = 100 * time.Millisecond // files that end with a multi-line record
	tickEvery  = time.Second            // everything else
	hotFor     = time.Second            // how long a file is polled after its last data
	openFor    = 5 * time.Second        // how long it stays open, unless Config says otherwise
	quietTime  = time.Second            // a rotated file without data for so long is done
	graceTime  = time.Minute            // the same while its successor is empty, or there is none
	lookGap    = 20 * time.Millisecond  // between two looks at one directory
	maxWait    = time.Minute            // between two tries to read a file that cannot be read
	// maxHeld is how many descriptors may be open for files whose turn has
	// not come to be opened too, so that they can be deleted.
	maxHeld = 512
	// unwatchedShare bounds what looks at directories cost that cannot be
	// watched: this many times what one look at each of them takes lies between
	// two, and at least tickEvery.
	unwatchedShare = 50
)

// loop waits for whatever comes first, and sees to it.
func (in *Input) loop(ctx context.Context) error {
	in.due.tick = time.Now().Add(tickEvery)
	timer := time.NewTimer(tickEvery)
	defer timer.Stop()
	for {
		in.pulse.Beat()
		timer.Reset(time.Until(in.nextDue()))
		select {
		case <-ctx.Done():
			return nil
		case ev := <-in.watch.events():
			in.event(ev)
		case err := <-in.watch.errors():
			in.watchFailed(err)
		case <-in.kick:
			in.tasks()
		case <-timer.C:
			in.onTime(time.Now())
		}
	}
}

// due is when what the loop does from time to time is to be done next; zero:
// there is nothing to do.
type due struct{ poll, drain, later, quiet, tick time.Time }

// nextDue finds out when the loop must turn at the latest.
func (in *Input) nextDue() time.Time {
	now := time.Now()
	want := func(at *time.Time, yes bool, every time.Duration) {
		if !yes {
			*at = time.Time{}
		} else if at.IsZero() {
			*at = now.Add(every)
		}
	}
	want(&in.due.poll, in.unheard || len(in.dirty) > 0 || in.watch.anyFlooded(), pollEvery)
	want(&in.due.drain, len(in.draining) > 0 || len(in.fresh) > 0, drainEvery)
	want(&in.due.quiet, len(in.waits) > 0, quietEvery)
	want(&in.due.later, len(in.later) > 0 && !in.first, laterEvery)
	first := in.due.tick
	if len(in.scan.left) > 0 {
		first = now
	}
	for _, at := range []time.Time{in.due.poll, in.due.drain, in.due.later, in.due.quiet} {
		if !at.IsZero() && at.Before(first) {
			first = at
		}
	}
	return first
}

// onTime does what is due.
func (in *Input) onTime(now time.Time) {
	is := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	if is(in.due.poll) {
		in.due.poll = time.Time{}
		in.poll()
	}
	if is(in.due.drain) {
		in.due.drain = time.Time{}
		in.drainAll()
	}
	if is(in.due.later) {
		in.due.later = time.Time{}
		in.recheckLater()
	}
	if is(in.due.quiet) {
		in.due.quiet = time.Time{}
		in.endQuiet()
	}
	if is(in.due.tick) {
		in.due.tick = now.Add(tickEvery)
		in.tick()
	}
	if len(in.scan.left) > 0 {
		in.goOn()
	}
}

// tasks sees to what Next and Fetch left.
func (in *Input) tasks() {
	in.todoMu.Lock()
	todo := in.todo
	in.todo = nil
	in.todoMu.Unlock()
	for _, t := range todo {
		switch {
		case t.do != nil:
			t.do()
		case t.f == nil:
			in.scan.next = time.Time{}
			in.tick()
		case t.cold:
			in.hot[t.f] = true
			in.unheard = in.unheard || !in.hears(t.f)
			in.check(t.f)
		default:
			in.troubled(t.f, t.err)
		}
	}
}

// hears says that each write to the file is an event. Of the files that had data
// a moment ago such ones are polled at every tick only.
func (in *Input) hears(f *file) bool { return in.watch.tells(in.targets.home(f.now)) }

// poll looks for growth of the files that had data a moment ago, and at the
// directories that something happened in.
func (in *Input) poll() {
	now := time.Now()
	for _, f := range byID(in.hot) {
		if f.state == done || now.Sub(f.lastGrown()) > hotFor {
			delete(in.hot, f)
			f.polled.Store(false)
			// what came between the last poll and now is found here
		}
		in.check(f)
	}
	in.unheard = false
	for f := range in.hot {
		if in.unheard = !in.hears(f); in.unheard {
			break
		}
	}
	in.lookDirty(now)
	in.watch.poll(in, now)
}

// lookDirty looks at the directories that something happened in, each at most
// once in lookGap.
func (in *Input) lookDirty(now time.Time) {
	for _, path := range sortedKeys(in.dirty) {
		d := in.dirty[path]
		if now.Sub(d.looked) >= max(lookGap, 10*d.cost) {
			in.look(path)
		}
	}
}

// touched notes that something happened in the directory.
func (in *Input) touched(path string) {
	in.dirty[path] = in.dir(path)
	for _, link := range in.targets.links[path] {
		home := filepath.Dir(link)
		in.dirty[home] = in.dir(home)
	}
}

// tick does what is not urgent.
func (in *Input) tick() {
	now := time.Now()
	in.poll()
	switch s := &in.scan; {
	case len(s.left) > 0:
	case !now.Before(s.next):
		in.beginScan()
	case s.dirs:
		in.findDirs(now)
	}
	in.lookUnwatched(now)
	in.record()
	in.noteSkips()
	in.giveUpHeld()
	in.takeStock()
	in.closeIdle(now)
	in.retry(now)
	in.deleteAll(now)
}

// lookUnwatched looks at the directories that cannot be watched, and at those
// that are to be looked at again.
func (in *Input) lookUnwatched(now time.Time) {
	var cost time.Duration // of a look at each that cannot be watched
	for path, d := range in.dirs {
		if !in.watch.sees(path) {
			cost += d.cost
		}
	}
	often := max(tickEvery, unwatchedShare*cost)
	var due []string
	for path, d := range in.dirs {
		again := !d.again.IsZero() && !now.Before(d.again)
		if again || !in.watch.sees(path) && now.Sub(d.looked) >= often {
			due = append(due, path)
		}
	}
	slices.Sort(due)
	for _, path := range due {
		in.look(path)
	}
}

// retry takes up the parked files whose time has come.
func (in *Input) retry(now time.Time) {
	var due []*file
	for f, p := range in.parked {
		if !now.Before(p.retry) {
			due = append(due, f)
		}
	}
	for _, f := range due { // each is seen to by itself: in any order
		in.tryAgain(f)
	}
}

// closeIdle closes the files that had no data for a while, and those that are
// not read any more and were opened for another reason.
func (in *Input) closeIdle(now time.Time) {
	for _, f := range in.openFiles() {
		f.mu.Lock()
		idle := f.fd >= 0 && now.Sub(f.grown) > f.conf.CloseIdle && f.state == following && !f.unread()
		if f.state == done || f.removed() {
			f.close()
		}
		f.mu.Unlock()
		if idle && !in.hot[f] && !f.queue.busy(f) {
			f.mu.Lock()
			f.close()
			f.mu.Unlock()
		}
	}
}

// recheckLater rechecks files of which all was read and that have not changed
// since the run before, to tell by their times: a start with many files need not
// wait until each was opened. Times may lie, so they are rechecked all the same.
func (in *Input) recheckLater() {
	start := time.Now()
	for len(in.later) > 0 && time.Since(start) < laterSlice && !in.full() {
		f := in.later[0]
		in.later = in.later[1:]
		if f.state == following || f.state == rotated {
			in.recheck(f)
		}
	}
	if len(in.later) == 0 {
		in.later = nil
	}
	cut := in.cut
	in.cut = nil
	for _, f := range cut {
		in.truncated(f)
	}
}

package tail

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"tailrace/inputs/tail/chores"
)

// Run's loop, and what it does from time to time.

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
	// maxHeld is how many files may be open for a file to be opened before its
	// turn, so that it can be deleted meanwhile.
	maxHeld = 512
	// unwatchedShare bounds what looks at directories cost that cannot be
	// watched: this many times what one look at each of them takes lies between
	// two, and at least tickEvery.
	unwatchedShare = 50
)

// loop waits for whatever comes first, and sees to it.
func (in *Input) loop(ctx context.Context) error {
	all := in.newChores()
	timer := time.NewTimer(tickEvery)
	defer timer.Stop()
	for {
		in.pulse.Beat()
		timer.Reset(time.Until(all.Due(time.Now())))
		select {
		case <-ctx.Done():
			return nil
		case ev := <-in.watch.Events():
			in.event(ev)
		case err := <-in.watch.Errors():
			in.watchFailed(err)
		case <-in.kick:
			in.tasks()
		case <-timer.C:
			all.Do(time.Now())
		}
	}
}

func (in *Input) newChores() chores.List {
	return chores.List{
		{Every: pollEvery, Do: in.poll, Wanted: func() bool { return in.unheard || len(in.dirty) > 0 || in.scan.dirs || in.watch.Flooded() }},
		{Every: drainEvery, Do: in.drainAll, Wanted: func() bool { return len(in.draining) > 0 || len(in.fresh) > 0 }},
		{Every: laterEvery, Do: in.recheckLater, Wanted: func() bool { return len(in.later) > 0 && !in.first }},
		{Every: quietEvery, Do: in.endQuiet, Wanted: func() bool { return len(in.waits) > 0 }},
		{Every: tickEvery, Do: in.tick, Wanted: func() bool { return true }},
		{Every: 0, Do: in.goOn, Wanted: func() bool { return len(in.scan.left) > 0 }},
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
func (in *Input) hears(f *file) bool { return in.watch.Tells(in.links.Home(f.now)) }

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
	if in.scan.dirs {
		in.findDirs(now)
	}
	in.lookDirty(now)
	in.watch.Poll(now, in.busyDir, in.changedIn)
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
	for _, link := range in.links.Into(path) {
		home := filepath.Dir(link)
		in.dirty[home] = in.dir(home)
	}
}

// tick does what is not urgent.
func (in *Input) tick() {
	now := time.Now()
	in.poll()
	if s := &in.scan; len(s.left) == 0 && !now.Before(s.next) {
		in.beginScan()
	}
	in.findSwitched(now)
	in.lookUnwatched(now)
	in.recordNew()
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
		if !in.watch.Sees(path) {
			cost += d.cost
		}
	}
	often := max(tickEvery, unwatchedShare*cost)
	var due []string
	for path, d := range in.dirs {
		again := !d.again.IsZero() && !now.Before(d.again)
		if again || !in.watch.Sees(path) && now.Sub(d.looked) >= often {
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
	for f, p := range in.parked { // each is seen to by itself: in any order
		if !now.Before(p.retry) {
			in.tryAgain(f)
		}
	}
}

// closeIdle closes the files that had no data for a while, and those that are
// not read any more and were opened for another reason.
func (in *Input) closeIdle(now time.Time) {
	for _, f := range in.openFiles() {
		f.mu.Lock()
		idle := now.Sub(f.grown.time()) > f.conf.CloseIdle && f.state == following && !f.unread() && !in.hot[f] && !f.queue.Busy(f)
		if idle || f.state == done || f.removed() {
			f.close()
		}
		f.mu.Unlock()
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
	in.truncatedNow()
}

package tail

import (
	"path/filepath"
	"time"
)

const (
	scanEvery = 10 * time.Second // full scans
	// scanShare bounds what full scans cost: this many times the last one
	// lies between the beginnings of two. It is larger where the file system
	// tells what happens, since nearly nothing is found by them there.
	scanShare        = 100
	scanShareWatched = 1000
	// scanMax is the longest that a watched file waits for a full scan.
	scanMax = 2 * time.Minute
	// scanSlice is how long the loop works on a scan before it sees to
	// whatever else there is.
	scanSlice = 5 * time.Millisecond
)

// scan is the full scans: looks at every directory that a pattern leads to, and
// at those where known files are. They are what correctness rests on:
// notification only makes it sooner. It belongs to Run.
type scan struct {
	left  []string // directories that the one under way has yet to look at
	start time.Time
	spent time.Duration // on the one under way
	cost  time.Duration // of the last whole one
	next  time.Time     // when the next one is to begin
	// dirs: there are new directories, which were not looked for yet.
	dirs  bool
	found time.Time     // when new directories were looked for last
	seek  time.Duration // what that took
}

// beginScan begins a full scan, which goes on in slices.
func (in *Input) beginScan() {
	s := &in.scan
	s.start = time.Now()
	s.next, s.dirs = s.start.Add(in.scanInterval()), false
	s.left, _ = in.walk()
	s.spent = time.Since(s.start)
	in.begun.Add(1)
	in.goOn()
}

// goOn looks at directories until none is left or the slice is used up.
func (in *Input) goOn() {
	s, start := &in.scan, time.Now()
	for len(s.left) > 0 && time.Since(start) < scanSlice {
		path := s.left[0]
		s.left = s.left[1:]
		in.look(path)
	}
	s.spent += time.Since(start)
	if len(s.left) == 0 {
		in.endScan()
	}
}

func (in *Input) endScan() {
	s := &in.scan
	s.left, s.cost = nil, s.spent
	if !s.next.IsZero() { // unless another one was asked for
		s.next = s.start.Add(in.scanInterval())
	}
	in.stats.scanNanos.Add(int64(s.cost))
	in.scans.Store(in.begun.Load())
	if in.first {
		in.first = false
		in.remember()
		close(in.scanned)
	}
	in.kindred, in.families = nil, nil // with many files that is much memory
	in.forget()
	in.findUnwanted()
	in.forgetPast()
	in.shrink()
	in.dropParcels()
	in.replay.letGo(scanEvery)
	in.record()
}

// shrink lets go of the room that maps keep for the most that was ever in them.
func (in *Input) shrink() {
	for _, m := range []*map[*file]bool{&in.hot, &in.draining, &in.waits, &in.skips} {
		if len(*m) == 0 {
			*m = map[*file]bool{}
		}
	}
	in.openMu.Lock()
	defer in.openMu.Unlock()
	if len(in.open) == 0 {
		in.open = map[*file]bool{}
	}
}

// scanInterval is the time between the beginnings of two full scans.
func (in *Input) scanInterval() time.Duration {
	if in.watch.complete() {
		return max(scanEvery, min(scanShareWatched*in.scan.cost, scanMax))
	}
	return max(scanEvery, scanShare*in.scan.cost)
}

// scanSooner is called when something may have happened that nobody tells more
// about: the next full scan is not put off any more because all is watched.
func (in *Input) scanSooner() {
	s := &in.scan
	if at := s.start.Add(max(scanEvery, scanShare*s.cost)); at.Before(s.next) {
		s.next = at
	}
}

// walk finds the directories that are to be looked at, and watches them. Those
// that are new are fresh.
func (in *Input) walk() (all, fresh []string) {
	wanted, through := map[string]bool{}, map[string]bool{}
	in.pats.walk(&in.disk, func(dir string) { wanted[dir] = true }, func(dir string, err error) {
		through[dir] = true
		in.listed(dir, err)
	})
	for dir := range in.targets.links {
		wanted[dir] = true
	}
	for path, d := range in.dirs {
		if len(d.files) > 0 {
			wanted[path] = true
		} else if !wanted[path] {
			delete(in.dirs, path)
			delete(in.dirty, path)
		}
	}
	in.forgetUnlisted(func(path string) bool { return wanted[path] || through[path] })
	all = sortedKeys(wanted)
	in.watch.begin()
	in.watch.dropSwitched()
	for _, dir := range linksTo(all) {
		through[dir] = true
	}
	for _, path := range all {
		had := in.watch.has(path)
		has := in.watch.add(path)
		if !has {
			through[in.watch.above(path)] = true
		}
		if has && !had || in.dirs[path] == nil {
			fresh = append(fresh, path)
		}
	}
	in.watch.keep(wanted, through)
	return all, fresh
}

// findDirs looks at directories that are new, unless finding them takes so long
// that it has to wait for a tick.
func (in *Input) findDirs(now time.Time) {
	s := &in.scan
	s.dirs = now.Sub(s.found) < 20*s.seek
	if s.dirs {
		return
	}
	s.found = now
	_, fresh := in.walk()
	for _, path := range fresh {
		in.touched(path) // and those with links to what is in it
		in.look(path)
	}
	s.seek = time.Since(now)
}

// above is the nearest directory above path that exists, and is watched from
// now on: what is missing of path appears there first.
func (w *watcher) above(path string) string {
	for path != "/" {
		path = filepath.Dir(path)
		if w.add(path) {
			break
		}
	}
	return path
}

// keep ends the watch of all directories but these. Those of through are watched
// for new directories only.
func (w *watcher) keep(wanted, through map[string]bool) {
	if w == nil {
		return
	}
	for _, path := range sortedKeys(through) {
		if !w.add(path) {
			through[w.above(path)] = true
		}
	}
	for path, d := range w.dirs {
		d.through = !wanted[path]
		if !wanted[path] && !through[path] {
			w.remove(path)
		}
	}
}

package tail

import (
	"fmt"
	"maps"
	"time"

	"tailrace/inputs/tail/disk"
)

const (
	scanEvery = 10 * time.Second // full scans
	// scanShare bounds what full scans cost: this many times the last one
	// lies between the beginnings of two. It is larger where the file system
	// tells what happens, since nearly nothing is found by them there.
	scanShare        = 100
	scanShareWatched = 1000
	// switchedShare bounds what it costs to ask for directories that are other
	// ones: this many times the last time lies between two.
	switchedShare = 10000
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
	// same is when the watched directories were asked whether they are those at
	// their paths, and asked is what that took.
	same  time.Time
	asked time.Duration
}

// beginScan begins a full scan, which goes on in slices.
func (in *Input) beginScan() {
	s := &in.scan
	s.start = time.Now()
	s.next = s.start.Add(in.scanInterval())
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
	in.families = nil // with many files that is much memory
	in.forget()
	in.findUnwanted()
	in.forgetPast()
	in.shrink()
	in.dropParcels()
	in.replay.LetGo(scanEvery)
	in.recordNew()
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
	if in.watch.Complete() {
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
// that are new are fresh. What came in one after it was listed, and before it was
// watched, nobody tells of: then there may be more new ones.
func (in *Input) walk() (all, fresh []string) {
	wanted, through, watched := map[string]bool{}, map[string]bool{}, in.watch.Adds()
	in.pats.Walk(&in.disk, func(dir string) { wanted[dir] = true }, func(dir string, err error) {
		through[dir] = true
		in.listed(dir, err)
	})
	for _, dir := range in.links.Dirs() {
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
	in.watch.Begin()
	in.watch.DropSwitched()
	for _, dir := range disk.LinksTo(all) {
		through[dir] = true
	}
	for _, path := range all {
		had := in.watch.Has(path)
		has := in.watch.Add(path)
		if !has {
			through[in.watch.Above(path)] = true
		}
		if has && !had || in.dirs[path] == nil {
			fresh = append(fresh, path)
		}
	}
	in.watch.Keep(wanted, through)
	in.scan.dirs = in.watch.Adds() > watched
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

// findSwitched looks for directories at whose paths are other ones now, of which
// nobody tells: a file system was mounted there.
func (in *Input) findSwitched(now time.Time) {
	s := &in.scan
	if now.Sub(s.same) < max(tickEvery, switchedShare*s.asked) {
		return
	}
	s.same = time.Now()
	switched := in.watch.DropSwitched()
	s.asked = time.Since(s.same)
	if switched {
		in.findDirs(now)
	}
}

// listed notes that a directory was listed, or why it cannot be, and says so
// when that begins and when it ends. Run calls it.
func (in *Input) listed(path string, err error) {
	if _, was := in.unlisted[path]; was == (err != nil) {
		return
	}
	in.mu.Lock()
	if err != nil {
		in.unlisted[path] = err.Error()
	} else {
		delete(in.unlisted, path)
	}
	in.mu.Unlock()
	if err != nil {
		in.log.Error(fmt.Sprintf("cannot list %q: %v: let the user that tailrace runs as read the directory", path, err))
	} else {
		in.log.Info("directory can be read again", "path", path)
	}
}

// forgetUnlisted drops the directories that are not looked at any more.
func (in *Input) forgetUnlisted(still func(path string) bool) {
	if len(in.unlisted) == 0 {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	maps.DeleteFunc(in.unlisted, func(path, _ string) bool { return !still(path) })
}

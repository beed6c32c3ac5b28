package tail

import (
	"path/filepath"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// Where the known files of a directory are, as a look sees them, and what that tells of
// them: they grew, were renamed, may have other content, or are nowhere.

// locate finds the known files of a directory, in it or elsewhere.
func (in *Input) locate(d *dir, l *disk.Listing) {
	var away []*file
	found := false
	for _, f := range byID(d.files) {
		if f.key == (disk.Key{}) {
			continue
		}
		if e, ok := l.Stat(filepath.Base(f.now)); ok && e.Key == f.key {
			found = true
			in.seen(f, e)
		} else {
			away = append(away, f)
		}
	}
	if found {
		in.onDevice(d, l.Dir)
	}
	for _, f := range away {
		if e, ok := l.Find(f.key); ok {
			in.seen(f, e)
		} else if in.over(f) || l.Unseen(filepath.Base(f.now)) {
			continue
		} else if e, err := in.elsewhere(f, d, l); err == nil {
			in.seen(f, e)
		} else if err == errGone {
			in.notFound(f, d, l)
		} else if f.deleting || !in.away(f, d, l) {
			in.rotate(f)
			f.missing = true
			f.unsure(sought, true)
		}
	}
}

// over says that f is kept for its identity only: it was read to its end, and
// was nowhere when it was looked for. Of a directory of many logs there are many
// more of these than of others, so only listings are searched for them.
func (in *Input) over(f *file) bool {
	return f.state == done && f.gone && !f.missing && !f.deleting && !f.has(sought|truncating)
}

// placed notes where f is: at e, which has its identity. It says whether that is elsewhere
// than it was.
func (in *Input) placed(f *file, e disk.Entry) (moved bool) {
	f.mu.Lock()
	f.away = false
	f.mu.Unlock()
	if e.Dev != f.dev {
		in.renumbered[f.dev], f.dev = true, e.Dev
	}
	f.misses, f.missing, f.gone, f.owner = 0, false, false, e.UID+1
	if f.deleting {
		in.keep(f)
	}
	if moved = f.now != e.Path; moved {
		in.move(f, e.Path)
	}
	return moved
}

// seen notes that f is at e, and what that tells of its content.
func (in *Input) seen(f *file, e disk.Entry) {
	if in.placed(f, e) {
		defer in.noteFile(f) // with its size
	}
	if f.packed {
		in.seenPacked(f, e)
		return
	}
	if f.removed() {
		return // what became of its content is found out when an input follows it again
	}
	in.comesOrGoes(f, e)
	if f.resumed {
		in.wasRenamed(f, e)
	}
	if f.resumed && in.resumesAppended(f, e) {
		return
	}
	switch f.sight(e, in.o.Life) {
	case sawLate:
		if !in.hasAppended(f) {
			in.splitLate(f, e)
		}
	case sawCalm:
		in.later = append(in.later, f)
	case sawOdd:
		in.recheck(f)
	case sawMore:
		in.wake(f)
	}
}

// comesOrGoes notes that f, which is at e, was renamed, or has its old name again.
func (in *Input) comesOrGoes(f *file, e disk.Entry) {
	switch {
	case f.state == following && e.Path != f.path:
		in.rotate(f)
	case f.state == rotated && e.Path == f.path && in.tails[f.path] == f && len(f.followers) == 0:
		f.state = following
		f.mu.Lock()
		f.final = false
		f.mu.Unlock()
		delete(in.draining, f)
	}
}

// sighting is what the size and the times of a file tell of it.
type sighting int

const (
	sawNothing sighting = iota
	sawMore             // there is something to read
	sawOdd              // it may have other content, and is compared
	sawCalm             // it is as the run before has left it
	sawLate             // it is done, and something came behind what was joined to it
)

// sight takes note of what a look saw of f: e. life is as Options have it.
func (f *file) sight(e disk.Entry, life time.Time) sighting {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.has(truncating) {
		f.setDoubt(sought, false)
	}
	shrunk := e.Size+f.joined < f.pos.off || e.Size < f.size && f.joined == 0
	changed := shrunk || f.rewritten(e)
	if !shrunk && f.joined == 0 {
		f.saw(e)
	}
	resumed := f.resumed && f.state != done && e.Size > 0
	calm := resumed && f.joined == 0 && e.Size == f.pos.off && e.Ctime < life.Add(-lookSlack).UnixNano()
	more := f.resumed || !shrunk && f.joined == 0
	if f.resumed {
		f.resumeAt(e, calm)
	}
	more = more && f.unread()
	switch {
	case f.state == done && f.lateBytes(e.Size): // else drain sees to it
		return sawLate
	case calm:
		return sawCalm
	case changed, resumed, more && f.state == done: // what is at the name of a copy may be the next copy
		return sawOdd
	case more:
		return sawMore
	}
	return sawNothing
}

// resumeAt notes that f, which is known from the run before, is at e. The caller holds
// mu.
func (f *file) resumeAt(e disk.Entry, calm bool) {
	f.resumed, f.noted, f.grown = false, 0, momentOf(time.Now())
	if f.joined > 0 {
		if e.Size <= f.size || !f.allJoined() {
			f.size = e.Size
		}
		f.unjoin()
	}
	if f.state == following && (f.pos.off < flow.Enough || !calm) {
		f.setDoubt(young, true) // until this look has found no copy of it: see copiedEarly
	}
}

// recheck is called when f looks shorter than what was read of it, or otherwise
// changed. The look may be older than the read, so it is made again, with nobody
// reading.
func (in *Input) recheck(f *file) {
	switch same, err := f.recompare(); {
	case err != nil:
		in.unopened(f, err)
	case !same:
		in.cut = append(in.cut, f)
	case f.state == done:
		if in.more(f) && !in.hasAppended(f) {
			in.belated(f)
		}
	default:
		in.wake(f)
	}
}

// more says that there is something to read in f, which is done.
func (in *Input) more(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	letGo, err := f.openFor()
	if err != nil {
		return f.unread()
	}
	defer letGo()
	return f.unreadDone()
}

// rotate notes that f is no longer at its path.
func (in *Input) rotate(f *file) {
	if f.state == following {
		f.state, f.since = rotated, momentOf(time.Now())
		in.draining[f] = true
	}
}

// notFound is called when the directory has no file with the identity of f. A
// listing may miss a file that is renamed meanwhile, so one miss is no proof.
func (in *Input) notFound(f *file, d *dir, l *disk.Listing) {
	if !f.isOpen() && !f.deleting && in.away(f, d, l) {
		return
	}
	in.rotate(f)
	f.mu.Lock()
	open := f.fd >= 0
	was := f.gone
	if open {
		e, err := f.content().Describe()
		f.gone = err == nil && e.Nlink == 0
		if f.gone && e.Size > f.size && f.joined == 0 {
			f.saw(e) // it was opened just now
		}
	}
	f.mu.Unlock()
	if open {
		if f.gone && !was && f.state != done {
			in.noteFile(f) // with its size, which the next run cannot know
		}
		return // it is read to its end, wherever it is
	}
	if f.state != done && !f.removed() && !f.deleting && (in.soughtInFamily(f, l) || in.found(f, l)) {
		return
	}
	if !f.deleting && (f.state != done || !f.gone && in.unacked(f)) && in.soughtPacked(f, l) {
		return
	}
	f.unsure(sought, f.has(truncating))
	f.misses++
	if f.missing = f.misses < 2; f.missing {
		d.missing = true
		d.lookBy(time.Now().Add(lookGap))
		in.touched(l.Dir)
		return
	}
	f.gone = true
	if f.state == rotated {
		in.loseRest(f, l)
		in.finish(f)
	}
}

package tail

import (
	"path/filepath"
	"time"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// What is left alone for its age, and which of the files that are found are history:
// they were there when this run, or one before it, looked.

const (
	// lookSlack is how long before the last sign of life a file may have come
	// that was not seen: the time between two scans.
	lookSlack = scanEvery
	// clockSlack is how far the clock that file systems use is behind.
	clockSlack = 10 * time.Millisecond
)

// unseen says that family[i], an unknown rotated file of path, of which nothing
// is known, is no history: it came, was written to or was rotated where and
// when this run, or the runs before, have not looked.
func (in *Input) unseen(l *disk.Listing, family []rotation.Member, i int, path string) bool {
	m := family[i]
	if prior := in.dir(filepath.Dir(m.Path)).prior; prior != nil {
		return !prior.Has(filepath.Base(m.Path))
	}
	if in.o.Life.IsZero() {
		return false
	}
	life := in.o.Life.UnixNano()
	if !in.o.FirstStart {
		return in.sinceLife(m.Entry)
	}
	life -= int64(clockSlack)
	next, _ := l.Stat(filepath.Base(path))
	if i+1 < len(family) {
		next = family[i+1].Entry
	}
	// It was at its path until the next one was made there.
	return m.Key.Birth > life || m.Mtime > life || next.Key.Birth > life
}

// cameSince says that the file at e was not in its directory when that was looked at
// last, by this run or the runs before.
func (in *Input) cameSince(e disk.Entry) bool {
	prior := in.dir(filepath.Dir(e.Path)).prior
	switch {
	case prior != nil:
	case in.o.Life.IsZero():
		return false
	case in.o.FirstStart:
		return e.Key.Birth > in.o.Life.Add(-clockSlack).UnixNano()
	default:
		return in.sinceLife(e)
	}
	_, was := prior.Find(e.Key)
	return !was
}

// sinceLife says that the file at e came, or was written to, after the runs
// before this one last looked.
func (in *Input) sinceLife(e disk.Entry) bool {
	life := in.o.Life.UnixNano()
	return e.Key.Birth > life-int64(lookSlack) || e.Mtime > life
}

// writtenSince says that the file at e, whose inode may be younger, was written to when
// the runs before this one looked no more.
func (in *Input) writtenSince(e disk.Entry) bool {
	switch {
	case in.o.Life.IsZero():
		return !in.first // this is the first run: what was there before is known
	case in.o.FirstStart:
		return e.Mtime > in.o.Life.Add(-clockSlack).UnixNano()
	}
	return e.Mtime > in.o.Life.Add(-lookSlack).UnixNano()
}

// old says that the file at e was there before the first run of all. The
// journal knows the millisecond in which that began.
func (in *Input) old(e disk.Entry) bool {
	return in.first && in.o.FirstStart && (in.o.Life.IsZero() || e.Key.Birth < in.o.Life.Add(time.Millisecond).UnixNano())
}

// fromEnd says that what is in the file at e, of a path that a pattern matches, is
// history.
func (in *Input) fromEnd(path string, e disk.Entry) bool {
	return in.old(e) && in.o.Inputs[in.pats.Match(path)].Start == "end"
}

// isPast says that the file at e, of the family of path, was there before the
// first start of all, and that only what came after it is wanted.
func (in *Input) isPast(path string, e disk.Entry) bool {
	return in.fromEnd(path, e) || in.tails[path] == nil && in.leftAlone(path, e)
}

// leftAlone says that the unknown file at e, which is at path or was rotated
// from it, is older than the input wants: it is not followed, nor known, until
// somebody writes to it. Then it is new, and read from its beginning. A file
// that is followed is never too old, nor is what follows it at its path.
//
// Files that an input with Start "end" finds at the first start are followed
// however old they are: else nobody would know later where their end was.
func (in *Input) leftAlone(path string, e disk.Entry) bool {
	c := &in.o.Inputs[in.pats.Match(path)]
	if c.Start == "end" && in.old(e) {
		return false
	}
	return c.IgnoreOlder > 0 && time.Since(time.Unix(0, e.Mtime)) > c.IgnoreOlder
}

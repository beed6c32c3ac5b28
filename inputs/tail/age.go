package tail

import (
	"path/filepath"
	"time"

	"tailrace/agent/journal"
)

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
func (in *Input) unseen(d *dir, l *listing, family []member, i int, path string) bool {
	m := family[i]
	if dir := filepath.Dir(m.path); dir != l.dir {
		d = in.dir(dir)
	}
	if d.prior != nil {
		return !d.prior.has(filepath.Base(m.path))
	}
	if in.o.Life.IsZero() {
		return false
	}
	life := in.o.Life.UnixNano()
	if !in.o.FirstStart {
		return in.sinceLife(m.entry)
	}
	life -= int64(clockSlack)
	next, _ := l.stat(filepath.Base(path))
	if i+1 < len(family) {
		next = family[i+1].entry
	}
	// It was at its path until the next one was made there.
	return m.key.birth > life || m.mtime > life || next.key.birth > life
}

// sinceLife says that the file at e came, or was written to, after the runs
// before this one last looked.
func (in *Input) sinceLife(e entry) bool {
	life := in.o.Life.UnixNano()
	return e.key.birth > life-int64(lookSlack) || e.mtime > life
}

// old says that the file at e was there before the first run of all.
func (in *Input) old(e entry) bool {
	return in.first && in.o.FirstStart && (in.o.Life.IsZero() || e.key.birth <= in.o.Life.UnixNano())
}

// fromEnd says that what is in the file at e, of a path that a pattern matches, is
// history.
func (in *Input) fromEnd(path string, e entry) bool {
	return in.old(e) && in.o.Inputs[in.pats.match(path)].Start == "end"
}

// looked notes, once, that all files were looked at and those that are new are
// in the journal: what is younger than that and not known was not seen.
func (in *Input) looked() {
	if !in.noted && !in.first && len(in.fresh) == 0 {
		in.noted = true
		in.o.Journal.Note(journal.Record{Looked: &journal.Looked{Done: true}})
	}
}

// past says that the file at e, of the family of path, was there before the
// first start of all, and that only what came after it is wanted.
func (in *Input) past(path string, e entry) bool {
	return in.fromEnd(path, e) || in.tails[path] == nil && in.leftAlone(path, e)
}

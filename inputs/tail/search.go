package tail

import (
	"cmp"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// The content of a known file, looked for under other identities; and how it gets one.

// found looks for the content of f under another identity: it was restored,
// or the file system numbers its inodes anew.
func (in *Input) found(f *file, l *disk.Listing) bool {
	e, err := in.madeFrom(f, l)
	if f.at() >= flow.Enough { // else anything would match
		e, err = in.search(f, l)
	}
	if err == nil {
		f.takenFor(e, f.ownAt())
		in.rebind(f, e)
		in.seen(f, e)
	}
	return err == nil
}

// madeFrom is the oldest file of the family of f that nobody knows, none of which came
// after f, if it was made where it is, after f was, and before what came after f, and
// begins like it. When something was seen of f, but nothing read, that tells too little.
// The error is errGone.
func (in *Input) madeFrom(f *file, l *disk.Listing) (disk.Entry, error) {
	if f.at() == 0 && max(f.noted, f.held, f.size) > 0 {
		return disk.Entry{}, errGone
	}
	next := int64(math.MaxInt64)
	for _, g := range in.filesOf(f.path) {
		if g.id > f.id && g.state != done {
			next = min(next, g.key.Birth) // it may be at a name that tells nothing
		}
	}
	for _, m := range in.family(l, f.path) {
		if g := in.byKey[m.Key]; g != nil && g.id > f.id && !g.isHistory() || m.Key.Birth >= next {
			break // it came after f, and so did what is behind it
		} else if g != nil || m.Size == 0 || m.Key.Birth < f.key.Birth {
			continue
		}
		if same, err := in.sameContent(f, m.Entry); same && err == nil && f.owned(m.Entry) && !m.Gen.Packed && madeThere(m.Entry) {
			return m.Entry, nil
		}
		break
	}
	return disk.Entry{}, errGone
}

// search finds the unknown file that has the content of f up to its position:
// one with the same first bytes, and the same before the position. When too
// few bytes are known to tell, only a new file of the rotation family counts. The
// error is errGone, or disk.ErrMoved when the directory has changed since the look.
func (in *Input) search(f *file, l *disk.Listing) (disk.Entry, error) {
	at := f.at()
	short := at < flow.Enough
	var candidates []disk.Entry
	for _, m := range in.family(l, f.path) {
		if g := in.byKey[m.Key]; short && f.now != f.path {
			break // it was renamed: what is there may be its successor
		} else if short && g != nil && (g.original == nil || g.id < f.id) {
			candidates = nil // this one and what is older was there before
		} else if !m.Gen.Packed {
			candidates = append(candidates, m.Entry)
		}
	}
	if !short {
		candidates = append(candidates, in.strangers(l, f)...)
		candidates = append(candidates, in.copiesNear(l, f)...)
	}
	for _, e := range candidates {
		g := in.byKey[e.Key]
		if g != nil && g.original == nil || e.Link || e.Size < at || e.Size == 0 || !f.owned(e) {
			continue
		}
		if short {
			if k, wait := in.knownIn(in.dir(filepath.Dir(e.Path)), e); wait || k.f != nil && k.f != f {
				continue
			}
		}
		same, err := in.sameContent(f, e)
		if same {
			return e, nil
		}
		if errors.Is(err, disk.ErrMoved) {
			return disk.Entry{}, disk.ErrMoved
		}
	}
	return disk.Entry{}, errGone
}

// maxStrangers is among how many unknown files one is looked for by content.
const maxStrangers = 64

// strangers is the files that may have the content of f whatever their name:
// the one at its path, and those that are not known unless they are so many
// that reading each of them for each that is missing would take too long.
func (in *Input) strangers(l *disk.Listing, f *file) []disk.Entry {
	strange, asked := in.strange[l.Dir]
	if !asked {
		for _, e := range l.Files {
			if g := in.byKey[e.Key]; g == nil || g.original != nil {
				strange = append(strange, e)
			}
		}
		in.strange[l.Dir] = strange
	}
	if len(strange) <= maxStrangers {
		return strange
	}
	if e, ok := l.Stat(filepath.Base(f.now)); ok {
		return []disk.Entry{e}
	}
	return nil
}

// copiesNear is the files in the directories near that may be copies of f: those
// whose names are of its family, since it may have been copied to an olddir that
// was not used before, and the youngest of those that came since the runs before
// have looked, whatever their names.
func (in *Input) copiesNear(l *disk.Listing, f *file) []disk.Entry {
	var family, others []disk.Entry
	for _, near := range in.near(l.Dir) {
		for _, m := range rotation.Family(near, f.path) {
			if !m.Gen.Packed {
				family = append(family, m.Entry)
			}
		}
		for _, e := range near.Files {
			if e.Size >= f.at() && f.owned(e) && in.byKey[e.Key] == nil && in.sinceLife(e) && in.pats.Match(e.Path) < 0 {
				others = append(others, e)
			}
		}
	}
	slices.SortFunc(others, func(a, b disk.Entry) int { return cmp.Compare(b.Ctime, a.Ctime) })
	return append(family, others[:min(len(others), maxStrangers)]...)
}

// owned says that e has the owner of f, or is root's: a file that another user
// has put there must not pass for one of its family, however it begins.
func (f *file) owned(e disk.Entry) bool {
	return e.UID == 0 || f.owner == 0 || f.owner == e.UID+1
}

// rebind gives f the identity of e.
func (in *Input) rebind(f *file, e disk.Entry) { in.rebindAs(f, e, func() {}) }

// rebindAs is rebind, and calls as while the file is still locked: nobody reads it
// with half of what it is now.
func (in *Input) rebindAs(f *file, e disk.Entry, as func()) {
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	if g := in.byKey[e.Key]; g != nil {
		in.drop(g) // it was known as a copy only
	}
	in.move(f, e.Path)
	f.mu.Lock()
	f.close()
	f.key, f.dev = e.Key, e.Dev
	f.owner, f.handle = e.UID+1, in.disk.Handle(e)
	f.size, f.grown = e.Size, momentOf(time.Now())
	f.searchFrom(f.pos.off)
	f.early, f.packed, f.certain = nil, false, e.Size
	f.doubt &= altered // truncatedIn ends that
	as()
	f.mu.Unlock()
	f.misses, f.missing, f.gone = 0, false, false
	in.byKey[e.Key] = f
	delete(in.sizes, e.Key)
	in.noteFile(f)
}

// lastWrite is when g was written to last, as far as that can be seen: an mtime.
func (in *Input) lastWrite(g *file) int64 {
	if e, err := in.disk.Stat(g.now); err == nil && e.Key == g.key {
		return e.Mtime
	}
	if e, err := g.stat(); err == nil {
		return e.Mtime
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mtime
}

// present says that the file is where it was last seen.
func (in *Input) present(f *file) bool {
	e, err := in.disk.Stat(f.now)
	return err == nil && e.Key == f.key
}

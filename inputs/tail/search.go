package tail

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// found looks for the content of f under another identity: it was restored,
// or the file system numbers its inodes anew.
func (in *Input) found(f *file, l *listing) bool {
	if f.at() < flow.Enough {
		return false // anything would match
	}
	e, err := in.search(f, l)
	if err == nil {
		in.rebind(f, e)
		in.seen(f, e)
	}
	return err == nil
}

// search finds the unknown file that has the content of f up to its position:
// one with the same first bytes, and the same before the position. When too
// few bytes are known to tell, only a new file of the rotation family counts. The
// error is errGone, or errMoved when the directory has changed since the look.
func (in *Input) search(f *file, l *listing) (entry, error) {
	at := f.at()
	short := at < flow.Enough
	var candidates []entry
	for _, m := range in.family(l, f.path) {
		if g := in.byKey[m.key]; short && f.now != f.path {
			break // it was renamed: what is there may be its successor
		} else if short && g != nil && (g.original == nil || g.id < f.id) {
			candidates = nil // this one and what is older was there before
		} else if !m.gen.packed {
			candidates = append(candidates, m.entry)
		}
	}
	n := len(candidates)
	if !short {
		candidates = append(candidates, in.strangers(l, f)...)
		candidates = append(candidates, in.copiesNear(l, f)...)
	}
	for i, e := range candidates {
		g := in.byKey[e.key]
		if g != nil && g.original == nil || e.link || e.size < at || e.size == 0 || !f.owned(e) || i >= n && temporary(e.path) {
			continue
		}
		if short {
			if k, _ := in.knownIn(in.dir(filepath.Dir(e.path)), e); k.f != nil && k.f != f {
				continue
			}
		}
		same, err := in.sameContent(f, e)
		if same {
			return e, nil
		}
		if errors.Is(err, errMoved) || errors.Is(err, unix.ENOENT) {
			return entry{}, errMoved
		}
	}
	return entry{}, errGone
}

// maxStrangers is among how many unknown files one is looked for by content.
const maxStrangers = 64

// strangers is the files that may have the content of f whatever their name:
// the one at its path, and those that are not known unless they are so many
// that reading each of them for each that is missing would take too long.
func (in *Input) strangers(l *listing, f *file) []entry {
	if l.strange == nil {
		l.strange = []entry{}
		for _, e := range l.files {
			if g := in.byKey[e.key]; g == nil || g.original != nil {
				l.strange = append(l.strange, e)
			}
		}
	}
	if len(l.strange) <= maxStrangers {
		return l.strange
	}
	if e, ok := l.stat(filepath.Base(f.now)); ok {
		return []entry{e}
	}
	return nil
}

// copiesNear is the files in the directories near that may be copies of f: those
// whose names are of its family, since it may have been copied to an olddir that
// was not used before, and the youngest of those that came since the runs before
// have looked, whatever their names.
func (in *Input) copiesNear(l *listing, f *file) []entry {
	var family, others []entry
	for _, near := range in.near(l.dir) {
		for _, m := range near.family(f.path) {
			if !m.gen.packed {
				family = append(family, m.entry)
			}
		}
		for _, e := range near.files {
			if e.size >= f.at() && f.owned(e) && in.byKey[e.key] == nil && in.sinceLife(e) && in.pats.match(e.path) < 0 {
				others = append(others, e)
			}
		}
	}
	slices.SortFunc(others, func(a, b entry) int { return cmp.Compare(b.ctime, a.ctime) })
	return append(family, others[:min(len(others), maxStrangers)]...)
}

// owned says that e has the owner of f, or is root's: a file that another user
// has put there must not pass for one of its family, however it begins.
func (f *file) owned(e entry) bool {
	return e.uid == 0 || f.owner == 0 || f.owner == int64(e.uid)+1
}

// temporary says that the name is one that editors and package managers give.
func temporary(path string) bool {
	return strings.HasSuffix(path, "~") || slices.Contains([]string{".bak", ".swp", ".tmp"}, filepath.Ext(path))
}

// sameContent says whether the file at e begins like f, up to f's position.
func (in *Input) sameContent(f *file, e entry) (bool, error) {
	pos := f.place()
	fd, _, err := in.disk.openAs(e.path, e.key)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	return in.disk.content(fd).matches(pos.off, pos.mark)
}

// rebind gives f the identity of e.
func (in *Input) rebind(f *file, e entry) { in.rebindAs(f, e, func() {}) }

// rebindAs is rebind, and calls as while the file is still locked: nobody reads it
// with half of what it is now.
func (in *Input) rebindAs(f *file, e entry, as func()) {
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	if g := in.byKey[e.key]; g != nil {
		in.drop(g) // it was known as a copy only
	}
	in.move(f, e.path)
	f.mu.Lock()
	f.close()
	f.key, f.dev, f.ino, f.birth = e.key, e.dev, e.ino, e.key.birth
	f.owner, f.handle = int64(e.uid)+1, in.disk.handle(e)
	f.size, f.searched, f.grown = e.size, f.pos.off, time.Now()
	f.early, f.copyPending, f.packed, f.certain = nil, false, false, e.size
	as()
	f.mu.Unlock()
	in.byKey[e.key] = f
	in.noteFile(f)
}

// lastWrite is when g was written to last, as far as that can be seen: an mtime.
func (in *Input) lastWrite(g *file) int64 {
	if e, err := in.disk.statPath(g.now); err == nil && e.key == g.key {
		return e.mtime
	}
	if e, err := g.stat(); err == nil {
		return e.mtime
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mtime
}

// present says that the file is where it was last seen.
func (in *Input) present(f *file) bool {
	e, err := in.disk.statPath(f.now)
	return err == nil && e.key == f.key
}

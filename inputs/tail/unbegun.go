package tail

import (
	"cmp"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
)

// New files that are not begun yet, because it is being found out what came before them
// at their path. They are held open, since their names may go meanwhile: they are
// deleted, or moved, or a link that led to one is removed.

// unbegun is such a file.
type unbegun struct {
	disk.Entry
	fd int
}

// holdUnbegun opens the file at e, if not too many are open.
func (in *Input) holdUnbegun(e disk.Entry) {
	if in.unbegun[e.Key] != nil || in.full() || len(in.unbegun) >= maxHeld || in.fromEnd(e.Path, e) {
		return
	}
	if fd, _, err := in.disk.OpenAs(e.Path, e.Key); err == nil {
		in.unbegun[e.Key] = &unbegun{e, fd}
	}
}

// dropUnbegun lets go of the file with the identity k.
func (in *Input) dropUnbegun(k disk.Key) {
	if w := in.unbegun[k]; w != nil {
		unix.Close(w.fd)
		delete(in.unbegun, k)
	}
}

// nameless begins with those of them that are not at their path in l any more.
func (in *Input) nameless(l *disk.Listing) {
	var left []*unbegun
	for k, w := range in.unbegun {
		if in.byKey[k] != nil {
			in.dropUnbegun(k) // it was found to be the place of a known one
			continue
		}
		at, ok := l.Find(k)
		named := ok && (at.Path == w.Path || in.pats.Match(at.Path) >= 0)
		if filepath.Dir(w.Path) == l.Dir && !named {
			left = append(left, w)
		}
	}
	slices.SortFunc(left, func(a, b *unbegun) int { return cmp.Compare(a.Key.Birth, b.Key.Birth) })
	for _, w := range left {
		if in.missingAt(l, w.Path) || !in.unpacked(l, w.Path) {
			continue
		}
		if prev, ok := in.generations(l, w.Path); ok && in.unbegun[w.Key] == w && in.byKey[w.Key] == nil {
			in.beginNameless(w, prev)
		}
	}
}

// beginNameless begins with w, behind prev.
func (in *Input) beginNameless(w *unbegun, prev *file) {
	e, err := in.disk.StatFD(w.fd)
	if err != nil {
		in.dropUnbegun(w.Key)
		return
	}
	delete(in.unbegun, w.Key)
	e.Path = w.Path
	f := in.create(e, w.Path, rotated)
	in.link(prev, f)
	f.mu.Lock()
	f.gone = e.Nlink == 0
	f.hold(w.fd)
	f.mu.Unlock()
}

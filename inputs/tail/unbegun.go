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
	slices.SortFunc(left, olderUnbegun)
	for _, w := range left {
		if in.missingAt(l, w.Path) || !in.unpacked(l, w.Path) || in.mayBeNear(in.tails[w.Path], l) {
			continue
		}
		if prev, ok := in.generations(l, w.Path); ok && in.unbegun[w.Key] == w && in.byKey[w.Key] == nil {
			in.beginNameless(w, prev, w.Path)
		}
	}
}

// packedUnbegun is the one of them that has the content of p, and no name any more: it was
// compressed meanwhile.
func (in *Input) packedUnbegun(p *parcel) *unbegun {
	for _, w := range in.unbegunIn(filepath.Dir(p.path)) {
		if looksLike(p.inside, in.content(w.fd)) {
			return w
		}
	}
	return nil
}

// dropCopied lets go of the one that the file at e is a copy of, and that has no name
// any more: it is read there.
func (in *Input) dropCopied(e disk.Entry, path string) {
	for _, w := range in.unbegunIn(filepath.Dir(path)) {
		if fd, _, err := in.disk.OpenAs(e.Path, e.Key); err == nil {
			if at, err := in.disk.SizeFD(w.fd); err == nil && at.Size == e.Size && in.disk.DifferAt(w.fd, fd, 0, e.Size) == e.Size {
				in.dropUnbegun(w.Key)
			}
			unix.Close(fd)
		}
	}
}

// unbegunIn is those of a directory that have no name any more, older ones first.
func (in *Input) unbegunIn(dir string) (out []*unbegun) {
	for _, w := range in.unbegun {
		if e, err := in.disk.StatFD(w.fd); filepath.Dir(w.Path) == dir && in.byKey[w.Key] == nil && err == nil && e.Nlink == 0 {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, olderUnbegun)
	return out
}

func olderUnbegun(a, b *unbegun) int { return cmp.Compare(a.Key.Birth, b.Key.Birth) }

// beginOlder begins with those of path that came before what is in m, which is to come
// behind prev, and of which same is the one that has its content. It returns the last.
func (in *Input) beginOlder(prev *file, m disk.Entry, path string, same *unbegun) *file {
	for _, w := range in.unbegunIn(filepath.Dir(path)) {
		if w != same && w.Path == path && w.Key.Birth < min(m.Key.Birth, m.Mtime) {
			prev = cmp.Or(in.beginNameless(w, prev, path), prev)
		}
	}
	return prev
}

// beginNameless begins with w, of path, behind prev. It is nil when that cannot be.
func (in *Input) beginNameless(w *unbegun, prev *file, path string) *file {
	e, err := in.disk.StatFD(w.fd)
	if err != nil {
		in.dropUnbegun(w.Key)
		return nil
	}
	delete(in.unbegun, w.Key)
	e.Path = w.Path
	f := in.create(e, path, rotated)
	in.link(prev, f)
	f.mu.Lock()
	f.gone = e.Nlink == 0
	f.hold(w.fd)
	f.mu.Unlock()
	return f
}

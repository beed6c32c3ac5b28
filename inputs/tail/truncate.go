package tail

import (
	"errors"
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// changed says that the inode of f has other content than was read of it.
func (in *Input) changed(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	closed := f.fd < 0
	if f.open() != nil {
		return false
	}
	_, _ = f.compare() // where it cannot be read it is not doubted
	if closed && !f.doubted {
		f.close() // it is opened again when it is read
	}
	return f.doubted
}

// decided lets f be read again, if anything of it is left.
func (in *Input) decided(f *file) {
	f.mu.Lock()
	f.doubted = false
	f.mu.Unlock()
	in.wake(f)
}

// truncated is called when the inode of f has other content than was read. What
// was not read yet is in a copy beside it, or lost; the new content is a file
// of its own.
func (in *Input) truncated(f *file) {
	path := filepath.Dir(f.now)
	l, err := in.snapshot(in.dir(path), path)
	if err != nil {
		in.undecidable(f, path)
		return
	}
	in.truncatedIn(f, l)
}

// undecidable leaves f, of which that cannot be found out while its directory
// cannot be listed, to the next look that can. It is not read meanwhile: each read
// would only find again that it is not what it was.
func (in *Input) undecidable(f *file, dir string) {
	in.waiting[f] = true
	in.seek(f, true)
	in.lookSoon(dir)
}

// truncatedAll sees to the files that a look found truncated, with one more
// listing for all of them: the copy of one may be younger than l. It returns
// what is there now.
func (in *Input) truncatedAll(d *dir, l *listing) (*listing, error) {
	if len(in.cut) == 0 {
		return l, nil
	}
	cut := in.cut
	in.cut = nil
	dir := l.dir
	l, err := in.snapshot(d, dir)
	if err != nil {
		for _, f := range cut {
			in.undecidable(f, dir)
		}
		return l, err
	}
	for _, f := range cut {
		in.truncatedIn(f, l)
	}
	return l, nil
}

// truncatedIn is truncated with a listing that is younger than the truncation.
func (in *Input) truncatedIn(f *file, l *listing) {
	delete(in.waiting, f)
	if f.key == (key{}) {
		return // it was seen to before
	}
	if f.packed {
		in.packedFailed(f, unpack.ErrDamaged)
		return
	}
	defer in.decided(f)
	if _, waited := in.shrunk[f]; waited && !in.changed(f) {
		in.seek(f, false) // it was written anew with the content that it had
		delete(in.shrunk, f)
		return
	}
	at, placed, ok := in.cutAt(f, l)
	if !ok {
		in.touched(l.dir) // first, it is found where it is
		return
	}
	c, ok := in.findCopy(f, l)
	if !ok || (!c.found || c.stray) && f.state != done && !in.settled(f, at, l.dir) {
		return
	}
	delete(in.shrunk, f)
	fd := in.detach(f)
	if f.state == done {
		in.cutDone(f, at, fd)
		return
	}
	var left remains
	if !c.found {
		left = in.remainsOf(f, at, fd)
	}
	in.rotate(f)
	seen := f.sizeForSure(fd)
	switch {
	case c.parcel != nil:
		in.pour(f, c.parcel)
	case c.found:
		in.rebind(f, c.entry)
	default:
		in.noteFile(f)
	}
	in.loseTruncated(f, seen, f.left(c.found, left.place, at))
	if !c.found {
		if !left.known && f.fromBefore() {
			in.lose(f, 0, lostUnseen)
		}
		in.knowTorn(f, l)
	}
	g := in.renew(f, c.found, at, placed, fd, l)
	if !c.found {
		in.readRemains(g, f, left)
		in.finish(f)
		in.lostHalf(f)
	}
	in.record() // after what was noted of f: it must not have the inode any more
}

// cutAt describes the inode of f, which was truncated. placed says that it is at
// its path. It reports false when it is not where it was last seen.
func (in *Input) cutAt(f *file, l *listing) (at entry, placed, ok bool) {
	at, listed := l.locate(f)
	if !listed {
		at, err := f.stat()
		return at, false, err == nil
	}
	return at, at.path == f.path, at.path == f.now
}

// copied is where the rest of a truncated file is.
type copied struct {
	found  bool
	stray  bool    // it is none of the family: what the log is being copied back from is such a file, too
	parcel *parcel // the copy when it is compressed
	entry  entry   // the copy when it is not
}

// findCopy finds the copy of f, which was truncated. It reports false when that
// has to wait.
func (in *Input) findCopy(f *file, l *listing) (c copied, ok bool) {
	parcel, wait := in.searchPacked(f, l)
	in.seek(f, wait)
	if wait {
		in.waiting[f] = true // until it is known what is in them
		return c, false
	}
	if parcel != nil && (f.at() >= flow.Enough || in.oldestNew(f, l) == parcel) {
		return copied{found: true, parcel: parcel}, true
	}
	e, err := in.search(f, l)
	switch {
	case errors.Is(err, errMoved):
		in.tell(task{f: f}) // a rotation is under way: look again
		return c, false
	case err == nil:
		family := in.family(l, f.path)
		stray := !slices.ContainsFunc(family, func(m member) bool { return m.key == e.key })
		return copied{found: true, stray: stray, entry: e}, true
	case parcel != nil:
		return copied{found: true, parcel: parcel}, true
	}
	p, kin, wait := in.findPacked(f, l)
	if kin {
		return in.findCopy(f, l) // it is in the family now
	}
	in.seek(f, wait)
	if wait {
		in.waiting[f] = true
	}
	return copied{found: p != nil, parcel: p}, !wait
}

// renew makes a file of the new content of the inode at, which f had until it was
// truncated. It comes after f and its copies, and before what waited for f. fd
// is its descriptor, or -1; found and placed are as in truncatedIn.
func (in *Input) renew(f *file, found bool, at entry, placed bool, fd int, l *listing) *file {
	waiting := f.followers
	f.followers = nil
	newest, prev := in.tails[f.path], f
	if newest == f && placed {
		// copies of what was truncated several times; if the file was also
		// renamed, the generations that are not known are newer than it
		in.byKey[at.key] = f // it is none of them
		prev, _ = in.generations(in.dir(l.dir), l, f.path)
	}
	g := in.create(at, f.path, following)
	g.gone = at.nlink == 0
	if fd >= 0 {
		g.mu.Lock()
		g.hold(fd)
		g.markEarly()
		g.mu.Unlock()
	}
	in.joinHalves(f, found, prev, g)
	in.link(prev, g)
	if newest != f {
		in.tails[f.path] = newest
	}
	if !placed {
		in.rotate(g)
	}
	for _, n := range waiting {
		n.after(g)
	}
	return g
}

// stat describes the inode of f, which may have no name any more.
func (f *file) stat() (entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.describe()
}

// describe is stat for who holds mu.
func (f *file) describe() (entry, error) {
	if f.fd < 0 {
		return entry{}, errMoved
	}
	at, err := f.queue.in.disk.statFD(f.fd)
	at.path = f.now
	return at, err
}

// detach takes the inode away from f, and returns its descriptor, or -1.
func (in *Input) detach(f *file) int {
	f.queue.remove(f)
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	f.mu.Lock()
	fd := f.fd
	if fd >= 0 {
		f.fd = -1
		in.closed(f)
	}
	f.key, f.dev, f.ino, f.birth, f.handle = key{}, 0, 0, 0, ""
	f.gone = true
	f.mu.Unlock()
	return fd
}

// cutWaiting takes up the truncated files of d that had to wait.
func (in *Input) cutWaiting(d *dir) {
	already := map[*file]bool{}
	for _, f := range in.cut {
		already[f] = true
	}
	for f := range in.waiting {
		if d.files[f] && !already[f] {
			in.cut = append(in.cut, f)
		}
	}
}

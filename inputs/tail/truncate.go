package tail

import (
	"errors"
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// A file that was truncated: where the rest of its content is, and what is there now.

// changed says that the inode of f has other content than was read of it.
func (in *Input) changed(f *file) bool {
	_, err := f.recompare()
	return err == nil && f.has(altered) // where it cannot be read it is not doubted
}

// decided ends a doubt, and lets f be read again, if anything of it is left.
func (in *Input) decided(f *file, d doubt) {
	f.unsure(d, false)
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

// truncatedNow sees to the files that were found truncated but for a look.
func (in *Input) truncatedNow() {
	cut := in.cut
	in.cut = nil
	for _, f := range cut {
		in.truncated(f)
	}
}

// undecidable leaves f, of which that cannot be found out while its directory
// cannot be listed, to the next look that can. It is not read meanwhile: each read
// would only find again that it is not what it was.
func (in *Input) undecidable(f *file, dir string) {
	f.unsure(truncating|sought, true)
	in.lookSoon(dir)
}

// truncatedAll sees to the files that a look found truncated, with one more
// listing for all of them: the copy of one may be younger than l. It returns
// what is there now.
func (in *Input) truncatedAll(d *dir, l *disk.Listing) (*disk.Listing, error) {
	if len(in.cut) == 0 {
		return l, nil
	}
	cut := in.cut
	in.cut = nil
	dir := l.Dir
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
func (in *Input) truncatedIn(f *file, l *disk.Listing) {
	f.unsure(truncating, false)
	switch {
	case f.key == disk.Key{}:
		return // it was seen to before
	case f.packed:
		in.packedFailed(f, unpack.ErrDamaged)
		return
	}
	defer in.decided(f, altered)
	c, ok := in.findCut(f, l)
	if !ok {
		return
	}
	delete(in.sizes, f.key)
	inCopy := !c.found && in.copiedJustNow(f)
	fd := in.detach(f)
	if f.state == done {
		in.cutDone(f, c.at, fd)
		return
	}
	in.rotate(f)
	seen := f.sizeForSure(fd)
	if c.appended.to != nil {
		g := in.readAppended(f, c.appended)
		if f.at() >= flow.Enough { // else what was seen may be what is there now
			in.loseTruncated(f, seen, c.appended.size)
		}
		in.renew(g, c, fd, l)
	} else if c.found {
		in.goOnInCopy(f, c)
		in.loseTruncated(f, seen, f.sizeSeen())
		in.renew(f, c, fd, l)
	} else {
		left := in.remainsOf(f, c.at, fd)
		in.noteFile(f)
		archived, told := in.archived(f)
		if still := f.remaining(left.place, c.at); !inCopy {
			in.loseTruncated(f, max(seen, archived), still)
		}
		if !left.known && !told && f.fromBefore() {
			in.lose(f, 0, lostUnseen)
		}
		in.knowTorn(f, l)
		in.readRemains(in.renew(f, c, fd, l), f, left)
		in.finish(f)
		in.lostHalf(f)
	}
	in.recordNew() // after what was noted of f: it must not have the inode any more
}

// cut is what became of a truncated file: its inode is at, placed says that this is
// at its path, and the rest of it is in a copy, if one was found, or was appended.
type cut struct {
	at     disk.Entry
	placed bool
	copied
	appended appendix
}

// findCut finds that out. It reports false when it has to wait, or when f was not
// truncated.
func (in *Input) findCut(f *file, l *disk.Listing) (c cut, ok bool) {
	if _, waited := in.sizes[f.key]; waited && !in.changed(f) {
		f.unsure(sought, false) // it was written anew with the content that it had
		delete(in.sizes, f.key)
		return c, false
	}
	if c.at, c.placed, ok = in.cutAt(f, l); !ok {
		in.touched(l.Dir) // first, it is found where it is
		return c, false
	}
	if c.appended, ok = in.findAppended(f, l); !ok || c.appended.to != nil {
		return c, ok
	}
	if c.copied, ok = in.findCopy(f, l); !ok {
		return c, false
	}
	if (!c.found || c.stray) && f.state != done && !in.settled(f, c.at, l.Dir) {
		return c, false
	}
	if c.found && in.mayCopy(f, l) {
		f.unsure(truncating, true) // until it is known which of them is one of f
		in.lookSoon(l.Dir)
		return c, false
	}
	return c, true
}

// goOnInCopy gives f the identity of its copy.
func (in *Input) goOnInCopy(f *file, c cut) {
	if c.parcel == nil {
		in.rebind(f, c.entry)
		// what comes to a copy is the next one: see appended.go
		f.sealed = !c.stray && f.key.Birth > c.at.Key.Birth && c.at.Key.Birth > 0
		return
	}
	for _, p := range in.parcels {
		if p.of == f {
			p.of, p.held = nil, false // the oldest is its copy, and the others are not
		}
	}
	if g := in.byKey[c.parcel.Key]; g != nil && g != f {
		in.overwritten(g)
		in.noteFile(g) // before f: it must not have the inode any more
	}
	in.pour(f, c.parcel)
}

// cutAt describes the inode of f, which was truncated. placed says that it is at
// its path. It reports false when it is not where it was last seen.
func (in *Input) cutAt(f *file, l *disk.Listing) (at disk.Entry, placed, ok bool) {
	at, listed := l.Stat(filepath.Base(f.now))
	if !listed || at.Key != f.key {
		at, listed = l.Find(f.key)
	}
	if !listed {
		at, err := f.stat()
		return at, false, err == nil
	}
	return at, at.Path == f.path, at.Path == f.now
}

// copied is where the rest of a truncated file is.
type copied struct {
	found  bool
	stray  bool       // it is none of the family: what the log is being copied back from is such a file, too
	parcel *parcel    // the copy when it is compressed
	entry  disk.Entry // the copy when it is not
}

// findCopy finds the copy of f, which was truncated. It reports false when that
// has to wait.
func (in *Input) findCopy(f *file, l *disk.Listing) (c copied, ok bool) {
	parcel, wait := in.searchPacked(f, l)
	f.unsure(sought, wait)
	if wait {
		f.unsure(truncating, true) // until it is known what is in them
		return c, false
	}
	if parcel != nil && (f.at() >= flow.Enough || in.oldestNew(f, l) == parcel) {
		return copied{found: true, parcel: parcel}, true
	}
	e, err := in.search(f, l)
	switch {
	case errors.Is(err, disk.ErrMoved):
		in.tell(task{f: f}) // a rotation is under way: look again
		return c, false
	case err == nil:
		family := in.family(l, f.path)
		stray := !slices.ContainsFunc(family, func(m rotation.Member) bool { return m.Key == e.Key })
		return copied{found: true, stray: stray, entry: e}, true
	case parcel != nil:
		return copied{found: true, parcel: parcel}, true
	}
	p, kin, wait := in.findPacked(f, l)
	if kin {
		return in.findCopy(f, l) // it is in the family now
	}
	f.unsure(sought, wait)
	f.unsure(truncating, wait)
	return copied{found: p != nil, parcel: p}, !wait
}

// mayCopy says that a new file of the family of f may be a copy of what was read of
// f that is being made: what comes after it would have to wait.
func (in *Input) mayCopy(f *file, l *disk.Listing) bool {
	return slices.ContainsFunc(in.newOf(f, l), func(m rotation.Member) bool {
		return !m.Gen.Packed && m.Size <= f.at() && in.beginsLike(f, m.Entry) && !in.isWhole(in.dir(filepath.Dir(m.Path)), m.Entry, m.Size)
	})
}

// renew makes a file of the new content of the inode that f had until it was
// truncated. It comes after f and its copies, and before what waited for f. fd
// is its descriptor, or -1.
func (in *Input) renew(f *file, c cut, fd int, l *disk.Listing) *file {
	waiting := f.followers
	f.followers = nil
	newest, prev := in.tails[f.path], f
	if newest == f && c.placed {
		// copies of what was truncated several times; if the file was also
		// renamed, the generations that are not known are newer than it
		in.byKey[c.at.Key] = f // it is none of them
		prev, _ = in.generations(l, f.path)
	}
	g := in.create(c.at, f.path, following)
	g.gone = c.at.Nlink == 0
	if fd >= 0 {
		g.mu.Lock()
		g.hold(fd)
		g.markEarly()
		g.mu.Unlock()
	}
	in.joinHalves(f, c.found, prev, g)
	in.link(prev, g)
	if newest != f {
		in.tails[f.path] = newest
	}
	if !c.placed {
		in.rotate(g)
	}
	for _, n := range waiting {
		n.after(g)
	}
	return g
}

// stat describes the inode of f, which may have no name any more.
func (f *file) stat() (disk.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.describe()
}

// describe is stat for who holds mu.
func (f *file) describe() (disk.Entry, error) {
	if f.fd < 0 {
		return disk.Entry{}, disk.ErrMoved
	}
	at, err := f.queue.in.disk.StatFD(f.fd)
	at.Path = f.now
	return at, err
}

// detach takes the inode away from f, and returns its descriptor, or -1.
func (in *Input) detach(f *file) int {
	f.queue.Remove(f)
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	f.mu.Lock()
	fd := f.fd
	if fd >= 0 {
		f.fd = -1
		in.closed(f)
	}
	f.key, f.dev, f.handle = disk.Key{}, 0, ""
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
	for f := range d.files {
		if f.has(truncating) && !already[f] {
			in.cut = append(in.cut, f)
		}
	}
}

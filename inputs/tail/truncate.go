package tail

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

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
	same, err := f.verify(f.pos.off)
	f.doubted = !same && err == nil
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
		in.touched(path)
		in.decided(f)
		return
	}
	in.truncatedIn(f, l)
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
	l, err := in.snapshot(d, l.dir)
	if err != nil {
		in.touched(l.dir)
		for _, f := range cut {
			in.decided(f)
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
	path, err := l.dir, error(nil)
	at, ok := l.locate(f)
	if !ok {
		at, err = f.stat()
	}
	if err != nil || ok && at.path != f.now {
		in.touched(path) // first, it is found where it is
		return
	}
	placed := ok && at.path == f.path
	parcel, wait := in.searchPacked(f, l)
	if wait {
		in.waiting[f] = true // until it is known what is in them
		in.seek(f, true)
		return
	}
	in.seek(f, false)
	copied := entry{}
	if parcel == nil || f.at() < flow.Enough && in.oldestNew(f, l) != parcel {
		copied, err = in.search(f, l)
		if errors.Is(err, errMoved) {
			in.tell(task{f: f}) // a rotation is under way: look again
			return
		}
		if err == nil {
			parcel = nil
		}
	}
	found := err == nil
	fd := in.detach(f)
	var place position
	known := false // its end is gone, and nothing else
	if !found && f.state != done {
		place, known = in.cutBack(f, at, fd)
	}
	if f.state == done {
		if fd >= 0 {
			unix.Close(fd)
		}
		in.noteFile(f)
		return // a late file; if it matches a pattern it is found anew
	}
	in.rotate(f)
	if parcel != nil {
		in.pour(f, parcel)
	} else if found {
		in.rebind(f, copied)
	} else {
		in.noteFile(f)
		in.loseTruncated(f)
		in.knowTorn(f, l)
	}
	waiting := f.followers
	f.followers = nil
	newest, prev := in.tails[f.path], f
	if newest == f && placed {
		// copies of what was truncated several times; if the file was also
		// renamed, the generations that are not known are newer than it
		in.byKey[at.key] = f // it is none of them
		prev = in.generations(in.dir(path), l, f.path)
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
	switch {
	case known && f.fromBefore():
		in.readOn(g, f, place)
	case known:
		in.readAgain(f, place)
	}
	if newest != f {
		in.tails[f.path] = newest
	}
	if !placed {
		in.rotate(g)
	}
	for _, n := range waiting {
		n.after(g)
	}
	if !found {
		in.finish(f)
		in.lostHalf(f)
	}
	in.record() // after what was noted of f: it must not have the inode any more
}

// stat describes the inode of f, which may have no name any more.
func (f *file) stat() (entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

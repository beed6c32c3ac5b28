package tail

import (
	"errors"
	"path/filepath"
	"slices"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// Files become ready when they have grown; and what is done with those that Next could
// not read.

// troubled is what Run does when Next could not read f.
func (in *Input) troubled(f *file, err error) {
	switch {
	case f.state == done:
		in.loseBack(f)
	case f.packed && err != nil:
		in.packedFailed(f, err)
	case err == nil || errors.Is(err, disk.ErrMoved):
		in.suspect(f)
	default:
		in.park(f, err)
	}
}

// suspect finds out what became of a file that is not what it was.
func (in *Input) suspect(f *file) {
	if f.removed() {
		return // it is met when a line that was joined with its beginning is fetched
	}
	if f.packed {
		in.packedFailed(f, unpack.ErrDamaged)
		return
	}
	in.look(filepath.Dir(f.now))
	f.mu.Lock()
	lost := f.gone && f.fd < 0
	f.mu.Unlock()
	if f.state == done || lost || f.packed || f.has(sought) {
		return
	}
	in.recheck(f)
	in.truncatedNow()
}

// check looks whether f grew.
func (in *Input) check(f *file) {
	if f.state == done {
		return
	}
	f.mu.Lock()
	var ok, grew bool
	if f.fd >= 0 {
		ok, grew = f.observe()
	}
	f.mu.Unlock()
	switch {
	case ok && grew:
		in.wake(f)
	case !ok && f.isOpen():
		in.suspect(f)
	}
}

// fileAt is the file that is at path now.
func (in *Input) fileAt(path string) *file {
	if d := in.dirs[filepath.Dir(path)]; d != nil {
		return d.at[path]
	}
	return nil
}

// written is called when the file system told of a write to f.
func (in *Input) written(f *file) {
	if f.state == done || f.removed() || !f.isOpen() && (f.packed || in.full()) {
		in.touched(filepath.Dir(f.now)) // a look needs no descriptor for it
		return
	}
	f.mu.Lock()
	err := f.open()
	f.mu.Unlock()
	if err != nil {
		in.unopened(f, err)
	} else {
		in.check(f)
	}
}

// wake makes f ready, if it has something to read and its turn has come.
func (in *Input) wake(f *file) {
	if in.awake(f) {
		f.queue.add(f)
	}
}

// wakeAll wakes files that were found together: none is read before all are
// awake, so that their turns begin at the same time.
func (in *Input) wakeAll(files []*file) {
	ready := slices.DeleteFunc(files, func(f *file) bool { return !in.awake(f) })
	for _, f := range ready {
		f.queue.add(f)
	}
}

// awake says whether f is to be read now, and opens it.
func (in *Input) awake(f *file) bool {
	why := in.blocked(f)
	if why&^succeeding != 0 {
		return false
	}
	f.mu.Lock()
	unread := f.unread()
	if f.packed && f.fd < 0 {
		f.mu.Unlock()
		if unread && why == 0 {
			in.makeReady(f)
		}
		return false
	}
	var err error
	if unread && !in.full() && (why == 0 || in.stats.open.Load() < maxHeld) {
		err = f.open() // before it can be deleted
	}
	f.mu.Unlock()
	if err != nil {
		in.unopened(f, err)
		return false
	}
	return unread && why == 0
}

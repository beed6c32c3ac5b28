package tail

import (
	"errors"
	"path/filepath"
	"slices"

	"tailrace/inputs/tail/unpack"
)

// troubled is what Run does when Next could not read f.
func (in *Input) troubled(f *file, err error) {
	switch {
	case f.state == done:
		in.loseBack(f)
	case f.packed && err != nil:
		in.packedFailed(f, err)
	case err == nil || errors.Is(err, errMoved):
		in.suspect(f)
	default:
		in.park(f, err)
	}
}

// suspect finds out what became of a file that is not what it was.
func (in *Input) suspect(f *file) {
	if f.packed {
		in.packedFailed(f, unpack.ErrDamaged)
		return
	}
	in.look(filepath.Dir(f.now))
	f.mu.Lock()
	lost := f.gone && f.fd < 0
	f.mu.Unlock()
	if f.state == done || lost || f.packed || f.sought {
		return
	}
	f.mu.Lock()
	err := f.open()
	same := err == nil
	if same {
		same, err = f.compare()
	}
	f.mu.Unlock()
	switch {
	case err != nil:
		in.unopened(f, err)
	case same:
		in.wake(f)
	default:
		in.truncated(f)
	}
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

// at is the file that is at path now.
func (in *Input) at(dir, path string) *file {
	d := in.dirs[dir]
	if d == nil {
		return nil
	}
	return d.at[path]
}

// written is called when the file system told of a write to f.
func (in *Input) written(f *file) {
	if f.state == done || f.removed() || !f.isOpen() && in.full() {
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

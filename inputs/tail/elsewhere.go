package tail

import (
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
)

// A file that is not in its directory may be in another one, or on a file system that
// is not mounted.

// elsewhere finds a file that was moved to another directory: by its
// descriptor, by its handle, or by a search of those near. When only the
// descriptor is found it stays open. The error is errGone, or disk.ErrMoved when the
// search has to wait.
func (in *Input) elsewhere(f *file, d *dir, l *disk.Listing) (disk.Entry, error) {
	f.mu.Lock()
	fd := f.fd
	f.mu.Unlock()
	if fd >= 0 {
		if e, ok := in.disk.PathOf(fd, f.key); ok {
			return e, nil
		}
		return disk.Entry{}, errGone
	}
	if e, ok := in.behind(f); ok {
		return e, nil
	}
	fd, err := in.byHandle(f)
	if errors.Is(err, errGone) {
		return disk.Entry{}, err
	}
	if err != nil {
		return in.nearest(f, d, l)
	}
	e, ok := in.disk.PathOf(fd, f.key)
	if !ok {
		e, err = in.nearest(f, d, l)
	}
	if err == nil || f.state == done || f.removed() || f.packed {
		unix.Close(fd)
		return e, err
	}
	f.mu.Lock()
	if f.fd < 0 {
		f.hold(fd)
	} else {
		unix.Close(fd) // it came back, and the lane was faster
	}
	f.mu.Unlock()
	return e, errGone
}

// nearest finds f in a directory near.
func (in *Input) nearest(f *file, d *dir, l *disk.Listing) (disk.Entry, error) {
	if f.state == done {
		return disk.Entry{}, errGone
	}
	if !in.mayGoNear(d, l.Dir) {
		d.lookBy(in.nearAgain)
		return disk.Entry{}, disk.ErrMoved
	}
	for _, near := range in.near(l.Dir) {
		if e, ok := near.Find(f.key); ok {
			return e, nil
		}
	}
	return disk.Entry{}, errGone
}

// behind finds f, which no link at its path leads to any more, where that led to.
func (in *Input) behind(f *file) (disk.Entry, bool) {
	target := in.links.Target(f.now)
	if target == "" {
		return disk.Entry{}, false
	}
	return in.beside(filepath.Dir(target)).Find(f.key)
}

// byHandle opens f by its handle, as disk.OpenHandle does.
func (in *Input) byHandle(f *file) (int, error) {
	if f.handle == "" || in.noHandles {
		return -1, unix.EOPNOTSUPP
	}
	fd, err := in.disk.OpenHandle(filepath.Dir(f.now), f.handle, f.key, f.dev)
	in.noHandles = errors.Is(err, unix.EPERM)
	return fd, err
}

// near is the directories that a file of dir may have been moved to by a rotation.
// They are listed once in a look.
func (in *Input) near(dir string) []*disk.Listing {
	if found, ok := in.nearby[dir]; ok {
		return found
	}
	start := time.Now()
	found := in.disk.Near(dir)
	in.nearby[dir] = found
	in.nearAgain = time.Now().Add(20 * time.Since(start))
	return found
}

// mayGoNear says whether a search for files that are missing in d may be made
// now. All of them take a twentieth of the time at most, but the first look at
// a directory waits for nothing.
func (in *Input) mayGoNear(d *dir, path string) bool {
	_, done := in.nearby[path]
	return done || d.prior == nil || in.first || !time.Now().Before(in.nearAgain)
}

// away says that f, which is not in its directory, may be on a file system that
// is not mounted now: the directory, or what is left of the way to it, is on
// another device than it was when a known file was last found there. Then f is
// neither gone nor lost; it waits. A file at its path ends that.
//
// Before anything was found there in this run the device of the file counts. It
// may have another number since a reboot, which other files of it tell; and on
// overlayfs it is not that of the directory.
func (in *Input) away(f *file, d *dir, l *disk.Listing) bool {
	if l.Has(filepath.Base(f.path)) {
		return false
	}
	dev, overlay := in.disk.MountOf(l.Dir)
	was := d.dev
	if was == 0 && !overlay && !in.renumbered[f.dev] {
		was = f.dev
	}
	away := dev != 0 && was != 0 && dev != was
	f.mu.Lock()
	f.away = away
	f.mu.Unlock()
	if away {
		in.warnOnce("away:"+l.Dir, "files are not read: the file system that they are on is not mounted; they are read on when it is", "directory", l.Dir)
	}
	return away
}

// onDevice notes which device the directory d at path is on, where a known file
// was found.
func (in *Input) onDevice(d *dir, path string) {
	if dev, _ := in.disk.MountOf(path); dev != 0 {
		d.dev = dev
	}
	delete(in.said, "away:"+path)
}

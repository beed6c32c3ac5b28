package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ErrLinked says that a file is not deleted because it has more names.
var ErrLinked = errors.New("it is a link, or has several names")

// Lease takes a lease on an open file. It is refused with EAGAIN when somebody
// has the file open to write to it, and with other errors where there are no
// leases: then only the time since the last write tells.
func (d *Disk) Lease(fd int) error {
	if err := d.Enter("lease", ""); err != nil {
		return err
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err
}

// OpenDir opens a directory.
func (d *Disk) OpenDir(path string) (int, error) {
	if err := d.Enter("open", path); err != nil {
		return -1, err
	}
	return unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// RemoveAt removes a name from the open directory dir, if it is the only name
// of the inode k and the file has that size: ErrMoved or ErrLinked if not.
func (d *Disk) RemoveAt(dir int, name string, k Key, size int64) error {
	if err := d.Enter("remove", name); err != nil {
		return err
	}
	var x unix.Statx_t
	if err := unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, statMask, &x); err != nil {
		if IsMissing(err) {
			return ErrMoved
		}
		return err
	}
	e := fromStatx(name, &x)
	switch {
	case x.Mode&unix.S_IFMT == unix.S_IFLNK:
		return ErrLinked
	case e.Key != k, e.Size != size:
		return ErrMoved
	case e.Nlink > 1:
		return ErrLinked
	}
	if err := d.Enter("unlink", name); err != nil {
		return err
	}
	return unix.Unlinkat(dir, name, 0)
}

package explain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
)

// keyAt is the identity of the file that a describes; zero when it is none.
func keyAt(a *At) disk.Key {
	if a.Kind != "file" {
		return disk.Key{}
	}
	return disk.MakeKey(a.Device, a.Inode, nanosOf(a.Birth))
}

// keyOf is the identity of f; zero when its inode got other content.
func keyOf(f *File) disk.Key {
	if f.Inode == 0 {
		return disk.Key{}
	}
	return disk.MakeKey(f.Device, f.Inode, nanosOf(f.Birth))
}

// nanosOf is t as Unix nanoseconds, 0 for the zero time.
func nanosOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// at looks at path, and tries to open it when it is a file.
func (x *Explainer) at(path string) At {
	var a At
	if target, err := os.Readlink(path); err == nil {
		a.Link = target
	}
	e, mode, err := disk.Follow(path)
	if err != nil {
		switch {
		case disk.IsMissing(err):
			a.Gone = firstGone(path)
		case err == unix.ELOOP:
			a.LinkRefused = disk.Circle
		case err == unix.EACCES:
			a.Error = fmt.Sprintf("permission denied: directory %s may not be entered", firstClosed(path))
		default:
			a.Error = err.Error()
		}
		return a
	}
	a.Kind, a.Mode = disk.Kind(mode), os.FileMode(mode&0o777).String()
	a.Device, a.Inode, a.Owner, a.Names = e.Dev, e.Key.Ino, e.UID, e.Nlink
	a.Size, a.Modified = e.Size, time.Unix(0, e.Mtime)
	if e.Key.Birth != 0 {
		a.Birth = time.Unix(0, e.Key.Birth)
	}
	if a.Kind == "file" {
		x.try(path, &a)
	}
	return a
}

// try finds out whether the file may be followed and read.
func (x *Explainer) try(path string, a *At) {
	_, err := x.disk.Stat(path)
	if odd, ok := errors.AsType[*disk.Irregular](err); ok {
		a.LinkRefused = odd.Why
		return
	}
	fd, err := x.disk.Open(path)
	if err != nil {
		a.Error = err.Error()
		return
	}
	unix.Close(fd)
}

// firstGone is the first part of path that does not exist.
func firstGone(path string) string {
	for {
		dir := filepath.Dir(path)
		if _, err := os.Stat(dir); dir == path || err == nil || !disk.IsMissing(err) {
			return path
		}
		path = dir
	}
}

// firstClosed is the first directory on the way to path that may not be entered.
func firstClosed(path string) string {
	closed := filepath.Dir(path)
	for dir := closed; dir != "/"; dir = filepath.Dir(dir) {
		if unix.Access(dir, unix.X_OK) == unix.EACCES {
			closed = dir
		}
	}
	return closed
}

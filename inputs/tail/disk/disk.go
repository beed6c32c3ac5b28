// Package disk is the system calls that look at files, and what they tell of a file
// and of a directory at one instant. It knows nothing of inputs.
package disk

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Disk is the system calls that look at files. Between any two of them other
// programs may do anything, and any of them may fail. The zero value is ready
// for use by any goroutine.
type Disk struct {
	// Before is called before each of them. Its error is the call's. Tests
	// let things happen there, or fail; nil does nothing.
	Before func(call, path string) error
}

// Enter calls Before, for a system call that is made elsewhere.
func (d *Disk) Enter(call, path string) error {
	if d.Before == nil {
		return nil
	}
	return d.Before(call, path)
}

// ErrMoved says that another file, or none, is at a path than the one that was meant.
var ErrMoved = errors.New("another file is at its path")

// IsMissing says that nothing is at the path.
func IsMissing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)
}

// Stat describes the regular file at path. A symbolic link is followed
// when the link is root's or has the owner of what it points to: who may write
// to a log directory must not be able to ship files that only the agent reads.
func (d *Disk) Stat(path string) (Entry, error) {
	if err := d.Enter("stat", path); err != nil {
		return Entry{}, err
	}
	var x unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, statMask, &x); err != nil {
		return Entry{}, err
	}
	link := x.Mode&unix.S_IFMT == unix.S_IFLNK
	if link {
		owner := x.Uid
		if err := unix.Statx(unix.AT_FDCWD, path, 0, statMask, &x); err == unix.ELOOP {
			return Entry{}, &Irregular{Why: Circle}
		} else if err != nil {
			return Entry{}, err
		}
		if owner != 0 && owner != x.Uid {
			return Entry{}, &Irregular{Why: fmt.Sprintf("symbolic link of user %d to a file of user %d is not followed: make the link root's, or give it the owner of the file (chown -h), if it is meant", owner, x.Uid)}
		}
	}
	if x.Mode&unix.S_IFMT != unix.S_IFREG {
		return Entry{}, &Irregular{Kind: Kind(uint32(x.Mode))}
	}
	e := fromStatx(path, &x)
	e.Link = link
	return e, nil
}

// Follow describes whatever is at path, links followed, and its mode, as stat(2) has
// it. It says nothing about whether the link may be followed: see Stat.
func Follow(path string) (e Entry, mode uint32, err error) {
	var x unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, statMask, &x); err != nil {
		return e, 0, err
	}
	return fromStatx(path, &x), uint32(x.Mode), nil
}

// Circle is why a link that leads to itself, or through more than 40 others, is
// not followed.
const Circle = "symbolic links lead round in a circle: make them lead to a file"

// Irregular says that a name is not a file that may be followed.
type Irregular struct {
	Why  string // of a link
	Kind string // what it is instead, as At.Kind has it; empty where Why is not
}

// Error says what to do about it.
func (e *Irregular) Error() string {
	if e.Why == "" {
		return "it is a " + e.Kind + ", and only regular files are followed"
	}
	return e.Why
}

// mayFollow says whether the symbolic link at path is root's or has the owner
// of what it points to.
func (d *Disk) mayFollow(path string) bool {
	var link, target unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_UID, &link) != nil ||
		unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_UID, &target) != nil {
		return false
	}
	return link.Uid == 0 || link.Uid == target.Uid
}

// StatFD describes an open file.
func (d *Disk) StatFD(fd int) (Entry, error) {
	if err := d.Enter("fstat", ""); err != nil {
		return Entry{}, err
	}
	var x unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, statMask, &x); err != nil {
		return Entry{}, err
	}
	return fromStatx("", &x), nil
}

// SizeFD is size, mtime and nlink of an open file. It allocates nothing.
func (d *Disk) SizeFD(fd int) (Entry, error) {
	if err := d.Enter("fstat", ""); err != nil {
		return Entry{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Entry{}, err
	}
	return Entry{Size: st.Size, Mtime: st.Mtim.Nano(), Nlink: uint32(st.Nlink)}, nil
}

// SpaceFD is how many bytes an open file takes on its disk, 0 when that cannot be told.
func (d *Disk) SpaceFD(fd int) int64 {
	var st unix.Stat_t
	if d.Enter("fstat", "") != nil || unix.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Blocks * 512
}

// Open opens path for reading. It does not wait for a writer, should the
// name have become a named pipe. The time of the last access stays, where that is
// allowed: it may tell that the file is a copy (Entry.Dated).
func (d *Disk) Open(path string) (int, error) {
	if err := d.Enter("open", path); err != nil {
		return -1, err
	}
	flags := unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_NOATIME
	for {
		fd, err := unix.Open(path, flags, 0)
		switch {
		case err == unix.EPERM && flags&unix.O_NOATIME != 0:
			flags &^= unix.O_NOATIME // it is another user's
		case err != unix.EINTR:
			return fd, err
		}
	}
}

// OpenAs opens path and describes it if it is the file with that identity; if not,
// the error is ErrMoved.
func (d *Disk) OpenAs(path string, k Key) (int, Entry, error) {
	fd, err := d.Open(path)
	if IsMissing(err) {
		err = ErrMoved
	}
	if err != nil {
		return -1, Entry{}, err
	}
	e, err := d.StatFD(fd)
	if err == nil && e.Key != k {
		err = ErrMoved
	}
	if err != nil {
		unix.Close(fd)
		return -1, Entry{}, err
	}
	return fd, e, nil
}

// Pread reads at off until p is full or the file ends.
func (d *Disk) Pread(fd int, p []byte, off int64) (int, error) {
	if err := d.Enter("pread", ""); err != nil {
		return 0, err
	}
	n := 0
	for n < len(p) {
		m, err := unix.Pread(fd, p[n:], off+int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, err
		}
		if m == 0 {
			break
		}
		n += m
	}
	return n, nil
}

// Kind names what mode says, as At.Kind has it.
func Kind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFIFO:
		return "named pipe"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "device"
}

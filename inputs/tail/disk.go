package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// disk is the system calls that look at files. Between any two of them other
// programs may do anything, and any of them may fail. The zero value is ready
// for use by any goroutine.
type disk struct {
	// before is called before each of them. Its error is the call's. Tests
	// let things happen there, or fail; nil does nothing.
	before func(call, path string) error
}

func (d *disk) enter(call, path string) error {
	if d.before == nil {
		return nil
	}
	return d.before(call, path)
}

// names is what a directory holds, each sorted.
type names struct{ others, links, dirs []string }

// names reads a directory. One that does not exist is empty.
func (d *disk) names(dir string) (names, error) {
	var n names
	if err := d.enter("list", dir); err != nil {
		return n, err
	}
	ents, err := os.ReadDir(dir)
	if err != nil && !isMissing(err) {
		return n, err
	}
	for _, e := range ents {
		switch t := e.Type(); {
		case t.IsDir():
			n.dirs = append(n.dirs, e.Name())
		case t&fs.ModeSymlink != 0:
			n.links = append(n.links, e.Name())
		default:
			n.others = append(n.others, e.Name())
		}
	}
	return n, nil
}

// isMissing says that nothing is at the path.
func isMissing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)
}

// statPath describes the regular file at path. A symbolic link is followed
// when the link is root's or has the owner of what it points to: who may write
// to a log directory must not be able to ship files that only the agent reads.
func (d *disk) statPath(path string) (entry, error) {
	if err := d.enter("stat", path); err != nil {
		return entry{}, err
	}
	var x unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, statMask, &x); err != nil {
		return entry{}, err
	}
	link := x.Mode&unix.S_IFMT == unix.S_IFLNK
	if link {
		owner := x.Uid
		if err := unix.Statx(unix.AT_FDCWD, path, 0, statMask, &x); err == unix.ELOOP {
			return entry{}, &irregularError{why: circle}
		} else if err != nil {
			return entry{}, err
		}
		if owner != 0 && owner != x.Uid {
			return entry{}, &irregularError{why: fmt.Sprintf("symbolic link of user %d to a file of user %d is not followed: make the link root's, or give it the owner of the file (chown -h), if it is meant", owner, x.Uid)}
		}
	}
	if x.Mode&unix.S_IFMT != unix.S_IFREG {
		return entry{}, &irregularError{kind: fileKind(uint32(x.Mode))}
	}
	e := fromStatx(path, &x)
	e.link = link
	return e, nil
}

// circle is why a link that leads to itself, or through more than 40 others, is
// not followed.
const circle = "symbolic links lead round in a circle: make them lead to a file"

// irregularError says that a name is not a file that may be followed.
type irregularError struct {
	why  string // of a link
	kind string // what it is instead, as At.Kind has it; empty where why is not
}

func (e *irregularError) Error() string {
	if e.why == "" {
		return "it is a " + e.kind + ", and only regular files are followed"
	}
	return e.why
}

// mayFollow says whether the symbolic link at path is root's or has the owner
// of what it points to.
func (d *disk) mayFollow(path string) bool {
	var link, target unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_UID, &link) != nil ||
		unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_UID, &target) != nil {
		return false
	}
	return link.Uid == 0 || link.Uid == target.Uid
}

// statFD describes an open file.
func (d *disk) statFD(fd int) (entry, error) {
	if err := d.enter("fstat", ""); err != nil {
		return entry{}, err
	}
	var x unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, statMask, &x); err != nil {
		return entry{}, err
	}
	return fromStatx("", &x), nil
}

// sizeFD is size, space, mtime and nlink of an open file. It allocates nothing.
func (d *disk) sizeFD(fd int) (entry, error) {
	if err := d.enter("fstat", ""); err != nil {
		return entry{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return entry{}, err
	}
	return entry{size: st.Size, space: st.Blocks * 512, mtime: st.Mtim.Nano(), nlink: uint32(st.Nlink)}, nil
}

// openFile opens path for reading. It does not wait for a writer, should the
// name have become a named pipe. The time of the last access stays, where that is
// allowed: it may tell that the file is a copy (isDated).
func (d *disk) openFile(path string) (int, error) {
	if err := d.enter("open", path); err != nil {
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

// openAs opens path and describes it if it is the file with that identity; if not,
// the error is errMoved.
func (d *disk) openAs(path string, k key) (int, entry, error) {
	fd, err := d.openFile(path)
	if err != nil {
		return -1, entry{}, err
	}
	e, err := d.statFD(fd)
	if err == nil && e.key != k {
		err = errMoved
	}
	if err != nil {
		unix.Close(fd)
		return -1, entry{}, err
	}
	return fd, e, nil
}

// pread reads at off until p is full or the file ends.
func (d *disk) pread(fd int, p []byte, off int64) (int, error) {
	if err := d.enter("pread", ""); err != nil {
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

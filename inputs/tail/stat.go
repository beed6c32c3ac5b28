package tail

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// key identifies an inode. The device counts only where the time of birth is
// not known, since device numbers change at a reboot.
type key struct {
	dev, ino uint64
	birth    int64
}

func makeKey(dev, ino uint64, birth int64) key {
	if birth != 0 {
		dev = 0
	}
	return key{dev, ino, birth}
}

// entry is one regular file as it was found in a directory.
type entry struct {
	path  string
	key   key
	dev   uint64
	ino   uint64
	uid   uint32
	nlink uint32
	size  int64
	mtime int64 // Unix nanoseconds
	link  bool  // the name is a symbolic link
}

const statMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

func nanos(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

func fromStatx(path string, x *unix.Statx_t) entry {
	var birth int64
	if x.Mask&unix.STATX_BTIME != 0 {
		birth = nanos(x.Btime)
	}
	dev := unix.Mkdev(x.Dev_major, x.Dev_minor)
	return entry{
		path: path, key: makeKey(dev, x.Ino, birth), dev: dev, ino: x.Ino,
		uid: x.Uid, nlink: x.Nlink, size: int64(x.Size), mtime: nanos(x.Mtime),
	}
}

// statFD describes an open file.
func statFD(fd int) (entry, error) {
	var x unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, statMask, &x); err != nil {
		return entry{}, err
	}
	return fromStatx("", &x), nil
}

// sizeFD is size, mtime and nlink of an open file. It allocates nothing.
func sizeFD(fd int) (entry, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return entry{}, err
	}
	return entry{size: st.Size, mtime: st.Mtim.Nano(), nlink: uint32(st.Nlink)}, nil
}

// irregularError says that a name is not a file that may be followed.
type irregularError struct{ why string }

func (e *irregularError) Error() string { return e.why }

// statPath describes the regular file at path. A symbolic link is followed
// when the link is root's or has the owner of what it points to: who may write
// to a log directory must not be able to ship files that only the agent reads.
func statPath(path string) (entry, error) {
	var x unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, statMask, &x); err != nil {
		return entry{}, err
	}
	link := x.Mode&unix.S_IFMT == unix.S_IFLNK
	if link {
		owner := x.Uid
		if err := unix.Statx(unix.AT_FDCWD, path, 0, statMask, &x); err != nil {
			return entry{}, err
		}
		if owner != 0 && owner != x.Uid {
			return entry{}, &irregularError{fmt.Sprintf("symbolic link of user %d to a file of user %d is not followed", owner, x.Uid)}
		}
	}
	if x.Mode&unix.S_IFMT != unix.S_IFREG {
		return entry{}, &irregularError{""}
	}
	e := fromStatx(path, &x)
	e.link = link
	return e, nil
}

// listing is one look at a directory: its names, and what is at them once
// somebody asks.
type listing struct {
	dir   string
	names []string // all but directories, sorted
	subs  []string // directories, sorted
	links []string // symbolic links, sorted; also in names
	stats map[string]entry
	bad   map[string]error
}

// list reads a directory. One that does not exist is empty.
func list(dir string) (*listing, error) {
	l := &listing{dir: dir, stats: map[string]entry{}, bad: map[string]error{}}
	ents, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return l, err
	}
	for _, e := range ents {
		switch t := e.Type(); {
		case t.IsDir():
			l.subs = append(l.subs, e.Name())
		case t&fs.ModeSymlink != 0:
			l.links = append(l.links, e.Name())
			l.names = append(l.names, e.Name())
		default:
			l.names = append(l.names, e.Name())
		}
	}
	return l, nil
}

// stat is the regular file at name.
func (l *listing) stat(name string) (entry, bool) {
	if e, ok := l.stats[name]; ok {
		return e, true
	}
	if _, ok := l.bad[name]; ok {
		return entry{}, false
	}
	e, err := statPath(filepath.Join(l.dir, name))
	if err != nil {
		l.bad[name] = err
		return entry{}, false
	}
	l.stats[name] = e
	return e, true
}

// files is all regular files of the directory, by name.
func (l *listing) files() []entry {
	var out []entry
	for _, n := range l.names {
		if e, ok := l.stat(n); ok {
			out = append(out, e)
		}
	}
	return out
}

// find is the file with that identity. Links to it do not count.
func (l *listing) find(k key) (entry, bool) {
	for _, e := range l.files() {
		if e.key == k && !e.link {
			return e, true
		}
	}
	return entry{}, false
}

// has says whether the directory has that name.
func (l *listing) has(name string) bool {
	_, ok := slices.BinarySearchFunc(l.names, name, strings.Compare)
	return ok
}

// openFile opens path for reading. It does not wait for a writer, should the
// name have become a named pipe.
func openFile(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// pread reads at off until p is full or the file ends.
func pread(fd int, p []byte, off int64) (int, error) {
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

// mayFollow says whether the symbolic link at path is root's or has the owner
// of what it points to.
func mayFollow(path string) bool {
	var link, target unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_UID, &link) != nil ||
		unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_UID, &target) != nil {
		return false
	}
	return link.Uid == 0 || link.Uid == target.Uid
}

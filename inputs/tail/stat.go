package tail

import (
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

// stat is the regular file at name.
func (l *listing) stat(name string) (entry, bool) {
	if e, ok := l.stats[name]; ok {
		return e, true
	}
	if _, ok := l.bad[name]; ok {
		return entry{}, false
	}
	e, err := l.disk.statPath(filepath.Join(l.dir, name))
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

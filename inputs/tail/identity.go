package tail

import (
	"cmp"

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

// compare orders keys in any one way.
func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.ino, o.ino), cmp.Compare(k.birth, o.birth), cmp.Compare(k.dev, o.dev))
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
	space int64 // bytes on the disk; only from sizeFD
	mtime int64 // Unix nanoseconds
	ctime int64 // Unix nanoseconds; 0 from sizeFD
	link  bool  // the name is a symbolic link
	dated bool  // see isDated
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
		uid: x.Uid, nlink: x.Nlink, size: int64(x.Size), mtime: nanos(x.Mtime), ctime: nanos(x.Ctime),
		dated: isDated(birth, nanos(x.Mtime)) || isDated(birth, nanos(x.Atime)),
	}
}

// isDated says that the time of a file is before its inode was made: it was set by
// a program that copied the file, or decompressed it. Where times are kept in
// seconds only, it is a second before. The time of the last access stays when the
// copy is written to.
func isDated(birth, at int64) bool {
	if at%1e9 == 0 {
		birth -= 1e9
	}
	return at < birth
}

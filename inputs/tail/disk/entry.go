package disk

import (
	"cmp"

	"golang.org/x/sys/unix"
)

// Key identifies an inode. The device counts only where the time of birth is
// not known, since device numbers change at a reboot.
type Key struct {
	Dev, Ino uint64
	Birth    int64
}

// MakeKey is the key of an inode; birth is 0 where it is not known.
func MakeKey(dev, ino uint64, birth int64) Key {
	if birth != 0 {
		dev = 0
	}
	return Key{dev, ino, birth}
}

// Compare orders keys in any one way.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Ino, o.Ino), cmp.Compare(k.Birth, o.Birth), cmp.Compare(k.Dev, o.Dev))
}

// Entry is one regular file as it was found in a directory.
type Entry struct {
	Path  string
	Key   Key
	Dev   uint64
	UID   uint32
	Nlink uint32
	Size  int64
	Mtime int64 // Unix nanoseconds
	Ctime int64 // Unix nanoseconds; 0 from SizeFD
	Link  bool  // the name is a symbolic link
	Dated bool  // its time is set: it is a copy, or was decompressed
}

const statMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

func nanos(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

func fromStatx(path string, x *unix.Statx_t) Entry {
	var birth int64
	if x.Mask&unix.STATX_BTIME != 0 {
		birth = nanos(x.Btime)
	}
	dev := unix.Mkdev(x.Dev_major, x.Dev_minor)
	return Entry{
		Path: path, Key: MakeKey(dev, x.Ino, birth), Dev: dev,
		UID: x.Uid, Nlink: x.Nlink, Size: int64(x.Size), Mtime: nanos(x.Mtime), Ctime: nanos(x.Ctime),
		Dated: isDated(birth, nanos(x.Mtime)) || isDated(birth, nanos(x.Atime)),
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

// MtimeOf is when what is at path was written to last, in Unix nanoseconds.
func MtimeOf(path string) (mtime int64, ok bool) {
	var x unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MTIME, &x)
	return nanos(x.Mtime), err == nil
}

package disk

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Where the fields of a linux_dirent64 are, see getdents64(2).
const (
	direntLength = 16 // two bytes: of the whole record
	direntType   = 18
	direntName   = 19 // up to a NUL
)

// direntBuffers are what directories are read into.
var direntBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// paths is the paths of what is in a directory, but directories, sorted. One that
// does not exist is empty. Those that are in last, an earlier listing or nil,
// are the same strings: a full scan of many files would otherwise take as much
// memory again as the files do.
func (d *Disk) paths(dir string, last *Listing) ([]string, error) {
	if err := d.Enter("list", dir); err != nil {
		return nil, err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	buf := direntBuffers.Get().(*[32 << 10]byte)
	defer direntBuffers.Put(buf)
	var out []string
	if last != nil {
		out = make([]string, 0, len(last.Files)+len(last.Files)/8)
	}
	path := append([]byte(strings.TrimSuffix(dir, "/")), '/')
	for stem := len(path); ; {
		n, err := unix.ReadDirent(fd, buf[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: dir, Err: err}
		}
		if n <= 0 {
			slices.Sort(out)
			return out, nil
		}
		eachDirent(buf[:n], func(name []byte) {
			path = append(path[:stem], name...)
			out = append(out, last.path(path))
		})
	}
}

// eachDirent calls use with each name in the records but those of directories.
func eachDirent(p []byte, use func(name []byte)) {
	for len(p) > direntName {
		length := int(binary.NativeEndian.Uint16(p[direntLength:]))
		if length <= direntName || length > len(p) {
			return
		}
		name, kind := p[direntName:length], p[direntType]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if kind != unix.DT_DIR && string(name) != "." && string(name) != ".." {
			use(name)
		}
		p = p[length:]
	}
}

// path is the path as a string, that of the listing if it is in it. l may be
// nil.
func (l *Listing) path(path []byte) string {
	if l != nil {
		i, ok := slices.BinarySearchFunc(l.Files, path, func(e Entry, path []byte) int {
			return strings.Compare(e.Path, string(path))
		})
		if ok {
			return l.Files[i].Path
		}
	}
	return string(path)
}

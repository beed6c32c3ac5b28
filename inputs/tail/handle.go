package tail

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A file handle opens an inode without its name, wherever on its file system it
// is now. It holds the inode's generation, so that another file that got the
// same number is not taken for it. See name_to_handle_at(2): opening needs
// CAP_DAC_READ_SEARCH, and not every file system has handles; then files are
// searched for (near.go).

// handle is the handle of the file at e, "" where there is none.
func (d *disk) handle(e entry) string {
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, e.path, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return ""
	}
	if now, err := d.statPath(e.path); err != nil || now.key != e.key {
		return "" // it may be that of another file
	}
	return fmt.Sprintf("%d:%x", h.Type(), h.Bytes())
}

// openHandle opens the inode of a handle on the file system that the directory
// is on. unix.ESTALE says that it has no such inode.
func (d *disk) openHandle(dir int, handle string) (int, error) {
	if err := d.enter("open", ""); err != nil {
		return -1, err
	}
	kind, bytes, ok := strings.Cut(handle, ":")
	k, err := strconv.ParseInt(kind, 10, 32)
	if !ok || err != nil {
		return -1, unix.EINVAL
	}
	b, err := hex.DecodeString(bytes)
	if err != nil {
		return -1, unix.EINVAL
	}
	return unix.OpenByHandleAt(dir, unix.NewFileHandle(int32(k), b), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// byHandle opens f by its handle. The error is errGone when its file system,
// which is the one that it was on, has no such file any more; after any other
// error it may be somewhere.
func (in *Input) byHandle(f *file) (int, error) {
	if f.handle == "" || in.noHandles {
		return -1, unix.EOPNOTSUPP
	}
	dir := filepath.Dir(f.now)
	at, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for errors.Is(err, unix.ENOENT) && dir != "/" {
		dir = filepath.Dir(dir) // the directory is gone; what it was in is not
		at, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return -1, err
	}
	defer unix.Close(at)
	fd, err := in.disk.openHandle(at, f.handle)
	switch {
	case errors.Is(err, unix.EPERM):
		in.noHandles = true
	case errors.Is(err, unix.ESTALE):
		if e, statErr := in.disk.statFD(at); statErr == nil && e.dev == f.dev {
			return -1, errGone
		}
	case err == nil:
		if e, statErr := in.disk.statFD(fd); statErr != nil || e.key != f.key {
			unix.Close(fd)
			return -1, unix.ESTALE // of another file system
		}
	}
	return fd, err
}

// pathOf is where the open file with that identity is now, if the system knows.
// It may be renamed between the two calls, and so they are made again.
func (d *disk) pathOf(fd int, k key) (entry, bool) {
	for range 5 {
		path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil || strings.HasSuffix(path, " (deleted)") {
			break
		}
		if e, err := d.statPath(path); err == nil && e.key == k {
			return e, !e.link
		}
	}
	return entry{}, false
}

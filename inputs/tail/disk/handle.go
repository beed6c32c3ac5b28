package disk

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

// Handle is the handle of the file at e, "" where there is none.
func (d *Disk) Handle(e Entry) string {
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, e.Path, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return ""
	}
	if now, err := d.Stat(e.Path); err != nil || now.Key != e.Key {
		return "" // it may be that of another file
	}
	return fmt.Sprintf("%d:%x", h.Type(), h.Bytes())
}

// ErrGone says that no name leads to a file any more.
var ErrGone = errors.New("it was deleted")

// OpenHandle opens the inode with that identity by its handle. It was in the directory
// dir, and on the device dev. The error is ErrGone when that has no such file any more;
// after any other error it may be somewhere.
func (d *Disk) OpenHandle(dir, handle string, k Key, dev uint64) (int, error) {
	at, err := openDir(dir)
	for errors.Is(err, unix.ENOENT) && dir != "/" {
		dir = filepath.Dir(dir) // the directory is gone; what it was in is not
		at, err = openDir(dir)
	}
	if err != nil {
		return -1, err
	}
	defer unix.Close(at)
	fd, err := d.openHandle(at, handle)
	switch {
	case errors.Is(err, unix.ESTALE):
		if e, statErr := d.StatFD(at); statErr == nil && e.Dev == dev {
			return -1, ErrGone
		}
	case err == nil:
		if e, statErr := d.StatFD(fd); statErr != nil || e.Key != k {
			unix.Close(fd)
			return -1, unix.ESTALE // of another file system
		}
	}
	return fd, err
}

func openDir(path string) (int, error) {
	return unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// openHandle opens the inode of a handle on the file system that the directory
// is on. unix.ESTALE says that it has no such inode.
func (d *Disk) openHandle(dir int, handle string) (int, error) {
	if err := d.Enter("open", ""); err != nil {
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

// PathOf is where the open file with that identity is now, if the system knows.
// It may be renamed between the two calls, and so they are made again.
func (d *Disk) PathOf(fd int, k Key) (Entry, bool) {
	for range 5 {
		path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil || strings.HasSuffix(path, " (deleted)") {
			break
		}
		if e, err := d.Stat(path); err == nil && e.Key == k {
			return e, !e.Link
		}
	}
	return Entry{}, false
}

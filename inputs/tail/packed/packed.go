// Package packed finds out what is in a compressed file: with which of the files that
// were read its bytes begin, and how far they go on. It also reads one again.
package packed

import (
	"errors"
	"io"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// jobStep is how many plain bytes are decompressed between two looks at whether
// that is still wanted.
const jobStep = 256 << 10

// errQuit says that what is decompressed is not wanted any more.
var errQuit = errors.New("the input ends")

// fdReader reads an open file, for unpack.
type fdReader struct {
	disk *disk.Disk
	fd   int
}

func (r fdReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.disk.Pread(r.fd, p, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// Open opens the compressed file at e. The error is disk.ErrMoved when it is
// not what it was.
func Open(d *disk.Disk, e disk.Entry, limits unpack.Limits) (int, *unpack.Reader, error) {
	fd, now, err := d.OpenAs(e.Path, e.Key)
	if err != nil {
		return -1, nil, err
	}
	return fd, unpack.NewReader(e.Path, fdReader{d, fd}, now.Size, limits), nil
}

// SkipTo decompresses what r has up to at. It ends with an error when quit is closed.
func SkipTo(r *unpack.Reader, at int64, quit <-chan struct{}) error {
	var b [1]byte
	for off := min(at, jobStep); ; off = min(at, off+jobStep) {
		select {
		case <-quit:
			return errQuit
		default:
		}
		if _, err := r.Pread(b[:], off); err != nil || off == at {
			return err
		}
	}
}

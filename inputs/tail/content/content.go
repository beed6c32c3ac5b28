// Package content is the plain bytes of an open file, whether it is compressed or
// not, and how a place in them is known again.
package content

import (
	"bytes"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// Content is the plain bytes of an open file. It is a small value, made where
// it is needed, for whoever holds the descriptor, one goroutine at a time. What
// is passed to it does not escape.
type Content struct {
	disk *disk.Disk
	fd   int
	z    *Unpacked // of a compressed file; nil: the bytes are plain
	from int64     // where it begins in the file
}

// Unpacked is the plain bytes of a compressed file that is known to be whole.
type Unpacked struct {
	*unpack.Reader
	Size int64 // plain bytes; 0 when only the bytes are asked for
}

// Of is the content of a file whose bytes are plain.
func Of(d *disk.Disk, fd int) Content { return Content{disk: d, fd: fd} }

// OfPacked is the content of a file that z decompresses; nil: its bytes are plain.
func OfPacked(d *disk.Disk, fd int, z *Unpacked) Content { return Content{disk: d, fd: fd, z: z} }

// From is what is behind the first off bytes, for who reads and compares it.
func (c Content) From(off int64) Content {
	c.from += off
	return c
}

// Pread reads at off until p is full or the content ends.
func (c Content) Pread(p []byte, off int64) (int, error) {
	if c.z != nil {
		if err := c.disk.Enter("pread", ""); err != nil {
			return 0, err
		}
		return c.z.Pread(p, c.from+off)
	}
	return c.disk.Pread(c.fd, p, c.from+off)
}

// Describe is size, mtime and nlink of the file. It allocates nothing. The
// mtime of a compressed file says nothing about its content: it is 0.
func (c Content) Describe() (disk.Entry, error) {
	e, err := c.disk.SizeFD(c.fd)
	if c.z != nil {
		e.Size, e.Mtime = c.z.Size, 0
	}
	return e, err
}

// countMax is how many bytes are read, at most, to count lines.
const countMax = 64 << 20

// CountLines is how many lines there are from off on, up to size at least; 0 when they
// are too many to count. What follows the last newline is a line, too.
func (c Content) CountLines(off, size int64) (lines int64) {
	if size-off > countMax {
		return 0
	}
	buf := make([]byte, 256<<10)
	last := byte('\n')
	for {
		n, err := c.Pread(buf, off)
		if err != nil {
			return 0
		}
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		if n > 0 {
			last = buf[n-1]
		}
		if off += int64(n); n < len(buf) {
			break
		}
	}
	if last != '\n' {
		lines++
	}
	return lines
}

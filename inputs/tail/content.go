package tail

import "tailrace/inputs/tail/unpack"

// content is the plain bytes of an open file. It is a small value, made where
// it is needed, for whoever holds the descriptor, one goroutine at a time. What
// is passed to it does not escape.
type content struct {
	disk *disk
	fd   int
	z    *unpacked // of a compressed file; nil: the bytes are plain
}

// unpacked is the plain bytes of a compressed file that is known to be whole.
type unpacked struct {
	*unpack.Reader
	size int64 // plain bytes
}

func (d *disk) content(fd int) content { return content{d, fd, nil} }

// content is that of f, which must be open. The caller holds mu.
func (f *file) content() content { return content{&f.queue.in.disk, f.fd, f.z} }

// pread reads at off until p is full or the content ends.
func (c content) pread(p []byte, off int64) (int, error) {
	if c.z != nil {
		if err := c.disk.enter("pread", ""); err != nil {
			return 0, err
		}
		return c.z.Pread(p, off)
	}
	return c.disk.pread(c.fd, p, off)
}

// describe is size, mtime and nlink of the file. It allocates nothing. The
// mtime of a compressed file says nothing about its content: it is 0.
func (c content) describe() (entry, error) {
	e, err := c.disk.sizeFD(c.fd)
	if c.z != nil {
		e.size, e.mtime = c.z.size, 0
	}
	return e, err
}

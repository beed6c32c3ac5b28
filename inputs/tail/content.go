package tail

// content is the plain bytes of an open file. It is a small value, made where
// it is needed, for whoever holds the descriptor, one goroutine at a time. What
// is passed to it does not escape.
type content struct {
	disk *disk
	fd   int
}

func (d *disk) content(fd int) content { return content{d, fd} }

// content is that of f, which must be open. The caller holds mu.
func (f *file) content() content { return content{&f.queue.in.disk, f.fd} }

// pread reads at off until p is full or the content ends.
func (c content) pread(p []byte, off int64) (int, error) { return c.disk.pread(c.fd, p, off) }

// describe is size, mtime and nlink of the file. It allocates nothing.
func (c content) describe() (entry, error) { return c.disk.sizeFD(c.fd) }

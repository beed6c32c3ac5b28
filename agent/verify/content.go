package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"tailrace/inputs/tail/unpack"
)

// content is the plain bytes of a file, and behind them what is shipped as its
// end. It is for one goroutine.
type content struct {
	f    *os.File
	z    *unpack.Reader // of a compressed one
	size int64          // -1: it is compressed and nothing is joined to it
	rest *content
	more int64 // bytes of rest
}

// open opens the file. The errors of a content name it.
func (f *File) open() (*content, error) {
	src, err := f.Open()
	if err != nil {
		return nil, err
	}
	info, err := src.Stat()
	if err != nil {
		src.Close()
		return nil, err
	}
	c := &content{f: src, size: info.Size()}
	if unpack.Is(src.Name()) {
		c.z = unpack.NewReader(src.Name(), src, c.size, unpack.Standard)
		c.size = -1
	}
	if f.Rest != nil {
		err = c.join(f)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// join appends what is shipped as the end of f, if it is not in f itself.
func (c *content) join(f *File) (err error) {
	size := f.To - f.RestBytes
	if c.z != nil {
		var end [1]byte
		if n, err := c.z.Pread(end[:], size); err != nil || n > 0 {
			return err
		}
	} else if c.size != size {
		return nil
	}
	c.size, c.more = size, f.RestBytes
	c.rest, err = f.Rest.open()
	return err
}

func (c *content) close() {
	if c.z != nil {
		c.z.Close()
	}
	if c.rest != nil {
		c.rest.close()
	}
	c.f.Close()
}

// pread reads at off until p is full or the content ends.
func (c *content) pread(p []byte, off int64) (n int, err error) {
	switch {
	case c.z != nil:
		n, err = c.z.Pread(p, off)
	default:
		n, err = full(c.f, p, off)
	}
	if err != nil {
		return n, fmt.Errorf("%s at %d: %w", c.f.Name(), off, err)
	}
	if at := off + int64(n) - c.size; n < len(p) && c.rest != nil && at < c.more {
		m, err := c.rest.pread(p[n:min(int64(len(p)), int64(n)+c.more-at)], at)
		return n + m, err
	}
	return n, nil
}

// full reads until p is full or the file ends.
func full(f *os.File, p []byte, off int64) (int, error) {
	n, err := f.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// lines is up to where the content has complete lines, behind from, and where it
// ends.
func (c *content) lines(from int64, width int) (complete, end int64, err error) {
	complete, end = from, from
	if c.z == nil { // from its end
		end = max(from, c.size)
		buf := make([]byte, min(64<<10, end-from))
		for at := end; at > from; {
			n := min(int64(len(buf)), at-from)
			m, err := c.pread(buf[:n], at-n)
			if err != nil || int64(m) < n {
				return from, end, err
			}
			if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
				return min(end, at-n+int64(i)+int64(width)), end, nil
			}
			at -= n
		}
		return from, end, nil
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := c.pread(buf, end)
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			complete = end + int64(i) + int64(width)
		}
		end += int64(n)
		if err != nil || n < len(buf) {
			return min(complete, end), end, err
		}
	}
}

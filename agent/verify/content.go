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
	from int64 // where in rest they begin
	more int64 // how many of its bytes
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
	c.size, c.from, c.more = size, f.RestFrom, f.RestBytes
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
		m, err := c.rest.pread(p[n:min(int64(len(p)), int64(n)+c.more-at)], c.from+at)
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
// ends: space that its program took in advance (NULs) is left out, as the input does.
func (c *content) lines(from int64, width int) (complete, end int64, err error) {
	at := from
	if c.z == nil { // from its end
		complete, end, at, err = c.linesBack(from, int64(width))
	} else {
		complete, end, at, err = c.linesOn(from, int64(width))
	}
	if complete < end && at-end < nulRun {
		end = at // a few NULs behind half a line may be text
	}
	return complete, end, err
}

// linesBack is lines of a plain file; at is its end with what is left out.
func (c *content) linesBack(from, width int64) (complete, end, at int64, err error) {
	size := max(from, c.size)
	end = from
	buf := make([]byte, min(64<<10, size-from))
	for at := size; at > from; {
		n := min(int64(len(buf)), at-from)
		m, err := c.pread(buf[:n], at-n)
		if err != nil || int64(m) < n {
			return from, size, size, err
		}
		if i := textEnd(buf[:n]); end == from && i > 0 {
			end = min(size, wide(at-n+i, width))
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return min(end, at-n+int64(i)+width), end, size, nil
		}
		at -= n
	}
	return from, end, size, nil
}

// linesOn is lines of a compressed file.
func (c *content) linesOn(from, width int64) (complete, end, at int64, err error) {
	complete, end, at = from, from, from
	buf := make([]byte, 64<<10)
	for {
		n, err := c.pread(buf, at)
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			complete = at + int64(i) + width
		}
		if i := textEnd(buf[:n]); i > 0 {
			end = at + i
		}
		at += int64(n)
		if err != nil || n < len(buf) {
			end = min(at, wide(end, width))
			return min(complete, end), end, at, err
		}
	}
}

// textEnd is how many bytes of p are before the NULs that it ends in.
func textEnd(p []byte) int64 { return int64(len(bytes.TrimRight(p, "\x00"))) }

// wide is off, or the next place at which a character of so many bytes may begin.
func wide(off, width int64) int64 { return off + off%width }

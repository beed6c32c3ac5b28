package unpack

import (
	"bufio"
	"io"
	"slices"
)

const (
	// headLen is how many of the first bytes are kept.
	headLen = 1 << 10
	// leadLen is how many bytes before what is read are kept.
	leadLen = 1 << 10
)

func newBuffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }

// Reader reads the plain bytes of a compressed file. It goes forward: of what
// was read it keeps the first bytes, and the last with some before them; what
// lies between is reached by decompressing from the beginning again. It belongs
// to one goroutine at a time.
type Reader struct {
	name   string
	src    io.ReaderAt
	size   int64
	limits Limits

	d    *decoder
	head []byte // the first bytes, up to headLen
	buf  []byte // what was decompressed last
	at   int64  // where buf begins
	err  error  // where it ends: io.EOF, or why it does not go on
}

// NewReader returns a reader of src, which is size bytes long and has a name
// that says its format. It reads nothing yet.
func NewReader(name string, src io.ReaderAt, size int64, l Limits) *Reader {
	return &Reader{name: name, src: src, size: size, limits: l}
}

// Pread fills p with the plain bytes at off. As with pread(2), n < len(p)
// without an error means that the file ends, which is then known to be whole.
// Errors other than those of src wrap ErrDamaged or ErrLimit.
func (r *Reader) Pread(p []byte, off int64) (n int, err error) {
	if off+int64(len(p)) <= int64(len(r.head)) {
		return copy(p, r.head[off:]), nil
	}
	if off < r.at {
		r.Close()
	}
	if err := r.to(off, len(p)); err != nil {
		return 0, err
	}
	if off < r.end() {
		n = copy(p, r.buf[off-r.at:])
	}
	if n < len(p) && r.err != io.EOF {
		return n, r.err
	}
	return n, nil
}

// end is the offset behind buf.
func (r *Reader) end() int64 { return r.at + int64(len(r.buf)) }

// to decompresses until n bytes at off are in buf, or the file ends or fails.
// The error is one that leaves nothing to read.
func (r *Reader) to(off int64, n int) error {
	if r.d == nil {
		d, err := newDecoder(r.name, r.src, r.size, r.limits)
		if err != nil {
			return err
		}
		r.d = d
	}
	for r.end() < off+int64(n) && r.err == nil {
		r.drop(off)
		r.more(int(min(off+int64(n)-r.end(), stepLen)))
	}
	return nil
}

// stepLen is how much is decompressed at once on the way to an offset.
const stepLen = 256 << 10

// drop forgets what is not needed to read at off.
func (r *Reader) drop(off int64) {
	if n := min(off-leadLen-r.at, int64(len(r.buf))-leadLen); n > 0 {
		r.buf = append(r.buf[:0], r.buf[n:]...)
		r.at += n
	}
}

// more decompresses n bytes.
func (r *Reader) more(n int) {
	k := len(r.buf)
	r.buf = slices.Grow(r.buf, n)[:k+n]
	var m int
	m, r.err = r.d.Read(r.buf[k:])
	r.buf = r.buf[:k+m]
	if r.at == 0 && len(r.head) < headLen {
		r.head = append(r.head[:0], r.buf[:min(len(r.buf), headLen)]...)
	}
}

// Close frees the memory that decompression takes. What is read after it is
// decompressed from the beginning.
func (r *Reader) Close() {
	if r.d != nil {
		r.d.close()
	}
	r.d, r.buf, r.at, r.err = nil, nil, 0, nil
}

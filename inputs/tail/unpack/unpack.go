// Package unpack gives the plain bytes of a compressed file, at any offset.
//
// Formats: gzip (RFC 1952), Zstandard (RFC 8878), xz (the .xz format, version
// 1.2.1, with LZMA2 as its only filter, which is all that xz makes of text) and
// bzip2; each also when several compressed streams stand one behind the other.
// A file is of the format that its name says, and its first bytes must agree.
// Not supported: dictionaries of Zstandard, legacy .lzma and .Z.
//
// What a file says of itself is not trusted: the memory that it may have
// decompressed, and the bytes that may come out of it, are limited.
package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"compress/bzip2"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

var (
	// ErrDamaged is wrapped by the error that says that a file is not whole:
	// it breaks off, a checksum is wrong, or it is not of its format.
	ErrDamaged = errors.New("damaged")
	// ErrFormat is wrapped, beside ErrDamaged, by the error that says that a
	// file does not begin as its name says.
	ErrFormat = errors.New("not of the format of its name")
	// ErrLimit is wrapped by the error that says that a file would take more
	// memory or give more bytes than is allowed.
	ErrLimit = errors.New("over the limit")
)

// Limits bounds what decompression may take.
type Limits struct {
	// Window is the bytes that the decoder may look back, which it holds in
	// memory: up to twice as many are used.
	Window int64
	// A file may give Plain bytes, and Ratio more for each of its own.
	Plain, Ratio int64
}

// Standard lets pass what the programs make that compress logs, at any level:
// zstd --long and xz -9 look back 128 and 64 MiB; gzip makes a file at most
// 1,032 times smaller. Lines that are all the same can go beyond Ratio with
// the other formats once they are more than 1 GiB.
var Standard = Limits{Window: 128 << 20, Plain: 1 << 30, Ratio: 2000}

// plain is how many bytes a file of size bytes may give.
func (l Limits) plain(size int64) int64 { return l.Plain + l.Ratio*size }

// format is one kind of compression.
type format struct {
	ext   string
	magic func(head []byte) bool
	open  func(r io.Reader, size int64, l Limits) (io.ReadCloser, error)
}

var formats = []format{
	{".gz", begins("\x1f\x8b\x08"), func(r io.Reader, _ int64, _ Limits) (io.ReadCloser, error) {
		return gzip.NewReader(r)
	}},
	{".zst", isZstd, func(r io.Reader, _ int64, l Limits) (io.ReadCloser, error) {
		// one goroutine: nothing runs when nobody reads
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(l.Window)))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}},
	{".xz", begins("\xfd7zXZ\x00"), func(r io.Reader, size int64, l Limits) (io.ReadCloser, error) {
		x, err := xz.NewReader(newXZGuard(r, size, l))
		return io.NopCloser(x), err
	}},
	{".bz2", begins("BZh"), func(r io.Reader, _ int64, _ Limits) (io.ReadCloser, error) {
		return io.NopCloser(bzip2.NewReader(r)), nil
	}},
}

// magicMax is how many of the first bytes tell the format.
const magicMax = 6

func begins(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// isZstd says that a frame begins, or a skippable one, which pzstd writes first.
func isZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) ||
		len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18})
}

// aside is what logrotate puts behind the name of a file that is in its way: the hour.
var aside = regexp.MustCompile(`-\d{10}\.backup$`)

// Aside is name without that, and that.
func Aside(name string) (was, mark string) {
	if !strings.HasSuffix(name, ".backup") {
		return name, "" // as nearly always
	}
	mark = aside.FindString(name)
	return strings.TrimSuffix(name, mark), mark
}

// Is says whether name is that of a compressed file.
func Is(name string) bool { return find(name) != nil }

// Plain is name without the mark of compression.
func Plain(name string) string {
	if f := find(name); f != nil {
		was, mark := Aside(name)
		return strings.TrimSuffix(was, f.ext) + mark
	}
	return name
}

func find(name string) *format {
	was, _ := Aside(name)
	ext := filepath.Ext(was)
	for i := range formats {
		if formats[i].ext == ext {
			return &formats[i]
		}
	}
	return nil
}

// decoder is a stream of plain bytes from the beginning of a file. Its errors
// are those of the file, or wrap ErrDamaged or ErrLimit.
type decoder struct {
	src  *source
	z    io.ReadCloser
	left int64 // bytes that may still come
}

// source reads a compressed file and keeps the error of doing so, which
// decoders hide among their own.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// fail gives an error of a decoder its meaning.
func (s *source) fail(err error) error {
	switch {
	case s.err != nil:
		return s.err
	case errors.Is(err, ErrLimit):
		return err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%w: %w", ErrLimit, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it breaks off", ErrDamaged)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

func newDecoder(name string, src io.ReaderAt, size int64, l Limits) (d *decoder, err error) {
	defer rescue(&err)
	f := find(name)
	if f == nil {
		return nil, fmt.Errorf("%w: %q is not the name of a compressed file", ErrDamaged, filepath.Base(name))
	}
	s := &source{r: io.NewSectionReader(src, 0, size)}
	r := newBuffered(s)
	head, err := r.Peek(magicMax)
	if s.err != nil {
		return nil, s.err
	}
	if !f.magic(head) {
		if err != nil {
			return nil, s.fail(err)
		}
		return nil, fmt.Errorf("%w: %w: it does not begin as %s files do", ErrDamaged, ErrFormat, f.ext)
	}
	z, err := f.open(r, size, l)
	if err != nil {
		return nil, s.fail(err)
	}
	return &decoder{src: s, z: z, left: l.plain(size)}, nil
}

// maxIdle is how often in a row a decoder may give neither bytes nor an error.
const maxIdle = 100

// Read fills p unless the file ends. It returns io.EOF only behind the last
// byte of a file that is whole.
func (d *decoder) Read(p []byte) (n int, err error) {
	defer rescue(&err)
	for idle := 0; n < len(p); {
		m, err := d.z.Read(p[n:])
		n += m
		if idle++; m > 0 {
			idle = 0
		} else if err == nil && idle > maxIdle {
			err = io.ErrNoProgress
		}
		if d.left -= int64(m); d.left < 0 {
			return 0, fmt.Errorf("%w: it gives too many bytes for its size", ErrLimit)
		}
		if err == io.EOF && d.src.err == nil {
			return n, io.EOF
		}
		if err != nil {
			return n, d.src.fail(err)
		}
	}
	return n, nil
}

func (d *decoder) close() { d.z.Close() }

// rescue makes an error of a panic: a file that a decoder was not written for
// must not end the process.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: the decoder gave up: %v", ErrDamaged, r)
	}
}

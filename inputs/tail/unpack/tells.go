package unpack

import (
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Tells says whether the file has plain bytes of that number by its own
// account, which costs a read or two: gzip tells it at its end, modulo 2^32 and
// of the last member only; Zstandard at its beginning, of the first frame; xz
// at its end. told is false where the file says nothing that could be
// compared, as bzip2 never does. It proves nothing.
func (r *Reader) Tells(plain int64) (same, told bool) {
	n, told := r.Told()
	if f := find(r.name); f != nil && f.ext == ".gz" {
		plain &= 1<<32 - 1
	}
	return told && n == plain, told
}

// Told is the number itself.
func (r *Reader) Told() (plain int64, told bool) {
	f := find(r.name)
	if f == nil {
		return 0, false
	}
	switch f.ext {
	case ".gz":
		return r.gzipSize()
	case ".zst":
		return r.zstdSize()
	case ".xz":
		return r.xzSize()
	}
	return 0, false
}

// readAt reads n bytes at off, all of them or none.
func (r *Reader) readAt(n, off int64) []byte {
	if off < 0 || off+n > r.size {
		return nil
	}
	p := make([]byte, n)
	if m, err := r.src.ReadAt(p, off); m < len(p) || err != nil && err != io.EOF {
		return nil
	}
	return p
}

func (r *Reader) gzipSize() (int64, bool) {
	p := r.readAt(4, r.size-4)
	if p == nil {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint32(p)), true
}

func (r *Reader) zstdSize() (int64, bool) {
	var h zstd.Header
	p := r.readAt(min(r.size, zstd.HeaderMaxSize), 0)
	if p == nil || h.Decode(p) != nil || h.Skippable || !h.HasFCS {
		return 0, false
	}
	return int64(h.FrameContentSize), true
}

// maxIndex is the longest index of an .xz file that is read for its size.
const maxIndex = 1 << 20

// xzSize adds up the index, if the file is one stream without padding.
func (r *Reader) xzSize() (int64, bool) {
	foot := r.readAt(12, r.size-12)
	if foot == nil || string(foot[10:]) != "YZ" {
		return 0, false
	}
	length := (int64(binary.LittleEndian.Uint32(foot[4:])) + 1) * 4
	if length > maxIndex {
		return 0, false
	}
	index := r.readAt(length, r.size-12-length)
	if index == nil || index[0] != 0 {
		return 0, false
	}
	plain, packed, ok := sumIndex(index[1:])
	return plain, ok && 12+packed+length+12 == r.size
}

// sumIndex adds up the plain and the padded sizes of the blocks of an index.
func sumIndex(p []byte) (plain, packed int64, ok bool) {
	count, n := binary.Uvarint(p)
	if n <= 0 {
		return 0, 0, false
	}
	p = p[n:]
	for ; count > 0; count-- {
		a, n := binary.Uvarint(p)
		if n <= 0 {
			return 0, 0, false
		}
		b, m := binary.Uvarint(p[n:])
		if m <= 0 {
			return 0, 0, false
		}
		p = p[n+m:]
		packed += int64(a) + -int64(a)&3
		plain += int64(b)
	}
	return plain, packed, true
}

package tail

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"

	"tailrace/agent/flow"
)

// Compressed siblings are recognised, so that what was in them unread is
// counted; their lines are not read. Of a gzip file the content can be told;
// others count with their compressed size at most.

// packedIs says whether the compressed file at path holds the content of f.
func packedIs(path string, f *file) bool {
	f.mu.Lock()
	m := f.pos.mark
	f.mu.Unlock()
	if m.PrefixLen == 0 || filepath.Ext(path) != ".gz" {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return false
	}
	p := make([]byte, m.PrefixLen)
	if _, err := io.ReadFull(z, p); err != nil {
		return false
	}
	return flow.PrefixSum(0, p) == m.Prefix
}

// packedSize is the number of bytes before compression, modulo 4 GiB.
func packedSize(e entry) int64 {
	if filepath.Ext(e.path) != ".gz" {
		return e.size
	}
	file, err := os.Open(e.path)
	if err != nil {
		return e.size
	}
	defer file.Close()
	var b [4]byte
	if _, err := file.ReadAt(b[:], e.size-4); err != nil {
		return e.size
	}
	return int64(binary.LittleEndian.Uint32(b[:]))
}

// packedRest is what is unread of f in the compressed file that holds it.
func packedRest(f *file, l *listing) (int64, bool) {
	for _, m := range l.family(f.path) {
		if m.gen.packed && packedIs(m.path, f) {
			return max(0, packedSize(m.entry)-f.at()), true
		}
	}
	return 0, false
}

// packedKnown says whether m is the compressed form of a file that is known.
func (in *Input) packedKnown(path string, m member) bool {
	for _, f := range in.files {
		if f.path == path && packedIs(m.path, f) {
			return true
		}
	}
	return false
}

// packed notes a compressed file of the family of path. unread says that it
// came while nobody looked, and is newer than what is known.
func (in *Input) packed(path string, m member, unread bool) {
	f := in.create(m.entry, path, done)
	in.skip(f)
	if unread && !in.packedKnown(path, m) {
		in.lose(f, packedSize(m.entry), lostCompressed)
	}
}

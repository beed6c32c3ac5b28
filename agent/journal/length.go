package journal

import (
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"tailrace/agent/flow"
)

// lengthName is the file that says how long the journal is. Whatever cuts off the
// end of a journal, between two records too, leaves that as it was.
const lengthName = "journal-length"

// length is how much of a generation was written: that many bytes at least. It is
// noted behind each write, and not synced: what the machine loses when it goes down
// is not found by it, but by the boot id. The zero value is not known.
type length struct {
	gen   uint64
	bytes int64
}

// A length on disk is the CRC-32C of the rest in hex, the number of the generation
// and the bytes, with spaces between and a newline behind.

// noteLength notes how much is written. When it cannot be, the former length goes
// on to be true: a file only grows. mu is held.
func (j *Journal) noteLength() {
	if j.length == nil || j.closed {
		return
	}
	p := append(j.lengthBuf[:0], "00000000 "...)
	p = append(strconv.AppendUint(p, j.gen, 10), ' ')
	p = append(strconv.AppendInt(p, j.out.size, 10), '\n')
	putSum(p, flow.Sum(p[crcLen:]))
	_, _ = j.length.WriteAt(p, 0)
	j.lengthBuf = p
}

// beginLength begins the file anew, for another generation: its text may be shorter.
func (j *Journal) beginLength() {
	if j.length != nil {
		j.length.Close()
	}
	var err error
	if j.length, err = j.o.disk.Create(filepath.Join(j.dir, lengthName)); err != nil {
		j.length = nil
	}
	j.noteLength()
}

// readLength is what was noted, or that it is not known.
func readLength(d disk, dir string) (l length) {
	f, err := d.Open(filepath.Join(dir, lengthName))
	if err != nil {
		return l
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil || len(text) < crcLen || !sumIs(text[:crcLen], flow.Sum(text[crcLen:])) {
		return l
	}
	gen, bytes, _ := strings.Cut(strings.TrimSpace(string(text[crcLen:])), " ")
	l.gen, _ = strconv.ParseUint(gen, 10, 63)
	l.bytes, _ = strconv.ParseInt(bytes, 10, 64)
	return l
}

// missing says that the end of the journal is not there: of what was noted to be
// written, or, when nothing was noted of the generation, in the middle of a record.
// What a kill leaves of a write is no whole record, and nothing that counted.
func (l *loaded) missing() bool {
	switch {
	case l.noted.gen > l.gen:
		return true
	case l.noted.gen == l.gen:
		return l.whole < l.noted.bytes
	}
	return l.torn
}

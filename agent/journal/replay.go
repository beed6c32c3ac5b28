package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	generationPrefix = "journal."
	temporary        = "journal.tmp"
)

// generationName is the name of generation n, of which there are two: the one
// that is written and the one before it.
func generationName(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%s%06d", generationPrefix, n))
}

// generations lists the numbers of those in dir, oldest first.
func generations(d disk, dir string) ([]uint64, error) {
	names, err := d.List(dir)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, generationPrefix)
		if n, err := strconv.ParseUint(digits, 10, 63); ok && err == nil && n > 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// reading is what became of one generation.
type reading struct {
	name     string
	header   Header
	any      bool // a record was read
	complete bool // its snapshot is whole
	records  int  // before End
	damaged  int
	cause    string // of the first damage
	closed   bool   // its last record says that the run ended by itself
	torn     bool   // something that is no whole line is behind its last record
	whole    int64  // bytes of its whole lines
	copied   bool   // it is not the file that was written
	written  int64  // when it was last written to, Unix milliseconds, 0 unknown
	err      error  // the file could not be read to its end
}

// loaded is what became of all of them.
type loaded struct {
	fold   *fold
	header Header // of the newest that has one
	any    bool
	damage int
	closed bool   // the last run ended by itself
	torn   bool   // the newest ends in the middle of a record
	gen    uint64 // the newest
	whole  int64  // bytes of its whole lines
	noted  length // how long the journal was
	copied bool   // it was not written to the file that it was read from
	life   int64  // the newest's time of the last write, Unix milliseconds
	source uint64 // the generation to keep while the next is made, 0 none
}

// load builds the state from the newest generation whose snapshot is whole. A
// newer one that is not whole is laid over it: what can be read of it is true,
// and most of it is known.
func load(d disk, dir string, gens []uint64, noted length, log *slog.Logger) loaded {
	l := loaded{fold: newFold(), noted: noted}
	base := len(gens)
	for base > 0 {
		base--
		scratch := newFold()
		r := replayFile(d, generationName(dir, gens[base]), scratch)
		if base == len(gens)-1 && r.complete {
			l.fold = scratch
			l.take(r, gens[base], log)
			return l
		}
		if r.complete {
			break
		}
	}
	for _, n := range gens[base:] {
		l.take(replayFile(d, generationName(dir, n), l.fold), n, log)
	}
	return l
}

// take notes the outcome of one generation.
func (l *loaded) take(r reading, n uint64, log *slog.Logger) {
	if r.header.Format != 0 {
		l.header = r.header
	}
	l.any = l.any || r.any
	l.closed, l.torn, l.life = r.closed, r.torn, r.written
	l.gen, l.whole = n, r.whole
	l.copied = l.copied || r.copied
	if r.complete || l.source == 0 {
		l.source = n
	}
	switch {
	case r.err != nil:
		r.damaged++
		log.Error("journal: a file cannot be read, the state is taken from what can; lines may come again. "+
			"Let tailrace's user read it and look at the disk", "file", r.name, "err", r.err)
	case !r.complete:
		r.damaged++
		log.Error("journal: a file has no whole snapshot, the one before it is used as well; lines may come again. "+
			"Look at the disk", "file", r.name, "records", r.records, "damaged", r.damaged-1, "first", r.cause)
	case r.damaged > 0:
		log.Error("journal: records are damaged and were skipped; lines may come again. Look at the disk",
			"file", r.name, "damaged", r.damaged, "first", r.cause)
	}
	l.damage += r.damaged
}

// replayFile adds the records of a file to f.
func replayFile(d disk, name string, f *fold) reading {
	r := reading{name: name}
	file, err := d.Open(name)
	if err != nil {
		r.err = err
		return r
	}
	defer file.Close()
	if f, ok := file.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := f.Stat(); err == nil {
			r.written = info.ModTime().UnixMilli()
		}
	}
	in := bufio.NewReaderSize(file, 64<<10)
	var buf []byte
	for n := 1; ; n++ {
		var line []byte
		line, buf, err = readLine(in, buf)
		if errors.Is(err, io.EOF) {
			r.torn, r.copied = errors.Is(err, errTorn), r.header.copied(file)
			return r // what is behind the last newline was never finished
		}
		if err != nil && !errors.Is(err, errLong) {
			r.err = err
			return r
		}
		r.whole += int64(len(line)) + 1 // one that is too long counts as damaged
		var rec Record
		if err == nil {
			rec, err = parseLine(line)
		}
		if err == nil {
			err = r.add(rec, f)
		}
		if err != nil {
			r.damaged++
			if r.cause == "" {
				r.cause = fmt.Sprintf("line %d: %v", n, err)
			}
		}
	}
}

var (
	errLong  = errors.New("the line is too long")
	errFit   = errors.New("the record does not fit those before it")
	errCount = errors.New("records are missing in the snapshot")
	errTorn  = fmt.Errorf("the last line has no end: %w", io.EOF)
)

// add adds one record of the file.
func (r *reading) add(rec Record, f *fold) error {
	r.any = true
	if r.closed = rec.Closed != nil; r.closed {
		r.written = rec.Closed.Time
	}
	switch {
	case rec.Header != nil:
		r.header = *rec.Header
		if r.header.Format != formatVersion {
			return fmt.Errorf("format %d is not known", r.header.Format)
		}
	case rec.End != nil:
		if rec.End.Records != r.records || r.damaged > 0 {
			return errCount
		}
		r.complete = true
	case !f.apply(rec):
		return errFit
	}
	if !r.complete {
		r.records++
	}
	return nil
}

// readLine reads up to the next newline, which is not in the line. The line is
// in the reader's buffer or in buf, which grows for long ones. A line of more
// than maxLine bytes is skipped: errLong. The end is io.EOF, or errTorn when
// there is something behind the last newline.
func readLine(in *bufio.Reader, buf []byte) (line, grown []byte, err error) {
	part, err := in.ReadSlice('\n')
	if err == nil {
		return part[:len(part)-1], buf, nil
	}
	buf, long := buf[:0], false
	for errors.Is(err, bufio.ErrBufferFull) {
		if long = long || len(buf)+len(part) > maxLine; !long {
			buf = append(buf, part...)
		}
		part, err = in.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && len(buf)+len(part) > 0 {
		err = errTorn
	}
	if err != nil {
		return nil, buf, err
	}
	if long {
		return nil, buf, errLong
	}
	buf = append(buf, part...)
	return buf[:len(buf)-1], buf, nil
}

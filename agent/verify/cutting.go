package verify

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"

	"tailrace/agent/flow"
	"tailrace/agent/proof"
	"tailrace/inputs/tail/record"
)

const (
	// readSize is how many bytes are read at a time.
	readSize = 256 << 10
	// nulRun is how many NULs at the start of a file the input takes for the
	// hole that a writer leaves after a truncation.
	nulRun = 64
)

var seed = maphash.MakeSeed()

// hash is that of a value.
func hash(p []byte) uint64 { return maphash.Bytes(seed, p) }

// plain says that the value of a record is bytes of its file.
func plain(o *record.Options) bool {
	return (o.Encoding == "" || o.Encoding == "utf-8") && o.Container == "" && (o.Format == "" || o.Format == record.Raw)
}

// lines is how the bytes of a file become records that no input follows.
var lines = &record.Options{}

// options is how the bytes of the file become records now.
func (f *File) options() *record.Options {
	if f.Record == nil {
		return lines
	}
	return f.Record
}

// timed says whether some records of the file may have their time in them.
func (f *File) timed() bool {
	return f.options().Timed() || slices.ContainsFunc(f.Stretches, func(s Stretch) bool { return s.Record.Timed() })
}

// run is bytes of a file that became records in one way, up to End.
type run struct {
	Stretch
	End     int64
	endPart int  // state of the cutter there
	exact   bool // that is known
}

// at is the run that an offset is in.
func (f *File) at(offset int64) run {
	r := run{Stretch{Record: f.options()}, f.To, f.ToPart, !f.Whole}
	for _, s := range f.Stretches {
		if s.Start > offset {
			r.End, r.endPart, r.exact = s.Start, s.Part, true
			break
		}
		r.Stretch = s
	}
	return r
}

// readings keeps what is made of options. It is safe for any goroutine.
type readings struct {
	mu    sync.Mutex
	known map[readingOf]*record.Reading
}

// readingOf is options, and the order of bytes if a file has to tell it.
type readingOf struct {
	*record.Options
	encoding string
}

// of is the reading of a file that begins with these bytes.
func (r *readings) of(o *record.Options, first []byte) (*record.Reading, error) {
	resolved := o.Resolve(first)
	at := readingOf{o, resolved.Encoding}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known[at]; known != nil {
		return known, nil
	}
	made, err := record.New(resolved)
	if err != nil {
		return nil, err
	}
	if r.known == nil {
		r.known = map[readingOf]*record.Reading{}
	}
	r.known[at] = made
	return made, nil
}

// cutting makes the records of a file as the input did.
type cutting struct {
	*File
	content  *content
	readings *readings
	from     proof.Resume
	moved    func(int64) // is told of bytes that were read; nil: nobody

	first   int64  // how many bytes are read at a time, if not readSize
	last    uint32 // how many bytes of the file the record that is given has
	timed   bool   // the time in values is left out
	run     run
	reading *record.Reading // of it
	counts  record.Counts
	cutOff  int64 // records that have only the beginning of their text
	*scratch
}

// scratch is memory that is used again.
type scratch struct {
	cutter record.Cutter
	chunk  flow.Chunk
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (w *work) cutting(f *File, c *content) *cutting {
	return &cutting{File: f, content: c, readings: &w.readings, timed: w.timed[f.Path], scratch: scratches.Get().(*scratch)}
}

// spare lets the memory of k be used again.
func (w *work) spare(k *cutting) { scratches.Put(k.scratch) }

// records gives the records from k.from up to where the file is shipped, until
// give returns false.
func (k *cutting) records(ctx context.Context, give func(proof.Record, proof.Resume) bool) error {
	at := k.from
	if err := k.prepare(at.Offset); err != nil {
		return err
	}
	if at.Offset == 0 {
		n, err := k.nuls()
		if err != nil {
			return err
		}
		at.Offset = n
	}
	size := int64(readSize)
	if k.first > 0 {
		size = k.first
	}
	for want := size; at.Offset < k.To && ctx.Err() == nil; {
		if at.Offset >= k.run.End {
			if err := k.prepare(at.Offset); err != nil {
				return err
			}
		}
		used, part, err := k.cut(at, min(want, k.run.End-at.Offset))
		if err != nil {
			return err
		}
		if used == 0 {
			if want >= int64(k.reading.Window()) {
				return fmt.Errorf("%s: the bytes at %d cannot be cut into records", k.content.f.Name(), at.Offset)
			}
			want = min(4*want, int64(k.reading.Window()))
			continue
		}
		want = size
		if k.moved != nil {
			k.moved(int64(used))
		}
		k.counts = k.counts.Plus(k.cutter.Counts(len(k.chunk.Records)), 1)
		if !k.give(at, give) {
			return nil
		}
		at = proof.Resume{Offset: at.Offset + int64(used), Part: part}
	}
	return ctx.Err()
}

// prepare makes ready for what is at an offset.
func (k *cutting) prepare(offset int64) error {
	k.run = k.at(offset)
	var first [2]byte
	n, err := k.content.pread(first[:], 0)
	if err != nil {
		return err
	}
	k.reading, err = k.readings.of(k.run.Record, first[:n])
	return err
}

// nuls is where the lines of the file begin: a run of NULs is left out.
func (k *cutting) nuls() (int64, error) {
	buf := make([]byte, 64<<10)
	for at := int64(0); at < k.To; {
		n, err := k.content.pread(buf, at)
		if err != nil || n == 0 {
			return 0, err
		}
		for i, b := range buf[:n] {
			if b == 0 {
				continue
			}
			first := at + int64(i)
			first -= first % int64(k.reading.Width())
			if first >= nulRun || k.After && k.reading.Width() == 1 {
				return first, nil
			}
			return 0, nil
		}
		at += int64(n)
	}
	return 0, nil
}

// cut reads n bytes at a place and cuts them. The last ones of a run are cut as the
// journal says.
func (k *cutting) cut(at proof.Resume, n int64) (used, part int, err error) {
	c := &k.chunk
	if int64(cap(c.Buf)) < n {
		c.Buf = make([]byte, n)
	}
	c.Buf = c.Buf[:n]
	m, err := k.content.pread(c.Buf, at.Offset)
	if err != nil {
		return 0, 0, err
	}
	if int64(m) < n {
		return 0, 0, fmt.Errorf("%s ends at %d, and %d bytes of it were shipped", k.content.f.Name(), at.Offset+int64(m), k.To)
	}
	c.Path, c.Start, c.Data, c.Part, c.Reading = k.Path, at.Offset, c.Buf, at.Part, 1
	c.Time = 0 // it is left out
	switch last := at.Offset+n == k.run.End; {
	case last && k.run.exact:
		k.cutter.Again(k.reading, c, k.run.endPart)
		return len(c.Data), k.run.endPart, nil
	case last:
		used, part = k.cutter.Cut(k.reading, c, record.Last)
		return used, part, nil
	}
	used, part = k.cutter.Cut(k.reading, c, record.More)
	return used, part, nil
}

// piecesMax is how many bytes of a container's log are looked at for a piece that
// was shipped before the end of its line: the runtime's lines have 16 KiB.
const piecesMax = 1 << 20

// begins says whether what begins at a place, up to the end of some line behind
// it, was shipped as a piece.
func (k *cutting) begins(r proof.Record) bool {
	if k.prepare(r.Offset) != nil {
		return false
	}
	p := make([]byte, min(piecesMax, k.To-r.Offset))
	n, err := k.content.pread(p, r.Offset)
	if err != nil {
		return false
	}
	c := &k.chunk
	for end := 0; ; {
		i := bytes.IndexByte(p[end:n], '\n')
		if i < 0 {
			return false
		}
		end += i + 1
		c.Path, c.Start, c.Data, c.Part, c.Reading, c.Time = k.Path, r.Offset, p[:end], 0, 1, 0
		k.cutter.Cut(k.reading, c, record.Stalled|record.Quiet)
		if len(c.Records) == 0 || len(c.Records[0].Value) > int(r.Size) {
			return false
		}
		if value := c.Records[0].Value; len(value) == int(r.Size) {
			return hash(value) == r.Value
		}
	}
}

// give hands out what was cut.
func (k *cutting) give(at proof.Resume, give func(proof.Record, proof.Resume) bool) bool {
	inObject := k.timed || k.run.Record.Timed()
	for i := range k.chunk.Records {
		r := &k.chunk.Records[i]
		value := r.Value
		if inObject {
			value = flow.Timeless(value)
		}
		out := proof.Record{Offset: at.Offset + int64(r.Start), Size: int32(len(r.Value)), Value: hash(value)}
		for _, h := range r.Headers {
			switch h.Key {
			case "part":
				out.Part, out.Final = parsePart(h.Value)
			case "truncated":
				k.cutOff++
			}
		}
		k.last = r.End - r.Start
		if !give(out, at) {
			return false
		}
	}
	return true
}

// parsePart reads "2", or "3/3" of the last piece of a line.
func parsePart(value []byte) (n int32, last bool) {
	number, _, last := bytes.Cut(value, []byte("/"))
	part, err := strconv.ParseInt(string(number), 10, 32)
	if err != nil {
		return 0, false
	}
	return int32(part), last
}

package flow

import (
	"bytes"
	"hash/crc32"
	"hash/crc64"
)

const (
	// PrefixMax is how many of a file's first bytes a mark covers at most.
	PrefixMax = 1024
	// TailMax is how many bytes before an offset a mark covers at most.
	TailMax = 1024
	// Enough is how many bytes of a file must be known to tell it from others
	// by its content.
	Enough = 64
	// oldTail is the TailMax of journals that were written before Mark.Window.
	oldTail = 64
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	ecma       = crc64.MakeTable(crc64.ECMA)
)

// Mark fingerprints a file's content below an offset. Prefix is a CRC-64
// (ECMA), Tail a CRC-32C, which the processor computes; in a mark without a
// Window it is a CRC-64 of oldTail bytes.
type Mark struct {
	PrefixLen int    `json:"n"`           // bytes that Prefix covers: min(offset, PrefixMax)
	Prefix    uint64 `json:"p"`           // hash of the file's first PrefixLen bytes
	Tail      uint64 `json:"t"`           // hash of the min(offset, Window) bytes before the offset
	Window    int    `json:"w,omitempty"` // TailMax, or 0 at offset 0 and in older journals
	// Part is how many pieces were given of the line that the offset is in;
	// 0 when it is at the beginning of a line. With a reading it is whatever
	// else must be known to go on there, in one number.
	Part int `json:"part,omitempty"`
}

// NewMark is the mark at an offset, given the first bytes of the file and those
// before the offset, as many as there are up to PrefixMax and TailMax.
func NewMark(prefix, tail []byte) Mark {
	m := Mark{PrefixLen: len(prefix), Prefix: PrefixSum(0, prefix)}
	m.end(nil, tail)
	return m
}

// Extend moves the mark from behind before, of which the last TailMax bytes
// matter, to behind more.
func (m *Mark) Extend(before, more []byte) {
	if n := min(PrefixMax-m.PrefixLen, len(more)); n > 0 {
		m.Prefix = PrefixSum(m.Prefix, more[:n])
		m.PrefixLen += n
	}
	m.end(before, more)
}

// end sets what depends on the last bytes before the offset, those of a and b.
func (m *Mark) end(a, b []byte) {
	b = b[max(0, len(b)-TailMax):]
	a = a[max(0, len(a)-(TailMax-len(b))):]
	m.Window, m.Tail = TailMax, uint64(crc32.Update(Sum(a), castagnoli, b))
}

// Follows says whether p, the bytes before the mark's offset, ends as the mark
// says. p is at least min(offset, TailMax) bytes.
func (m *Mark) Follows(p []byte) bool {
	if m.Window == 0 {
		return crc64.Checksum(p[max(0, len(p)-oldTail):], ecma) == m.Tail
	}
	return uint64(Sum(p[max(0, len(p)-m.Window):])) == m.Tail
}

// PrefixSum continues the hash sum of a prefix with the bytes that follow it.
func PrefixSum(sum uint64, p []byte) uint64 { return crc64.Update(sum, ecma, p) }

// Sum is the CRC-32C that Span.Sum holds.
func Sum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// Chunk is one buffer of lines from one file. It belongs to one goroutine at a
// time: who calls Next or Fetch owns it before and after the call.
type Chunk struct {
	File FileID
	Path string // as the header "path" has it
	// Form is what the records have beside their values. nil: what the lane
	// says, and the headers that there are when nothing is configured.
	Form *Form
	// Start is the offset in the file of Data[0].
	Start int64
	// Lead is the up to TailMax bytes of the file before Start; PrefixLen and
	// Prefix are the mark's at Start.
	Lead      []byte
	PrefixLen int
	Prefix    uint64
	// Data is the lines with their newlines; Ends[i] is where line i ends in
	// it, newline included. The last line of a file that is finished may be
	// without a newline.
	Data []byte
	Ends []uint32
	// Part and Final are as in Span. A piece is alone in its chunk.
	Part  int
	Final bool
	// Reading is how Data was cut into Records. With 0 each line is one, and
	// there are no Records.
	Reading int
	Records []Record
	// Timed says that the values of Records have Time in them, as Timeless knows
	// it: they are others when they are built at another time.
	Timed bool
	// Time, in Unix milliseconds, is when the records are said to be made. It
	// is set by who calls Next or Fetch.
	Time int64
	// Buf is what Lead and Data point into. Who fills the chunk may grow it;
	// it is used again for the next.
	Buf []byte
	// Text is what the values of Records point into that are not in Data, and
	// Heads what their headers do; used again like Buf.
	Text  []byte
	Heads []Header
}

// Lines is the number of lines, or of records.
func (c *Chunk) Lines() int {
	if c.Reading != 0 {
		return len(c.Records)
	}
	return len(c.Ends)
}

// LineStart is where line n starts in Data; for n = Lines(), where the last
// ends. What was left out before a record begins with it.
func (c *Chunk) LineStart(n int) int {
	if n == 0 {
		return 0
	}
	if c.Reading != 0 {
		return int(c.Records[n-1].End)
	}
	return int(c.Ends[n-1])
}

// Offset is where line n stands in the file.
func (c *Chunk) Offset(n int) int64 {
	if c.Reading != 0 {
		return c.Start + int64(c.Records[n].Start)
	}
	return c.Start + int64(c.LineStart(n))
}

// Line is the value of line n: its bytes without the newline. A "\r" before
// the newline is part of the value.
func (c *Chunk) Line(n int) []byte {
	if c.Reading != 0 {
		return c.Records[n].Value
	}
	line := c.Data[c.LineStart(n):c.Ends[n]]
	if c.Part > 0 && !c.Final {
		return line // a piece: a newline cannot be in it
	}
	return bytes.TrimSuffix(line, []byte{'\n'})
}

// Span describes lines [from, to) of the chunk, which must not be empty. Records
// must be whole groups: those before from and to are Clean.
func (c *Chunk) Span(from, to int) Span {
	a, b := c.LineStart(from), c.LineStart(to)
	s := Span{
		File: c.File, Start: c.Start + int64(a), End: c.Start + int64(b),
		Part: c.Part, Final: c.Final, Reading: c.Reading,
		Sum: Sum(c.Data[a:b]), Mark: c.markAt(b),
	}
	if c.Form != nil {
		s.Form = c.Form.Number
	}
	if c.Reading != 0 {
		s.Mark.Part = c.Records[to-1].Part
		if from > 0 {
			s.Part = c.Records[from-1].Part
		}
	}
	return s
}

// markAt is the mark of the file at Start+n, n > 0.
func (c *Chunk) markAt(n int) Mark {
	m := Mark{PrefixLen: c.PrefixLen, Prefix: c.Prefix}
	if !c.Final {
		m.Part = c.Part
	}
	m.Extend(c.Lead, c.Data[:n])
	return m
}

// Split fills Ends from Data: one line for each newline, and one for what is
// behind the last. A chunk that is a piece of a long line is one line.
func (c *Chunk) Split() {
	c.Ends = c.Ends[:0]
	if c.Part > 0 {
		c.Ends = append(c.Ends, uint32(len(c.Data)))
		return
	}
	for at := 0; at < len(c.Data); {
		n := bytes.IndexByte(c.Data[at:], '\n')
		if n < 0 {
			at = len(c.Data)
		} else {
			at += n + 1
		}
		c.Ends = append(c.Ends, uint32(at))
	}
}

// Join lengthens s by next, which must follow it in the same file, and reports
// whether it could: pieces of long lines stay alone, and so does what has a
// reading, whose records would not be the same again. p is the bytes of next.
func (s *Span) Join(next Span, p []byte) bool {
	if s.File != next.File || s.End != next.Start || s.Part > 0 || next.Part > 0 || s.Reading != 0 || next.Reading != 0 || s.Form != next.Form {
		return false
	}
	s.End, s.Mark = next.End, next.Mark
	s.Sum = crc32.Update(s.Sum, castagnoli, p)
	return true
}

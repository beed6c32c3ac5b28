package wire

import (
	"encoding/binary"
	"slices"
	"strconv"

	"tailrace/agent/flow"
)

const (
	// recordMax bounds what a record has beside key, value and the constant
	// part of its headers: six varints and the digits of the offset.
	recordMax = 80
	// guess is how many bytes of lines a new encoder expects to fit into 1024
	// bytes of batch.
	guess = 512
)

// Encoder builds one record batch at a time from the lines of chunks. Its
// scratch (about the batch's uncompressed and compressed size, and the
// compressor's tables) is used again for the next. One goroutine at a time may
// use it.
type Encoder struct {
	raw    []byte // room for the header, then the records, not compressed
	out    []byte // room for the header, then the records, compressed
	key    []byte // as it is in every record of a chunk: length, bytes
	head   []byte // what every record of a chunk has between value and offset
	tail   []byte // what a record has behind the offset, if anything
	common int    // how much of tail all records of a chunk have
	heads  byte   // how many headers those are, and the ones in head
	number bool   // the offset is given
	other  []byte // the key of records of chunks without a form
	codec  Codec
	limit  int
	millis int64
	base   int64 // timestamp of the first record
	newest int64 // of all
	owned  bool  // some have their own
	count  int32
	lines  int // bytes of lines in the batch, with their newlines
	yield  int // bytes of lines in 1024 bytes of batch, in the last large batch
	packer packer
}

// NewEncoder returns an encoder that has no scratch yet.
func NewEncoder() *Encoder { return &Encoder{yield: guess} }

// Begin starts a batch. Its records have this timestamp (Unix milliseconds)
// where they have none of their own, and this key where the form of their chunk
// has none. limit is how many bytes the finished batch may have at most,
// also when nothing compresses: the topic's max.message.bytes.
func (e *Encoder) Begin(key []byte, codec Codec, limit int, millis int64) {
	e.raw = slices.Grow(e.raw[:0], headerLen)[:headerLen]
	e.other = append(e.other[:0], key...)
	e.codec, e.limit, e.millis = codec, limit, millis
	e.base, e.newest, e.owned = millis, 0, false
	e.count, e.lines = 0, 0
}

// Count is the number of records so far.
func (e *Encoder) Count() int32 { return e.count }

// Newest is the newest timestamp of the records, 0 when all have that of the
// batch.
func (e *Encoder) Newest() int64 {
	if !e.owned {
		return 0
	}
	return e.newest
}

// Room says how many bytes of lines likely still fit, from what lines needed
// before. It is a hint for the next read; 0 says that the batch is full.
func (e *Encoder) Room() int {
	free := e.limit - len(e.raw)
	if e.count > 0 {
		average := (len(e.raw) - headerLen) / int(e.count)
		if free < 2*average {
			return 0
		}
	}
	return max(0, free) * e.ratio() / 1024
}

// ratio is how many bytes of lines there are in 1024 bytes of batch: in this
// one once it has some lines, else in those before.
func (e *Encoder) ratio() int {
	const enough = 4096
	if e.lines < enough {
		return e.yield
	}
	return e.lines * 1024 / (len(e.raw) - headerLen)
}

// Add appends the lines of c from line `from` on while they fit, and returns
// the first that does not. The first line of a batch is always taken, however
// long it is; and so are the records that belong together with it, see
// flow.Record.Clean.
func (e *Encoder) Add(c *flow.Chunk, from int) (to int) {
	e.chunk(c)
	if c.Reading != 0 {
		return e.addRecords(c, from)
	}
	begin := c.LineStart(from)
	at, newline := begin, c.Part == 0 || c.Final // what Line and Offset do, without asking each time
	for to = from; to < len(c.Ends); to++ {
		end := int(c.Ends[to])
		line := c.Data[at:end]
		if newline && len(line) > 0 && line[len(line)-1] == '\n' {
			line = line[:len(line)-1]
		}
		if !e.add(line, c.Start+int64(at), 0, e.limit) {
			break
		}
		at = end
	}
	e.lines += at - begin
	return to
}

// add appends one record unless the batch, being not empty, would be longer
// than limit with it. stamp is its own timestamp, 0 none.
func (e *Encoder) add(value []byte, offset, stamp int64, limit int) bool {
	var number [24]byte
	var digits []byte
	if e.number {
		digits = strconv.AppendInt(number[1:1], offset, 10)
		number[0] = byte(len(digits) << 1)
		digits = number[:len(digits)+1]
	}

	var delta [binary.MaxVarintLen64]byte
	young := stamp
	if young == 0 {
		young = e.millis
	}
	base := e.base
	if e.count == 0 {
		base = young
	}
	ahead := binary.PutVarint(delta[:], young-base)

	size := 1 + ahead + varintLen(int(e.count)) + len(e.key) + varintLen(len(value)) +
		len(value) + len(e.head) + len(digits) + len(e.tail)
	end := len(e.raw) + varintLen(size) + size
	if end > limit && e.count > 0 {
		return false
	}
	if end > cap(e.raw) {
		e.grow(end)
	}
	at := len(e.raw)
	e.raw = e.raw[:end]
	p := e.raw[at:]
	at = putVarint(p, size)
	p[at] = 0 // attributes
	at++
	at += copy(p[at:], delta[:ahead])
	at += putVarint(p[at:], int(e.count))
	at += copy(p[at:], e.key)
	at += putVarint(p[at:], len(value))
	at += copy(p[at:], value)
	at += copy(p[at:], e.head)
	at += copy(p[at:], digits)
	copy(p[at:], e.tail)
	e.stamp(base, young, stamp != 0)
	e.count++
	return true
}

// stamp notes the timestamp of the record that is added.
func (e *Encoder) stamp(base, millis int64, own bool) {
	if e.count == 0 {
		e.base, e.newest, e.owned = base, millis, false
	}
	e.newest = max(e.newest, millis)
	e.owned = e.owned || own
}

// grow makes room for end bytes: twice what there was, but no more than a full
// batch needs.
func (e *Encoder) grow(end int) {
	room := max(end, min(2*cap(e.raw), e.limit))
	raw := make([]byte, len(e.raw), room)
	copy(raw, e.raw)
	e.raw = raw
}

// AddShort appends line 0 of c to an empty batch, shortened so that the batch
// has at most limit bytes (an empty line if even that is too little), with a
// header "truncated" that holds its whole length.
func (e *Encoder) AddShort(c *flow.Chunk, limit int) {
	e.chunk(c)
	if c.Reading != 0 {
		e.headers(c.Records[0].Headers)
	}
	e.head[0] += 2
	line, stamp := c.Line(0), int64(0)
	whole := strconv.Itoa(len(line))
	e.tail = appendHeader(e.tail, "truncated", whole)
	fixed := headerLen + recordMax + len(e.key) + len(e.head) + len(e.tail)
	if room := max(0, limit-fixed); c.Reading != 0 {
		line, stamp = c.Records[0].Short(room), c.Records[0].Stamp
	} else {
		line = line[:min(len(line), room)]
	}
	e.add(line, c.Offset(0), stamp, limit)
	e.lines += len(line)
}

// Finish compresses the batch and gives it its numbers. Its bytes are the
// caller's. A batch that compression would make longer is left uncompressed.
func (e *Encoder) Finish(pid int64, epoch int16, first int32) Batch {
	return e.FinishIn(nil, pid, epoch, first)
}

// FinishIn is Finish, with the batch in buf's memory where that is enough.
func (e *Encoder) FinishIn(buf []byte, pid int64, epoch int16, first int32) Batch {
	e.yield = e.ratio()
	n := numbers{
		codec: e.codec, count: e.count, base: e.base, newest: e.newest,
		pid: pid, epoch: epoch, first: first,
	}
	from := e.raw
	if n.codec != None {
		e.out = slices.Grow(e.out[:0], headerLen)[:headerLen]
		e.out = e.packer.pack(e.out, e.raw[headerLen:], n.codec)
		if len(e.out) < len(e.raw) {
			from = e.out
		} else {
			n.codec = None
		}
	}
	b := Batch{Bytes: append(buf[:0], from...), Count: n.count}
	putHeader(b.Bytes, n)
	return b
}

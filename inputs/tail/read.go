package tail

import (
	"bytes"
	"fmt"
	"slices"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/record"
)

const (
	// readSize is how many bytes one read asks for: large enough that the
	// calls cost nothing beside the copy, small enough to stay in the cache.
	readSize = 256 << 10
	// maxLine is the longest line in bytes, without its newline, that is
	// given whole. Longer ones come as pieces of that size.
	maxLine = record.DefaultMaxLine
	// nulRun is how many NULs at the start of a file are taken for the hole
	// that a writer without O_APPEND leaves after a truncation.
	nulRun = 64
)

// result is what a read came to.
type result int

const (
	nothing result = iota // no whole line is there now
	filled
	skipped // all that was read was left out
	other   // the content is not what was read before: truncated, replaced
	broken
)

// unread says that there may be something to read.
func (f *file) unread() bool {
	return f.size > f.searched && !f.reserved || f.pos.off < f.end() && (f.final || f.joined > 0 || f.rec != nil && f.rec.flush != record.More)
}

// end is up to where f has bytes: its size, but for space that was taken in advance.
func (f *file) end() int64 {
	if f.reserved && f.joined == 0 {
		return f.searched
	}
	return f.size + f.joined
}

// searchFrom notes that there may be a newline from off on.
func (f *file) searchFrom(off int64) { f.searched, f.reserved = off, false }

// spaceFrom notes that there is no newline up to off, and nothing but NULs behind it.
func (f *file) spaceFrom(off int64) {
	f.searched, f.reserved = off, true
	f.certain = min(f.certain, off)
	if !f.spaceKnown {
		f.queue.in.tell(task{do: func() { f.queue.in.noteSpace(f) }})
	}
}

// unreadDone is unread for a file that is done and open: it may have been with space
// behind it, of which this run does not know yet.
func (f *file) unreadDone() bool {
	if !f.unread() {
		return false
	}
	if at, err := f.content().FirstData(f.pos.off); err == nil && at < 0 && f.joined == 0 {
		f.spaceFrom(f.pos.off)
	}
	return f.unread()
}

// read fills c, of s, with the next lines, at most max bytes unless one line alone is
// longer.
func (f *file) read(s *feed, c *flow.Chunk, max int) (result, error) {
	if f.rec != nil {
		return f.readRecords(s, c, max)
	}
	want, alone := min(max, readSize), f.pos.mark.Part > 0
	if alone {
		want = maxLine + 1
	}
	for {
		lead, n, r, err := f.load(c, want, 1)
		if r != filled {
			return r, err
		}
		used, part, last := f.cut(c.Data, alone, n < want)
		if used == 0 && n == want && !alone {
			want, alone = maxLine+1, true
			continue
		}
		if used == 0 {
			f.searched = f.pos.off + int64(n)
			return nothing, nil
		}
		f.give(s, c, lead, used, part, last, n)
		return filled, nil
	}
}

// load reads up to want bytes behind pos into c.Data, with lead bytes before it.
// What was read is used only after a second look at the bytes before it: the
// first may have met the old content and the read the new. A newline has width
// bytes.
func (f *file) load(c *flow.Chunk, want, width int) (lead, n int, r result, err error) {
	for {
		lead = content.LeadLen(f.pos.off)
		n, err = f.fill(c, lead, want)
		if err != nil {
			return 0, 0, broken, err
		}
		if n < 0 {
			return 0, 0, other, nil
		}
		if ok, err := f.verify(f.pos.off + int64(n)); err != nil {
			return 0, 0, broken, err
		} else if !ok {
			return 0, 0, other, nil
		}
		if n, err = f.beforeSpace(c.Buf[lead:lead+n], width); err != nil {
			return 0, 0, broken, err
		}
		c.Data = c.Buf[lead : lead+n]
		if n == 0 || c.Data[0] != 0 {
			return lead, n, filled, nil
		}
		skipped, err := f.nuls(c.Data, width)
		switch {
		case err != nil:
			return 0, 0, broken, err
		case f.reserved:
			return 0, 0, nothing, nil
		case !skipped:
			return lead, n, filled, nil
		}
	}
}

// beforeSpace is how much of data, which is behind pos, is before the space that the
// writer took in advance, when data ends in that. A few NULs may be text of another
// encoding.
func (f *file) beforeSpace(data []byte, width int) (int, error) {
	n := len(bytes.TrimRight(data, "\x00"))
	n += n % width
	if n == 0 || len(data)-n < nulRun || f.joined > 0 {
		return len(data), nil
	}
	if at, err := f.content().FirstData(f.pos.off + int64(n)); err != nil || at >= 0 {
		return len(data), err
	}
	f.spaceFrom(f.pos.off + int64(n))
	return n, nil
}

// fill reads up to want bytes behind pos into c.Buf, with the lead bytes before
// it. It returns their number, or -1 when the lead is not what it was.
func (f *file) fill(c *flow.Chunk, lead, want int) (int, error) {
	if cap(c.Buf) < lead+want {
		c.Buf = slices.Grow(c.Buf[:0], lead+want)
	}
	c.Buf = c.Buf[:lead+want]
	n, err := f.preadJoined(c.Buf, f.pos.off-int64(lead))
	if err != nil {
		return 0, fmt.Errorf("read at %d: %w", f.pos.off, err)
	}
	if n < lead || !f.pos.mark.Follows(c.Buf[:lead]) {
		return -1, nil
	}
	return n - lead, nil
}

// verify says whether the file still has the content that pos marks, and is
// at least end bytes long. It takes note of the size.
func (f *file) verify(end int64) (bool, error) {
	e, err := f.content().Describe()
	if err != nil {
		return false, err
	}
	if e.Size+f.joined < end || e.Size+f.joined < f.pos.off || e.Size < f.size && f.unknowable() {
		return false, nil
	}
	lines := f.searched < f.certain
	if f.joined == 0 {
		f.saw(e)
	} else if f.pos.off > f.size {
		return true, nil // all of it was given
	}
	f.outgrowEarly()
	if f.early != nil && f.early.off > f.pos.off {
		if ok, err := f.content().Matches(f.early.off, f.early.mark); !ok || err != nil {
			return false, err
		}
	}
	ok, err := f.content().Matches(f.pos.off, f.pos.mark)
	if ok {
		f.trust(e, end, lines)
		if f.below == nil && f.rec == nil && f.joined == 0 && f.z == nil && f.pos.off > 0 && f.pos.mark.Part == 0 {
			f.below = f.content().StepsBelow(f.pos.off, f.pos.mark) // it is known from the run before, or was cut
		}
	}
	return ok, err
}

// nuls treats data that begins with a NUL. A run of them at the start of the
// file is skipped once something follows; when nothing but NULs follows up to
// the end of the file, they are space that the writer took in advance.
func (f *file) nuls(data []byte, width int) (skipped bool, err error) {
	f.reserved = false
	if content.NotNul(data) >= 0 && f.pos.off > 0 {
		return false, nil
	}
	at, err := f.content().FirstData(f.pos.off)
	if err != nil {
		return false, err
	}
	if at < 0 {
		f.spaceFrom(f.pos.off)
		return false, nil
	}
	at -= at % int64(width)
	if f.pos.off > 0 || at < nulRun && (f.prevID == 0 || width > 1) {
		return false, nil
	}
	m, ok, err := f.content().MarkAt(at)
	if err != nil || !ok {
		return false, err
	}
	f.queue.in.stats.nuls.Add(at)
	f.pos, f.hole = position{off: at, mark: m}, at
	f.searchFrom(at)
	return true, nil
}

// cut says how much of data is given now: whole lines; or, when a line is too
// long, one piece of it. A piece is the part-th, and perhaps the last. alone
// says that only one line is wanted, end that the file ends with data.
func (f *file) cut(data []byte, alone, end bool) (used, part int, last bool) {
	if !alone {
		used = bytes.LastIndexByte(data, '\n') + 1
	} else if used = bytes.IndexByte(data, '\n') + 1; used == 0 && len(data) > maxLine {
		return record.WholeUTF8(data[:maxLine]), f.pos.mark.Part + 1, false
	}
	if used == 0 && end && (f.final || f.joined > 0) && f.pos.off+int64(len(data)) >= f.end() {
		used = len(data)
	}
	if used > 0 && f.pos.mark.Part > 0 {
		return used, f.pos.mark.Part + 1, true
	}
	return used, 0, false
}

// give hands out the first used of the n bytes that were read into c.
func (f *file) give(s *feed, c *flow.Chunk, lead, used, part int, last bool, n int) {
	back := f.pos
	s.back = back
	c.File, c.Path, c.Start, c.Reading = f.id, f.path, f.pos.off, 0
	c.Lead, c.Data = c.Buf[:lead], c.Buf[lead:lead+used]
	c.PrefixLen, c.Prefix = f.pos.mark.PrefixLen, f.pos.mark.Prefix
	c.Part, c.Final = part, last
	c.Split()
	f.pos.mark.Extend(c.Lead, c.Data)
	f.pos.off += int64(used)
	f.pos.mark.Part = part
	if last {
		f.pos.mark.Part = 0
	}
	f.noteSteps(c, back)
	rest := c.Buf[lead+used : lead+n]
	if part == 0 && bytes.IndexByte(rest, '\n') < 0 && !bytes.HasPrefix(rest, []byte{0}) { // which is looked at again: see nuls
		f.searched = back.off + int64(n)
	} else {
		f.searchFrom(f.pos.off)
	}
}

// unreadFrom sets the position back to where line n of c starts, which has it; c is
// the chunk that was read last.
func (f *file) unreadFrom(s *feed, c *flow.Chunk, n int) {
	was := f.pos.off
	f.pos = s.back
	if n > 0 {
		span := c.Span(0, n)
		f.pos = position{off: span.End, mark: span.Mark}
	}
	f.below = f.below.Lower(was - f.pos.off)
	f.searchFrom(f.pos.off)
	if c.Reading != 0 {
		f.unreadRecords(s, c, n)
	}
}

// noteSteps keeps places below the position, up to which c was just read from back.
func (f *file) noteSteps(c *flow.Chunk, back position) {
	if f.joined > 0 || f.z != nil {
		f.below = nil // its offsets are not those of its bytes, or it cannot be cut
		return
	}
	f.below = f.below.Note(c, f.pos.off, back.off, back.mark)
}

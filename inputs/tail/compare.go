package tail

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
)

// What another file has of a known one, or its own inode after it was cut, is told
// by the places at which the known one is known; and, while there is a descriptor or
// a name of it, by its bytes. The questions that are asked of an unknown file e:
//
//	sameContent       has it all that was read of f?
//	hasMore           and behind that what f has not any more?
//	beginsLike        it is shorter: has it what was read, as far as it goes?
//	beginsAlike       with how many bytes of what was read does it begin?
//	sameStart         is it the same as f, not only what was read, as far as both go?
//	beginsAndDiffers  do they begin alike, and differ before both end?
//	commonWith        up to where is it the same, and from which line is it read on?
//	sharedBy          the same, if it is most of what they have

// comparedMax is how many bytes of two files are compared, at most, to find from
// where on one of them is read.
const comparedMax = 64 << 20

// places is where f may be known up to its position, in ascending order.
func (in *Input) places(f *file) []position {
	ladder := in.o.Journal.Ladder(f.id)
	acked, mark := in.o.Journal.Acked(f.id)
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []position
	for off, tail := range f.below.Below(f.pos.off) {
		out = append(out, f.placeAt(off, tail))
	}
	for _, s := range ladder {
		if s.Off < f.pos.off {
			out = append(out, f.placeAt(s.Off, s.Tail))
		}
	}
	if acked > 0 && acked < f.pos.off && mark.Part == 0 {
		out = append(out, position{off: acked, mark: mark})
	}
	if f.pos.off > 0 {
		out = append(out, f.pos)
	}
	if f.base > 0 && f.base < f.pos.off {
		out = append(out, position{off: f.base, mark: f.markBase()})
	}
	slices.SortFunc(out, func(a, b position) int { return cmp.Compare(a.off, b.off) })
	return out
}

// placeAt is a place by its Tail. Where that covers all bytes before it no other
// prefix is needed: that of the position may be longer.
func (f *file) placeAt(off int64, tail uint32) position {
	m := flow.Mark{Tail: uint64(tail), Window: flow.TailMax}
	if off >= flow.PrefixMax {
		m.PrefixLen, m.Prefix = f.pos.mark.PrefixLen, f.pos.mark.Prefix
	}
	return position{off: off, mark: m}
}

// placeOf is the highest place of f at which c, of so many bytes, has what was read
// of it, and the limit up to which that may be so: the next place, or how far both
// go. Without a place it is 0. all says that it has no other bytes before any place.
func (in *Input) placeOf(f *file, c content.Content, size int64) (p position, limit int64, all bool) {
	limit, all = min(size, f.at()), true
	for _, p := range slices.Backward(in.places(f)) {
		if p.off > size {
			continue
		}
		if same, err := c.Matches(p.off, p.mark); same && err == nil {
			part := p.mark.Part
			p.mark, same, err = c.MarkAt(p.off) // a step has no prefix
			if p.mark.Part = part; same && err == nil {
				return p, limit, all
			}
		}
		limit, all = p.off, false
	}
	return position{}, limit, all
}

// common is what a file has of a known one, by the bytes of both.
type common struct {
	position       // the highest at which it is read on
	end      int64 // where they begin to differ
	size     int64 // of the known one; -1 when they cannot be compared
	differ   bool  // they do, before one of them ends
}

// all says that the file has all bytes of the known one.
func (c common) all() bool { return c.size >= 0 && c.end >= c.size }

// compared is what the file at e, open at fd, has of f: it is the same up to p, and
// from there on their bytes are compared, most of them at most.
func (in *Input) compared(f *file, e disk.Entry, fd int, p position, most int64) (c common) {
	at, end, err := in.differ(f, fd, p.off, min(e.Size, p.off+most))
	c = common{p, end, at.Size, err == nil && end < min(e.Size, p.off+most, at.Size)}
	if err != nil {
		c.size = -1
		return c
	}
	if f.rec != nil && !c.all() {
		return c // it is not known which of its lines begin a record
	}
	of, line := in.content(fd), end
	if !c.all() || end < e.Size || e.Path == f.path { // else neither is written to: half a line is the last one
		line, err = of.LineStart(end, f.width())
	}
	if err != nil || line <= p.off {
		return c
	}
	if m, ok, err := of.MarkAt(line); ok && err == nil {
		c.position = position{off: line, mark: m}
	}
	return c
}

// differ is the first byte, from off on and before end, at which the file open at fd
// differs from f, which at describes.
func (in *Input) differ(f *file, fd int, off, end int64) (at disk.Entry, same int64, err error) {
	own, err := in.openAgain(f)
	if err != nil {
		return at, off, err
	}
	defer unix.Close(own)
	if at, err = in.disk.StatFD(own); err != nil {
		return at, off, err
	}
	return at, in.disk.DifferAt(own, fd, off, min(at.Size, end)), nil
}

// openAgain is a descriptor of f, which nobody else closes. It needs no name where f
// is open. Where f is compressed the error is errPacked.
func (in *Input) openAgain(f *file) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.key == disk.Key{}:
		return -1, errGone
	case f.packed:
		return -1, errPacked
	case f.fd >= 0:
		return unix.FcntlInt(uintptr(f.fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	fd, _, err := in.disk.OpenAs(f.now, f.key)
	return fd, err
}

// sameContent says whether the file at e begins like f, up to f's position.
func (in *Input) sameContent(f *file, e disk.Entry) (bool, error) {
	pos := f.place()
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	return in.content(fd).Matches(pos.off, pos.mark)
}

// beginsLike says whether the file at e, which is shorter than what was read of
// f, has the same first bytes, and the same before the highest place below its
// end at which f is known.
func (in *Input) beginsLike(f *file, e disk.Entry) bool {
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return in.isBeginning(in.content(fd), e.Size, f)
}

// isBeginning says so of c, of so many bytes.
func (in *Input) isBeginning(c content.Content, size int64, f *file) bool {
	m := f.place().mark
	p, _, all := in.placeOf(f, c, size)
	if n := int64(m.PrefixLen); n >= flow.Enough && n <= size {
		return all && c.BeginsWith(m)
	}
	return all && p.off >= flow.Enough
}

// hasMore says that the file at e has what was read of f, and behind that what f has
// not any more.
func (in *Input) hasMore(f *file, e disk.Entry) bool {
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	pos := f.place()
	if same, err := in.content(fd).Matches(pos.off, pos.mark); !same || err != nil || !in.present(f) {
		return false
	}
	_, end, err := in.differ(f, fd, pos.off, e.Size)
	return err == nil && end < e.Size
}

// sameStart says whether the file at e and f have the same content as far as
// both go, or f is not where it was. The error is disk.ErrMoved when e is not there.
func (in *Input) sameStart(f *file, e disk.Entry) (bool, error) {
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return true, err
	}
	defer unix.Close(fd)
	if !in.present(f) {
		return true, nil // e may be what came after it
	}
	at, same, err := in.differ(f, fd, 0, e.Size)
	return err != nil || same > 0 && same >= min(e.Size, at.Size), nil
}

// commonWith is what the file at e has of t, of which so many bytes behind the highest
// place that both have, which is known, are compared at most. It is read on from the
// line at which they begin to differ, or from that place.
func (in *Input) commonWith(t *file, e disk.Entry, most int64) (has common, known int64) {
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return has, 0
	}
	defer unix.Close(fd)
	p, _, _ := in.placeOf(t, in.content(fd), e.Size)
	return in.compared(t, e, fd, p, most), p.off
}

// beginsAlike is with how many bytes of those that are known of t the file at e begins,
// none if they are fewer than flow.Enough. More of them may be the same than it says.
func (in *Input) beginsAlike(t *file, e disk.Entry) int64 {
	t.mu.Lock()
	p := t.pos
	if !t.known() && t.early != nil {
		p = *t.early // it was not read yet
	}
	t.mu.Unlock()
	if p.off < flow.Enough {
		return 0
	}
	fd, err := in.disk.Open(e.Path)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	switch same, err := in.content(fd).Matches(p.off, p.mark); {
	case err == nil && same && e.Size >= p.off:
		return p.off
	case in.content(fd).BeginsWith(p.mark):
		return int64(p.mark.PrefixLen)
	}
	return 0
}

// sharedBy is up to where the file at e, open at fd, has what was read, or is still
// to be read, of f. most says that this is more than half of what they have, and more
// than the first bytes, which are known of every file.
func (in *Input) sharedBy(f *file, e disk.Entry, fd int) (has common, most bool) {
	pos, own, c := f.place(), f.ownAt(), in.content(fd)
	first := int64(pos.mark.PrefixLen)
	begins := e.Size >= max(first, 1) && c.BeginsWith(pos.mark)
	if rest := f.joinedPrefix(); !begins && rest != nil {
		first -= int64(len(rest))
		begins = e.Size >= max(first, flow.Enough) && c.BeginsWith(pos.mark, rest...)
	}
	if !begins {
		return has, false
	}
	both := min(e.Size, own)
	p, _, all := in.placeOf(f, c, both)
	if !all {
		return has, false
	}
	p.off = max(p.off, first)
	has = in.compared(f, e, fd, p, comparedMax)
	if own < pos.off && has.off < own && e.Size == own && e.Dated {
		// the mark at its end has what is joined to it
		if m, ok, err := c.MarkAt(own); ok && err == nil {
			has.position = position{off: own, mark: m}
		}
	}
	return has, has.off >= own || has.off > first && has.off >= both/2
}

// beginsAndDiffers says that the file at e begins like f, as far as that is known of
// every file, and differs from it before both end.
func (in *Input) beginsAndDiffers(f *file, e disk.Entry) bool {
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	mark := f.place().mark
	if !in.present(f) || !in.content(fd).BeginsWith(mark) {
		return false
	}
	at, end, err := in.differ(f, fd, 0, e.Size)
	return err == nil && end >= int64(mark.PrefixLen) && end < min(e.Size, at.Size)
}

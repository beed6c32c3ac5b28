package tail

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/record"
)

// A record of several lines may be cut by a rotation: how much of it is at the beginning
// of the next file. Then, what is written to a file behind the half that was joined.

// followed says whether a successor of f at its path has data.
func (f *file) followed() bool {
	g := f.successor()
	return g != nil && g.sizeSeen() > 0
}

// successor is what came to the path of f after it and is not read yet.
func (f *file) successor() *file {
	i := slices.IndexFunc(f.followers, func(g *file) bool {
		return g.prev == f && g.prevID == f.id && g.path == f.path && g.base == 0
	})
	if i < 0 {
		return nil
	}
	return f.followers[i]
}

// mayGoOn says whether the record that f ends with may go on at the beginning of
// its successor: it ends with a whole line, and one line does not make a record.
// A line that breaks off in a renamed file does not go on: who renames lets the
// writer finish it.
func (in *Input) mayGoOn(f *file) bool {
	if f.rec == nil || f.half || f.final || f.joined > 0 {
		return false
	}
	g := f.successor()
	if g == nil || f.rec.asked {
		return false
	}
	f.rec.asked = true
	c, how, ok := f.pending()
	if !ok || len(c.Data) == 0 || !how.WholeLines(c.Data) {
		return false
	}
	f.half, f.next = true, g
	return true
}

// pending is the bytes of f that are not given, and how they are cut.
func (f *file) pending() (c flow.Chunk, how record.Numbered, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open() != nil {
		return c, how, false
	}
	how, err := f.reading()
	if err != nil || f.size-f.pos.off >= int64(how.Window()) {
		return c, how, false
	}
	p := make([]byte, f.size-f.pos.off, how.Window())
	n, err := f.content().Pread(p, f.pos.off)
	return flow.Chunk{Data: p, Start: f.pos.off, Part: f.pos.mark.Part, Reading: how.Number}, how, err == nil && n == len(p)
}

// rest is how many bytes at the beginning of g, behind a hole, go on with what f
// breaks off in: as restIn and firstLine say.
func (in *Input) rest(f, g *file) (hole, n int64, same bool) {
	if hole, same = g.holeOf(f.sizeSeen()); !same {
		return 0, 0, false
	}
	if f.rec != nil {
		n, same = in.restIn(f, g, hole)
	} else {
		n, same = in.firstLine(g, hole, int(f.size-f.pos.off))
	}
	return hole, n, same
}

// restIn is how many bytes of g at from go on with the record that f breaks off in;
// -1 when that is not known yet. It reports false when g is not what it was.
func (in *Input) restIn(f, g *file, from int64) (int64, bool) {
	c, how, ok := f.pending()
	if !ok {
		return 0, true
	}
	half := len(c.Data)
	p := c.Data[:cap(c.Data)-1] // with one more, a cut would use some in any case
	n, same := g.readHead(p[half:], from)
	switch {
	case !same:
		return 0, false
	case n < 0 || how.Marked(p[half:half+n]):
		return 0, true
	}
	quiet := time.Since(g.lastGrown())
	end := record.More
	if n > 0 && quiet >= f.rec.how.Wait {
		end = record.Quiet
	}
	c.Data = p[:half+n]
	var k record.Cutter
	used, _ := k.Cut(how.Reading, &c, end)
	switch {
	case used >= half:
		return int64(k.Over(half) - half), true
	case half+n == len(p) || g.state != following || quiet >= graceTime:
		return 0, true
	}
	return -1, true
}

// A writer may go on in a rotated file after its last record was joined with the
// beginning of the next. The joined bytes count as the file's own, at offsets
// where it has other bytes now: those are a file of their own, with the same
// inode, that begins where the old one ended.

// lateBytes says that f has bytes that came after all of it, and what was joined
// to it, was read. The caller holds mu.
func (f *file) lateBytes(size int64) bool {
	return f.joined > 0 && !f.packed && size > f.size && f.pos.off >= f.size+f.joined
}

// splitLate makes a file of the late bytes in the inode of f, which e describes,
// once all of f is acked: they come after it, and before what waits for it. The new
// file is open, since its name may be gone.
func (in *Input) splitLate(f *file, e disk.Entry) {
	if in.unacked(f) {
		return // it may have to be read again
	}
	fd, err := in.openAgain(f)
	if err != nil {
		return // it is tried again
	}
	place := position{off: f.size}
	ok := false
	if place.mark, ok, err = in.content(fd).MarkAt(place.off); err != nil || !ok {
		unix.Close(fd)
		return
	}
	waiting := f.followers
	f.followers = nil
	if own := in.detach(f); own >= 0 {
		unix.Close(own)
	}
	if f.state == done {
		in.slipped(f)
		in.noteFile(f)
	} else {
		in.finish(f)
	}
	newest := in.tails[f.path]
	g := in.create(e, f.path, rotated)
	g.beginAt(place)
	g.prevID, g.late, g.gone = f.id, true, e.Nlink == 0
	g.mu.Lock()
	g.hold(fd)
	g.mu.Unlock()
	if newest == f {
		in.tails[f.path] = g
	}
	for _, n := range waiting {
		n.after(g)
	}
	in.recordNew()
}

// allJoined says that all of f, which is known from the run before, and of what
// is joined to it was read when it had f.size bytes, and more came since: the mark
// does not fit the bytes that it has now, and fits what is joined. The caller
// holds mu.
func (f *file) allJoined() bool {
	letGo, err := f.openFor()
	if f.packed || err != nil {
		return false
	}
	defer letGo()
	same, err := f.content().Matches(f.pos.off, f.pos.mark)
	lead, n := make([]byte, content.LeadLen(f.pos.off)), 0
	if !same && err == nil {
		n, err = f.preadJoined(lead, f.pos.off-int64(len(lead)))
	}
	return !same && err == nil && n == len(lead) && f.pos.mark.Follows(lead)
}

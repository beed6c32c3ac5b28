package tail

import (
	"golang.org/x/sys/unix"
)

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
// once all of f is acked: they come after it, and before what waits for it.
func (in *Input) splitLate(f *file, e entry) {
	if in.unacked(f) {
		return // it may have to be read again
	}
	fd, _, err := in.disk.openAs(f.now, f.key)
	if err != nil {
		return // it is tried again
	}
	defer unix.Close(fd)
	place := position{off: f.size}
	ok := false
	if place.mark, ok, err = in.disk.content(fd).markAt(place.off); err != nil || !ok {
		return
	}
	waiting := f.followers
	f.followers = nil
	if fd := in.detach(f); fd >= 0 {
		unix.Close(fd)
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
	g.prevID, g.late = f.id, true
	if newest == f {
		in.tails[f.path] = g
	}
	for _, n := range waiting {
		n.after(g)
	}
	in.record()
}

// allJoined says that all of f, which is known from the run before, and of what
// is joined to it was read when it had f.size bytes, and more came since: the mark
// does not fit the bytes that it has now, and fits what is joined. The caller
// holds mu.
func (f *file) allJoined() bool {
	closed := f.fd < 0
	if f.packed || f.open() != nil {
		return false
	}
	same, err := f.content().matches(f.pos.off, f.pos.mark)
	lead, n := make([]byte, leadLen(f.pos.off)), 0
	if !same && err == nil {
		n, err = f.preadJoined(lead, f.pos.off-int64(len(lead)))
	}
	if closed {
		f.close()
	}
	return !same && err == nil && n == len(lead) && f.pos.mark.Follows(lead)
}

package tail

import (
	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// A file may have lost its end, and nothing else: somebody cut it shorter, or a
// power loss took what was not on the disk yet. Then it is not read again from its
// beginning, but from the highest place at which it is known: the position, a
// place shortly below it (content.Steps), the one up to which it is acked, or a step of
// the journal's ladder.
//
// A file that is written anew and begins as it did before looks the same, and the
// bytes that it has at the same place are the same: they are not shipped again
// either. While the agent runs, which no power loss lets it, that must be half of
// what is there now: otherwise it is more likely that it is another file, and all
// of it is shipped. So is one of which too little was read to know it by.

// goesOn says that the inode of f, which at describes, has lost its end and is to
// be read on from p, where it is known.
func (f *file) goesOn(p position, at disk.Entry) bool {
	return p.off >= flow.Enough && (p.off >= at.Size/2 || f.fromBefore())
}

// fromBefore says that f was not seen as it was yet in this run.
func (f *file) fromBefore() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.certain == 0
}

// remains is what there is of a file that was truncated: it is known up to place, up
// to limit perhaps, and read on from there if it goesOn.
type remains struct {
	place         position
	limit         int64
	known, goesOn bool
}

// remainsOf is what there is of f in its inode, which at describes and which is open
// at fd, if that is not negative.
func (in *Input) remainsOf(f *file, at disk.Entry, fd int) (left remains) {
	if fd < 0 {
		var err error
		if fd, _, err = in.disk.OpenAs(at.Path, at.Key); err != nil {
			return left
		}
		defer unix.Close(fd)
	}
	c := in.content(fd)
	left.place, left.limit, _ = in.placeOf(f, c, at.Size)
	left.known = left.place.off > 0
	left.goesOn = left.known && f.goesOn(left.place, at)
	m := f.place().mark
	if n := int64(m.PrefixLen); !left.known && n >= flow.Enough && at.Size >= n && c.BeginsWith(m) {
		left.place.off, left.limit, left.known = n, min(at.Size, f.at()), true
	}
	return left
}

// readRemains lets g, which has the inode of f from now on, be read from where that
// is not known.
func (in *Input) readRemains(g, f *file, left remains) {
	switch {
	case left.goesOn:
		in.readOn(g, f, left.place, left.limit)
	case left.known:
		in.readAgain(g, f, left.place, left.limit)
	default:
		in.log.Info("a file was emptied, or written anew: what is in it now is shipped from its beginning", "path", f.path, "bytes", g.size)
	}
}

// readAgain lets g, which has the inode of f from now on and begins as that did
// up to p at least, and limit at most, be read from where f was: from its beginning,
// but for bytes that are history, or count as the end of what was before f.
func (in *Input) readAgain(g, f *file, p position, limit int64) {
	from := f.base
	if from > p.off {
		from = 0
	}
	if from > 0 {
		g.beginAt(position{off: from, mark: f.markBase()})
		g.prevID = 0 // it does not go on with a line of f
	}
	in.stats.again.Add(limit - from)
	in.log.Warn("a file was cut shorter, or written anew with the same beginning: it is read from its beginning, and lines may come twice",
		"path", f.path, "bytes", limit-from)
}

// cutDone is called when the inode of f, which is done, has other content. If it
// has only lost its end, what is there is read on from the highest place at which
// it is known, in the upper half of it; otherwise it is found anew, if it matches
// a pattern.
func (in *Input) cutDone(f *file, at disk.Entry, fd int) {
	left := in.remainsOf(f, at, fd)
	if fd >= 0 {
		unix.Close(fd)
	}
	in.noteFile(f)
	if !left.goesOn {
		return
	}
	g := in.create(at, f.path, rotated)
	in.readOn(g, f, left.place, left.limit)
	g.prevID = f.id
	if in.tails[f.path] == f {
		in.tails[f.path] = g
	}
	in.recordNew() // after what was noted of f
}

// readOn lets g, which has the inode of f from now on, be read from p, where f was
// known again; it may have been the same up to limit.
func (in *Input) readOn(g, f *file, p position, limit int64) {
	again := max(0, min(limit, f.at())-p.off)
	in.stats.again.Add(again)
	says := "a file has lost its end, or was written anew with the same beginning: it is read on from where it is known again"
	if again > 0 {
		says += ", and lines may come twice"
	}
	in.log.Warn(says, "path", f.path, "offset", p.off, "bytes", again)
	g.alike = p.off
	g.beginAt(p)
	g.prevID = 0  // it does not begin in the middle of a line of f
	in.changed(g) // which finds the steps below p
}

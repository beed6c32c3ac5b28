package tail

import (
	"cmp"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// A file may have lost its end, and nothing else: somebody cut it shorter, or a
// power loss took what was not on the disk yet. Then it is not read again from its
// beginning, but from the highest place at which it is known: the position, a
// place shortly below it (steps.go), the one up to which it is acked, or a step of
// the journal's ladder.
//
// A file that is written anew and begins as it did before looks the same, and the
// bytes that it has at the same place are the same: they are not shipped again
// either. While the agent runs, which no power loss lets it, that must be half of
// what is there now: otherwise it is more likely that it is another file, and all
// of it is shipped. So is one of which too little was read to know it by.

// settleTime is for how long what is at the inode of a file that became shorter may
// change before it is judged: who writes the same content anew empties it first.
const settleTime = quietTime * 3 / 4

// shrinking is how a file became shorter: its size now, since when that is so, and
// when it was first seen shorter.
type shrinking struct {
	size         int64
	since, began time.Time
}

// settled says whether f, of which the inode at has less than was read, is as it will
// be. If not, another look at its directory is made soon.
func (in *Input) settled(f *file, at entry, dir string) bool {
	if read := f.at(); at.size >= read || read < flow.Enough {
		return true
	}
	now := time.Now()
	was, ok := in.shrunk[f]
	if !ok {
		was.began = now
	}
	if !ok || was.size != at.size {
		was.size, was.since = at.size, now
	}
	if now.Sub(was.began) >= settleTime || at.size > 0 && now.Sub(was.since) >= quietTime/4 {
		return true
	}
	in.shrunk[f], in.waiting[f] = was, true
	in.seek(f, true)
	in.lookSoon(dir)
	return false
}

// cutBack is the highest place of f up to which its inode, which at describes,
// still has what was read, and the limit up to which that may be so: the next
// place. fd is its descriptor, or -1.
func (in *Input) cutBack(f *file, at entry, fd int) (p position, limit int64, ok bool) {
	places := in.places(f)
	if len(places) == 0 || at.size == 0 {
		return position{}, 0, false
	}
	if fd < 0 {
		var err error
		if fd, _, err = in.disk.openAs(at.path, at.key); err != nil {
			return position{}, 0, false
		}
		defer unix.Close(fd)
	}
	limit = min(at.size, f.at())
	for i := len(places) - 1; i >= 0; i-- {
		p := places[i]
		if p.off > at.size {
			continue
		}
		if same, err := in.disk.content(fd).matches(p.off, p.mark); same && err == nil {
			p.mark, same, err = in.disk.content(fd).markAt(p.off)
			return p, limit, same && err == nil
		}
		limit = p.off
	}
	return position{}, limit, false
}

// places is where f may be known up to its position, in ascending order.
func (in *Input) places(f *file) []position {
	ladder := in.o.Journal.Ladder(f.id)
	acked, mark := in.o.Journal.Acked(f.id)
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.placesBelow()
	for _, s := range ladder {
		if s.Off < f.pos.off {
			out = append(out, f.placeAt(s.Off, s.Tail))
		}
	}
	if acked > 0 && acked < f.pos.off && mark.Part == 0 {
		out = append(out, position{off: acked, mark: mark})
	}
	if f.pos.off > 0 && f.pos.mark.Part == 0 {
		out = append(out, f.pos)
	}
	if f.base > 0 && f.base < f.pos.off {
		out = append(out, position{off: f.base, mark: *f.baseMark})
	}
	slices.SortFunc(out, func(a, b position) int { return cmp.Compare(a.off, b.off) })
	return out
}

// goesOn says that the inode of f, which at describes, has lost its end and is to
// be read on from p, where it is known.
func (f *file) goesOn(p position, at entry) bool {
	return p.off >= flow.Enough && (p.off >= at.size/2 || f.fromBefore())
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
func (in *Input) remainsOf(f *file, at entry, fd int) (left remains) {
	left.place, left.limit, left.known = in.cutBack(f, at, fd)
	left.goesOn = left.known && f.goesOn(left.place, at)
	if n := f.prefixLen(); !left.known && n >= flow.Enough && at.size >= n && in.samePrefix(f, at) {
		left.place.off, left.limit, left.known = n, min(at.size, f.at()), true
	}
	return left
}

// prefixLen is how many of the first bytes of f are known together.
func (f *file) prefixLen() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(f.pos.mark.PrefixLen)
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
		g.beginAt(position{off: from, mark: *f.baseMark})
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
func (in *Input) cutDone(f *file, at entry, fd int) {
	place, limit, known := in.cutBack(f, at, fd)
	if fd >= 0 {
		unix.Close(fd)
	}
	in.noteFile(f)
	if !known || !f.goesOn(place, at) {
		return
	}
	g := in.create(at, f.path, rotated)
	in.readOn(g, f, place, limit)
	g.prevID = f.id
	if in.tails[f.path] == f {
		in.tails[f.path] = g
	}
	in.record() // after what was noted of f
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
	g.beginAt(p)
	g.prevID = 0  // it does not begin in the middle of a line of f
	in.changed(g) // which finds the steps below p
}

package tail

import (
	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// A file may have lost its end, and nothing else: a power loss takes what was
// not on the disk yet. Then it is not read again from its beginning, but from the
// highest place that is known of it: the position up to which it is acked, or a
// step of the journal's ladder.
//
// A file that is written anew and begins as it did before looks the same. While
// the agent runs, which no power loss lets it, that is the likelier of the two,
// and its lines must not be lost: then it is read from its beginning.

// cutBack is the highest place below the position of f up to which its inode,
// which at describes, still has what was read. fd is its descriptor, or -1.
func (in *Input) cutBack(f *file, at entry, fd int) (position, bool) {
	places := in.places(f)
	if len(places) == 0 || at.size == 0 {
		return position{}, false
	}
	if fd < 0 {
		var err error
		if fd, _, err = in.disk.openAs(at.path, at.key); err != nil {
			return position{}, false
		}
		defer unix.Close(fd)
	}
	for i := len(places) - 1; i >= 0; i-- {
		p := places[i]
		if p.off > at.size {
			continue
		}
		if same, err := in.disk.content(fd).matches(p.off, p.mark); same && err == nil {
			return p, true
		}
	}
	return position{}, false
}

// places is where f may be known below its position, in ascending order.
func (in *Input) places(f *file) []position {
	f.mu.Lock()
	pos := f.pos
	f.mu.Unlock()
	var out []position
	for _, s := range in.o.Journal.Ladder(f.id) {
		out = append(out, position{off: s.Off, mark: flow.Mark{
			PrefixLen: pos.mark.PrefixLen, Prefix: pos.mark.Prefix, Tail: uint64(s.Tail), Window: flow.TailMax,
		}})
	}
	if off, mark := in.o.Journal.Acked(f.id); off < pos.off && mark.Part == 0 && off >= flow.PrefixMax {
		out = append(out, position{off: off, mark: mark})
	}
	return out
}

// fromBefore says that f was not seen as it was yet in this run.
func (f *file) fromBefore() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.certain == 0
}

// readAgain lets g, which has the inode of f from now on and begins as that did
// up to p, be read from where f was: from its beginning, but for bytes that are
// history, or count as the end of what was before f.
func (in *Input) readAgain(g, f *file, p position) {
	from := f.base
	if from > p.off {
		from = 0
	}
	if from > 0 {
		g.beginAt(position{off: from, mark: *f.baseMark})
		g.prevID = 0 // it does not go on with a line of f
	}
	in.stats.again.Add(p.off - from)
	in.log.Warn("a file was cut shorter, or written anew with the same beginning: it is read from its beginning, and lines may come twice",
		"path", f.path, "bytes", p.off-from)
}

// cutDone is called when the inode of f, which is done, has other content. If it
// has only lost its end, what is there is read on from the highest place at which
// it is known, in the upper half of it; otherwise it is found anew, if it matches
// a pattern.
func (in *Input) cutDone(f *file, at entry, fd int) {
	place, known := in.cutBack(f, at, fd)
	if fd >= 0 {
		unix.Close(fd)
	}
	in.noteFile(f)
	if !known || place.off < at.size/2 {
		return
	}
	g := in.create(at, f.path, rotated)
	in.readOn(g, f, place)
	g.prevID = f.id
	if in.tails[f.path] == f {
		in.tails[f.path] = g
	}
	in.record() // after what was noted of f
}

// readOn lets g, which has the inode of f from now on, be read from p, where f was
// known again.
func (in *Input) readOn(g, f *file, p position) {
	again := min(g.size, f.at()) - p.off
	in.stats.again.Add(again)
	in.log.Warn("a file has lost its end: it is read on from where it is known again, and lines may come twice",
		"path", f.path, "offset", p.off, "bytes", again)
	g.beginAt(p)
	g.prevID = 0 // it does not begin in the middle of a line of f
}

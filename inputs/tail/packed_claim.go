package tail

import (
	"bytes"
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
)

// claim gives p to the known file whose content it holds, and reports whether
// there is one. A file that is somewhere else as well, or is open and not read
// to its end, keeps its place: p is its copy for now.
func (in *Input) claim(p *parcel) bool {
	if p.held && p.of.state != done && p.of.isOpen() {
		return true
	}
	p.held = false
	f, h := in.holder(p)
	if (f == nil || f.state == done) && in.stale(p) {
		p.glance, p.inside, p.of = nil, nil, nil
		in.glance(p)
		return true
	}
	if f == nil {
		p.of = in.openHolder(p)
		p.held = p.of != nil
		return p.held || in.isPart(p)
	}
	switch {
	case f.state != done && f.isOpen():
		p.of, p.held = f, true
	case in.present(f):
		p.of = f
	case in.seenByLook(f):
		p.of = f // for now: the next look tells where it went
		in.moved(f, p)
	case h.off != f.at():
		p.of, p.glance, p.inside = f, nil, nil // it was read on since
		in.glance(p)
	default:
		in.pour(f, p)
	}
	return true
}

// reopened says that what was found out of p does not hold any more, and is
// being found out again.
func (in *Input) reopened(p *parcel) bool {
	return in.parcels[p.key] == p && p.of == nil && p.known() == nil
}

// holder is the file whose content p holds, and how far it had been read: one
// that is not done, else the one of which most was read.
func (in *Input) holder(p *parcel) (*file, holding) {
	c := p.known()
	if c == nil || c.err != nil {
		return nil, holding{}
	}
	var best *file
	var at holding
	for id, h := range c.holds {
		f := in.files[id]
		switch {
		case f == nil, !f.owned(p.entry):
		case h.off < flow.Enough && (!c.whole || c.size != h.off || f.state != done || in.present(f)):
			// too little to tell by, unless it is all
		case p.inside == nil && c.size != h.off && (f.state == done || !f.isOpen()):
			// not before it is sure that nobody writes to it
		case best == nil, best.state == done && (f.state != done || h.off > at.off):
			best, at = f, h
		}
	}
	for id := range c.begins {
		if f := in.files[id]; best == nil && f != nil && c.whole && f.owned(p.entry) && f.endsJoined(c.size) {
			best, at = f, holding{off: f.at()}
		}
	}
	return best, at
}

// endsJoined says that all of f was read, the last line of which ends in the
// next file, and that f is size bytes long without that.
func (f *file) endsJoined(size int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.joined > 0 && f.pos.off == size+f.joined
}

// stale says that a file was read to its end since p was compared with it, or
// can be compared with it only now.
func (in *Input) stale(p *parcel) bool {
	c := p.known()
	return c != nil && slices.ContainsFunc(in.mayHold(p), func(f *file) bool {
		return f.id <= c.newest && f.state == done && c.asked[f.id] != f.at() || c.blind[f.id] && f.comparable()
	})
}

// openHolder is the open file that has the size of p and begins like it.
func (in *Input) openHolder(p *parcel) *file {
	c := p.known()
	if c == nil || c.err != nil || !c.whole && !c.told || c.size == 0 {
		return nil
	}
	for _, f := range in.mayHold(p) {
		f.mu.Lock()
		same := f.state != done && f.fd >= 0 && f.z == nil && f.owned(p.entry)
		if same {
			e, err := f.content().describe()
			same = err == nil && e.size == c.size
		}
		if same {
			buf := make([]byte, len(c.head))
			n, err := f.content().pread(buf, 0)
			same = err == nil && bytes.Equal(buf[:n], c.head)
		}
		f.mu.Unlock()
		if same {
			return f
		}
	}
	return nil
}

// claimShort gives p, the oldest parcel that is nobody's, to the missing file of
// its path of which too little was read to know its content by, if p begins with
// that and is in its place. An empty one may also be that of an empty file that
// is done. When there are more of them than parcels, of which newer come after p,
// it is the last that was made before p was last written to. wait says that the
// next look will tell.
func (in *Input) claimShort(p *parcel, family []member, newer int) (wait bool) {
	c := p.inside
	if c == nil || c.err != nil {
		return false
	}
	var may []*file
	for _, f := range in.filesOf(p.path) {
		at := f.at()
		empty := c.whole && c.size == 0 && at == 0 && !f.packed && f.key != key{}
		if f.state == done && !empty || f.state == unfollowed || at >= flow.Enough || f.isOpen() || !f.owned(p.entry) || at > 0 && c.holds[f.id].off != at {
			continue
		}
		if in.present(f) || !in.fits(f, p, family) {
			continue
		}
		if in.seenByLook(f) {
			in.moved(f, p)
			return true
		}
		may = append(may, f)
	}
	i := 0
	for i+1 < len(may)-newer && may[i+1].birth <= p.mtime && p.mtime < p.key.birth {
		i++
	}
	if len(may) > 0 {
		in.pour(may[i], p)
	}
	return false
}

// seenByLook says that the last look at its directory has seen f. When it is not
// present, it was renamed or removed since: a directory of many rotated files
// takes a while to rename them all.
func (in *Input) seenByLook(f *file) bool {
	d := in.dirs[filepath.Dir(f.now)]
	if d == nil || d.last == nil {
		return false
	}
	_, seen := d.last.find(f.key)
	return seen
}

// moved has the directories of f and p looked at again, since names changed during
// the look.
func (in *Input) moved(f *file, p *parcel) {
	for _, dir := range append(p.dirs(), filepath.Dir(f.now)) {
		in.touched(dir)
	}
}

// fits says that f may be at p: the known files of its family that are older are
// read before it, and those that are newer after it; and what is not known and
// older than p is not younger than f.
func (in *Input) fits(f *file, p *parcel, family []member) bool {
	before, newest := true, true
	for _, m := range family {
		g := in.byKey[m.key]
		switch {
		case m.key == p.key:
			before = false
		case g == nil && before && !m.gen.packed && !m.kept() && m.key.birth > f.birth:
			return false
		case g == nil, g.path != f.path, g == f, g.state == done && g.at() == g.base: // history may be known late
		case before != (g.id < f.id):
			return false
		case !before:
			newest = false
		}
	}
	// else it may as well be one that nobody saw, of which all is read then
	return !newest || f.at() > 0 || !in.writtenAfter(p, f)
}

// writtenAfter says that p, which has the mtime of the plain file, was written to
// later than all files that came after f and were rotated, so that it is hardly f.
func (in *Input) writtenAfter(p *parcel, f *file) bool {
	var last int64
	for _, g := range in.filesOf(f.path) {
		switch {
		case g.id <= f.id || g.birth <= f.birth || f.birth == 0:
		case g.now == g.path && in.present(g):
			return false
		default:
			last = max(last, in.lastWrite(g))
		}
	}
	return last > 0 && p.mtime > last
}

// known is what has been found out of p; nil: nothing yet.
func (p *parcel) known() *inside {
	if p.inside != nil {
		return p.inside
	}
	return p.glance
}

// pour makes p the place of f, whose content it has.
func (in *Input) pour(f *file, p *parcel) {
	c := p.known()
	delete(in.parcels, p.key)
	f.queue.remove(f)
	in.rotate(f)
	rest := false
	in.rebindAs(f, p.entry, func() {
		f.wrap(c.size)
		rest = f.unread()
	})
	f.misses, f.missing, f.gone, f.resumed, f.sealed = 0, false, false, false, true
	f.packedAs = stamp{p.size, p.mtime}
	if h, ok := c.holds[f.id]; ok && c.whole {
		f.behind = h
	}
	switch {
	case rest && f.state == done:
		in.belated(f)
	case rest:
		in.log.Info("the rest of a file is read from its compressed form", "path", f.path, "now", p.entry.path, "offset", f.at(), "bytes", c.size-f.at())
		in.wake(f)
	}
}

// wrap makes f a compressed file of size plain bytes. The caller holds mu.
func (f *file) wrap(size int64) {
	f.packed, f.size, f.certain, f.searched = true, size, size, f.pos.off
	f.reserved, f.mtime, f.early, f.sought, f.copyPending = false, 0, nil, false, false
}

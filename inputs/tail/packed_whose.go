package tail

import (
	"bytes"
	"cmp"
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// Whose content a compressed file has is told by what packed.Inspect found in it, and by
// where the files that may have had it are now.

// claim gives p to the known file whose content it holds, and reports whether
// there is one. A file that is somewhere else as well, or is open and not read
// to its end, keeps its place: p is its copy for now.
func (in *Input) claim(p *parcel) bool {
	if p.held && p.of.state != done && p.of.isOpen() {
		return true
	}
	p.held = false
	f, h := in.holder(p)
	if f == nil && in.isPart(p) {
		return true
	}
	if (f == nil || f.state == done) && in.stale(p) {
		p.glance, p.inside, p.of = nil, nil, nil
		in.glance(p)
		return true
	}
	if f == nil {
		p.of = in.openHolder(p)
		p.held = p.of != nil
		return p.held
	}
	switch {
	case f.state != done && f.isOpen():
		p.of, p.held = f, true
	case in.present(f):
		p.of = f
	case in.notFirst(f, p):
		p.of = nil // an older one has what was read of it, too, or may have
	case in.seenByLook(f):
		p.of = f // for now: the next look tells where it went
		in.moved(f, p)
	case h.Off != f.at():
		p.of, p.glance, p.inside = f, nil, nil // it was read on since
		in.glance(p)
	default:
		in.pour(f, p)
	}
	return true
}

// notFirst says that an older compressed file than p may have the content of f, too:
// logs may begin alike, and the oldest that is not known is f.
func (in *Input) notFirst(f *file, p *parcel) bool {
	var family []rotation.Member
	for _, q := range in.parcels {
		if q.path != p.path || q.Mtime < f.key.Birth && p.Mtime >= f.key.Birth {
			continue
		}
		g, ok := rotation.Parse(filepath.Base(q.path), filepath.Base(q.Entry.Path))
		if now, err := in.disk.Stat(q.Entry.Path); ok && err == nil && now.Key == q.Key && in.unknownPacked(q.Entry) {
			family = append(family, rotation.Member{Entry: q.Entry, Gen: g})
		}
	}
	rotation.Sort(family)
	for _, m := range family {
		q := in.parcels[m.Key]
		if q == p {
			return false
		}
		if c := q.known(); (c == nil || c.Begins[f.id]) && in.insideOf(q) == nil && !q.unreadable() {
			return true
		}
		if g, _ := in.holder(q); g == f {
			return true
		}
	}
	return false
}

// reopened says that what was found out of p does not hold any more, and is
// being found out again.
func (in *Input) reopened(p *parcel) bool {
	return in.parcels[p.Key] == p && p.of == nil && p.known() == nil
}

// holder is the file whose content p holds, and how far it had been read: the one of
// which most was read; of several, which begin alike, one that is not done.
func (in *Input) holder(p *parcel) (*file, packed.Holding) {
	c := p.known()
	if c == nil || c.Err != nil {
		return nil, packed.Holding{}
	}
	var best *file
	var at packed.Holding
	for id, h := range c.Holds {
		f := in.files[id]
		switch {
		case f == nil, !f.owned(p.Entry), f.goesOnOtherwise(p):
		case h.Off < flow.Enough && (!c.Whole || c.Size != h.Off || f.state != done || in.present(f)):
			// too little to tell by, unless it is all
		case p.inside == nil && c.Size != h.Off && (f.state == done || !f.isOpen()):
			// not before it is sure that nobody writes to it
		case best == nil, cmp.Or(cmp.Compare(h.Off, at.Off), isDone(best)-isDone(f), olderFile(best, f)) > 0:
			best, at = f, h
		}
	}
	for id := range c.Asked {
		f := in.files[id]
		if best != nil || f == nil || !c.Whole || !f.owned(p.Entry) || !f.endsJoined(c.Size) {
			continue
		}
		// of one that is short only the size is known once the bytes that are joined to it are gone
		if c.Begins[id] || c.Blind[id] && f.state == done && f.lost() {
			best, at = f, packed.Holding{Off: f.at()}
		}
	}
	return best, at
}

// isDone is 1 of a file that is done.
func isDone(f *file) int {
	if f.state == done {
		return 1
	}
	return 0
}

// goesOnOtherwise says that p, which begins with what was read of f, is no copy of it:
// f is in another place, and what is behind that is not the same there. When f is
// compressed its size tells, or the time of its last write, unless p has its name.
func (f *file) goesOnOtherwise(p *parcel) bool {
	c := p.known()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.packed {
		part, compared := c.Parts[f.id]
		return compared && !part
	}
	if f.inside == nil || f.key == (disk.Key{}) || !c.Whole {
		return false
	}
	return c.Size != f.size || f.inside.stamp.mtime != p.Mtime && unpack.Plain(f.now) != unpack.Plain(p.Entry.Path)
}

// endsJoined says that all of f was read, the last line of which ends in the
// next file, and that f is size bytes long without that.
func (f *file) endsJoined(size int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.joined > 0 && f.pos.off == size+f.joined
}

// isNobodys says that m, which is not known, is no copy; or, when it is compressed,
// that it was looked into, and has no known file's content; nor is a file of its path
// missing of which too little was read to tell.
func (in *Input) isNobodys(m *rotation.Member) bool {
	if !m.Gen.Packed {
		return !m.Kept()
	}
	p := in.parcels[m.Key]
	if p == nil {
		return false
	}
	c := p.known()
	if c == nil || c.Err != nil || len(c.Holds) > 0 || c.Empty() || !c.Whole && len(c.Begins) > 0 {
		return false
	}
	return !slices.ContainsFunc(in.filesOf(p.path), func(f *file) bool {
		return f.state != done && f.state != unfollowed && f.at() < flow.Enough && !f.isOpen() && !in.present(f)
	})
}

// stale says that a file was read to its end since p was compared with it, or
// can be compared with it only now.
func (in *Input) stale(p *parcel) bool {
	c := p.known()
	return c != nil && slices.ContainsFunc(in.mayHold(p), func(f *file) bool {
		return f.id <= c.Newest && f.state == done && c.Asked[f.id] != f.at() || c.Blind[f.id] && f.comparable()
	})
}

// openHolder is the open file that has the size of p and begins like it.
func (in *Input) openHolder(p *parcel) *file {
	c := p.known()
	if c == nil || c.Err != nil || !c.Whole && !c.Told || c.Size == 0 {
		return nil
	}
	for _, f := range in.mayHold(p) {
		f.mu.Lock()
		same := f.state != done && f.fd >= 0 && f.z == nil && f.owned(p.Entry) && looksLike(c, f.content())
		f.mu.Unlock()
		if same {
			return f
		}
	}
	return nil
}

// looksLike says that of is as long as what is in c, and begins like it.
func looksLike(c *packed.Inside, of content.Content) bool {
	if e, err := of.Describe(); err != nil || e.Size != c.Size {
		return false
	}
	buf := make([]byte, len(c.Head))
	n, err := of.Pread(buf, c.HeadAt)
	return err == nil && bytes.Equal(buf[:n], c.Head)
}

// known is what has been found out of p; nil: nothing yet.
func (p *parcel) known() *packed.Inside {
	if p.inside != nil {
		return p.inside
	}
	return p.glance
}

// pour makes p the place of f, whose content it has.
func (in *Input) pour(f *file, p *parcel) {
	c := p.known()
	delete(in.parcels, p.Key)
	f.queue.Remove(f)
	in.rotate(f)
	rest := false
	in.rebindAs(f, p.Entry, func() {
		f.wrap(c)
		rest = f.unread()
	})
	f.resumed, f.sealed = false, true
	f.checked(stampOf(p.Entry))
	in.wasRenamed(f, p.Entry)
	if h, ok := c.Holds[f.id]; ok && c.Whole {
		f.inside.behind = h
	}
	switch {
	case rest && f.state == done:
		in.belated(f)
	case rest:
		in.log.Info("the rest of a file is read from its compressed form", "path", f.path, "now", p.Entry.Path, "offset", f.at(), "bytes", c.Size-f.at())
		in.wake(f)
	}
}

// wrap makes f a compressed file with c in it. The caller holds mu.
func (f *file) wrap(c *packed.Inside) {
	f.packed, f.size, f.certain, f.mtime, f.early = true, c.Size, c.Size, 0, nil
	f.searchFrom(f.pos.off)
	if c.Whole && c.Err == nil && f.joined == 0 && c.DataEnd <= f.pos.off {
		f.spaceFrom(f.pos.off)
	}
}

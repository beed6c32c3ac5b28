package tail

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// claim gives p to the known file whose content it holds, and reports whether
// there is one. A file that is somewhere else as well, or is open and not read
// to its end, keeps its place: p is its copy for now.
func (in *Input) claim(p *parcel) bool {
	f, h := in.holder(p)
	if f == nil && in.stale(p) {
		p.glance, p.inside = nil, nil
		in.glance(p)
		return true
	}
	if f == nil {
		if p.of = in.openHolder(p); p.of != nil {
			return true
		}
		p.of = in.presumed(p)
		p.skipped = p.skipped || p.of != nil
		return p.of != nil
	}
	switch {
	case f.state != done && f.isOpen(), in.present(f):
		p.of = f
	case h.off != f.at():
		p.of, p.glance, p.inside = f, nil, nil // it was read on since
		in.glance(p)
	default:
		in.pour(f, p)
	}
	return true
}

// holder is the file whose content p holds, and how far it had been read: one
// that is not done, else the one of which most was read.
func (in *Input) holder(p *parcel) (*file, held) {
	c := p.known()
	if c == nil || c.err != nil {
		return nil, held{}
	}
	var best *file
	var at held
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
			best, at = f, held{off: f.at()}
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

// presumed is the file whose content p seems to have: it begins alike, its
// format does not tell how long it is, and all of the file was read, or is
// being read. Whether that is so is found out later: lines that come now do not
// wait for it.
func (in *Input) presumed(p *parcel) *file {
	c := p.glance
	if c == nil || c.told || c.err != nil || p.inside != nil {
		return nil
	}
	var best *file
	for id := range c.begins {
		f := in.files[id]
		if f == nil || f.at() < flow.Enough || !f.owned(p.entry) || f.state != done && !f.isOpen() {
			continue
		}
		if in.claimed(f, p) {
			continue // that is in another one
		}
		if best == nil || f.id > best.id {
			best = f
		}
	}
	return best
}

// claimed says that another compressed file than p has the content of f.
func (in *Input) claimed(f *file, p *parcel) bool {
	if f.packed {
		return true
	}
	for _, o := range in.parcels {
		if o != p && o.of == f {
			return true
		}
	}
	return false
}

// stale says that a file was read to its end since p was compared with it.
func (in *Input) stale(p *parcel) bool {
	c := p.known()
	return c != nil && slices.ContainsFunc(in.filesOf(p.path), func(f *file) bool {
		off, ok := c.asked[f.id]
		return ok && f.state == done && off != f.at()
	})
}

// openHolder is the open file that has the size of p and begins like it.
func (in *Input) openHolder(p *parcel) *file {
	c := p.known()
	if c == nil || c.err != nil || !c.whole && !c.told {
		return nil
	}
	for _, f := range in.filesOf(p.path) {
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
// that and is in its place.
func (in *Input) claimShort(p *parcel, family []member) {
	c := p.inside
	if c == nil || c.err != nil {
		return
	}
	for _, f := range in.filesOf(p.path) {
		at := f.at()
		if f.state == done || f.state == unfollowed || at >= flow.Enough || f.isOpen() || !f.owned(p.entry) || at > 0 && c.holds[f.id].off != at {
			continue
		}
		if in.fits(f, p, family) && !in.present(f) {
			in.pour(f, p)
			return
		}
	}
}

// fits says that f may be at p: the known files of its family that are older are
// read before it, and those that are newer after it.
func (in *Input) fits(f *file, p *parcel, family []member) bool {
	before := true
	for _, m := range family {
		g := in.byKey[m.key]
		switch {
		case m.key == p.key:
			before = false
		case g == nil, g.path != f.path, g == f:
		case before != (g.id < f.id):
			return false
		}
	}
	return true
}

// known is what has been found out of p; nil: nothing yet.
func (p *parcel) known() *inside {
	if p.inside != nil {
		return p.inside
	}
	return p.glance
}

// present says that the file is where it was last seen.
func (in *Input) present(f *file) bool {
	e, err := in.disk.statPath(f.now)
	return err == nil && e.key == f.key
}

// pour makes p the place of f, whose content it has.
func (in *Input) pour(f *file, p *parcel) {
	c := p.known()
	delete(in.parcels, p.key)
	f.queue.remove(f)
	in.rotate(f)
	in.rebind(f, p.entry)
	f.mu.Lock()
	f.wrap(c.size)
	rest := f.unread()
	f.mu.Unlock()
	f.misses, f.gone, f.resumed, f.settled = 0, false, false, true
	f.packedAs = stamp{p.size, p.mtime}
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
	f.packed, f.size, f.sure, f.searched = true, size, size, f.pos.off
	f.held, f.mtime, f.early, f.sought, f.unsure = false, 0, nil, false, false
}

// sought says whether the rest of f, which is missing, may be in a compressed
// file of its family that is not known yet, or is in one.
func (in *Input) sought(f *file, l *listing) bool {
	if in.pats.match(f.path) < 0 {
		return false
	}
	var parcels []*parcel
	family := in.family(l, f.path)
	for _, m := range family {
		if m.gen.packed && in.unknownPacked(m.entry) {
			parcels = append(parcels, in.parcel(m.entry, f.path))
		}
	}
	was := f.key
	if !in.sortOut(parcels, family) {
		in.seek(f, true)
		return true
	}
	in.seek(f, false)
	if f.key != was {
		return true
	}
	for _, p := range parcels {
		if p.inside == nil && p.unreadable() {
			return true // it cannot be read now, and may be it
		}
	}
	return false
}

// seek notes that Fetch must wait for what becomes of f.
func (in *Input) seek(f *file, yes bool) {
	f.mu.Lock()
	f.sought = yes
	f.mu.Unlock()
}

// spoilt is the damaged compressed file that begins like f, which is missing.
func (in *Input) spoilt(f *file, l *listing) *parcel {
	for _, m := range in.family(l, f.path) {
		if p := in.parcels[m.key]; p != nil && p.inside != nil && p.inside.err != nil && p.inside.begins[f.id] {
			p.of = f // it is lost once
			return p
		}
	}
	return nil
}

// searchPacked finds the copy of f, which was truncated, among the compressed
// files of its family. When too little was read of f to know it by, that is the
// oldest new one. wait says that it is not known yet what is in them.
func (in *Input) searchPacked(f *file, l *listing) (copied *parcel, wait bool) {
	family := in.family(l, f.path)
	known := in.knownOf(family)
	for i, m := range family {
		if !m.gen.packed || !in.unknownPacked(m.entry) {
			continue
		}
		p := in.parcel(m.entry, f.path)
		if in.claim(p) && p.of != f {
			continue
		}
		switch c := in.insideOf(p); {
		case c == nil:
			wait = wait || !p.unreadable()
		case c.err != nil || !f.owned(p.entry):
		case c.holds[f.id] != (held{}) && c.holds[f.id].off == f.at(), f.at() == 0 && i >= known:
			if copied == nil {
				copied = p
			}
		case p.of == f:
			p.inside, p.glance, p.of = nil, nil, nil // it was read on since
			return nil, true
		}
	}
	return copied, wait
}

// copiedPacked says that f, of which too little was read to notice that from its
// content, was copied, truncated, and the copy compressed: the oldest new file of
// the family is compressed, begins with what was read, and f itself goes on
// otherwise. While that is found out f is not read.
func (in *Input) copiedPacked(f *file, l *listing) bool {
	p := in.oldestNew(f, l)
	var c *inside
	if p != nil {
		c = in.insideOf(p)
	}
	f.mu.Lock()
	was := f.unsure
	f.unsure = p != nil && c == nil && !p.unreadable()
	freed := was && !f.unsure
	h, off := held{}, f.pos.off
	f.mu.Unlock()
	if c != nil && c.err == nil {
		h = c.holds[f.id]
		if off > 0 && h.off != off {
			c = nil // it begins otherwise
		}
	}
	if c != nil && c.err == nil && !in.sameHead(f, c.head) && f.doubtAt(off) {
		return true
	}
	if freed {
		in.wake(f)
	}
	return false
}

// unsureOf has f not read before the next look.
func (in *Input) unsureOf(f *file) {
	f.mu.Lock()
	f.unsure = true
	f.mu.Unlock()
	in.touched(filepath.Dir(f.now))
}

// sure has f, which copiedPacked does not see to any more, read again.
func (in *Input) sure(f *file) {
	f.mu.Lock()
	was := f.unsure
	f.unsure = false
	f.mu.Unlock()
	if was {
		in.wake(f)
	}
}

// oldestNew is the oldest file of the family of f that is newer than what is
// known, if it is compressed.
func (in *Input) oldestNew(f *file, l *listing) *parcel {
	family := in.family(l, f.path)
	for _, m := range family[in.knownOf(family):] {
		if m.gen.packed && in.packing(m.entry) {
			continue
		}
		if !m.gen.packed {
			return nil
		}
		if p := in.parcel(m.entry, f.path); !in.claim(p) || p.of == f {
			return p
		}
	}
	return nil
}

// sameHead says whether f begins with head, as far as both go, or cannot be
// read.
func (in *Input) sameHead(f *file, head []byte) bool {
	fd, err := in.disk.openFile(f.now)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	if e, err := in.disk.statFD(fd); err != nil || e.key != f.key {
		return true
	}
	buf := make([]byte, len(head))
	n, err := in.disk.pread(fd, buf, 0)
	return err != nil || n > 0 && bytes.Equal(buf[:n], head[:n])
}

// arriveLate adopts p, which came before what was adopted without waiting for
// it, and turned out to be nobody's.
func (in *Input) arriveLate(p *parcel) {
	if p.inside.err == nil {
		in.stats.slips.Add(1)
		in.warnOnce("late:"+p.path, "a compressed file was read late, after what was written after it", "path", p.entry.path)
	}
	in.unwrap(p.entry, p.path)
}

// unwrap adopts the compressed file at e, which is decided, as one of path. It
// is read from its beginning; or what is lost with it is counted.
func (in *Input) unwrap(e entry, path string) *file {
	p := in.parcels[e.key]
	delete(in.parcels, e.key)
	f := in.create(e, path, rotated)
	f.mu.Lock()
	f.wrap(p.inside.size)
	f.mu.Unlock()
	f.settled, f.packedAs = true, stamp{p.size, p.mtime}
	if p.inside.err != nil {
		in.spoil(f, p.inside.err)
	}
	return f
}

// spoil gives up a compressed file that cannot be decompressed.
func (in *Input) spoil(f *file, err error) {
	f.mu.Lock()
	rest := f.size - f.pos.off
	f.mu.Unlock()
	if rest > 0 {
		in.lose(f, rest, lostCompressed, "now", f.now, "error", err)
	}
	in.finish(f)
}

// ownPacked adopts the compressed files that a pattern matches and that are
// nobody's generation: each is read once, from its beginning.
func (in *Input) ownPacked(d *dir, l *listing) {
	for _, e := range l.files {
		if !unpack.Is(e.path) || in.byKey[e.key] != nil || in.pats.match(e.path) < 0 || !in.unknownPacked(e) {
			continue
		}
		path, ok := in.packedFrom(l.dir, e)
		if !ok {
			path = e.path
			if base, ok := rotatedFrom(e.path); ok && in.pats.match(base) >= 0 && !l.has(filepath.Base(base)) {
				path = base
			}
		}
		if path != e.path {
			if !in.unpacked(d, l, path) {
				continue
			}
			in.generations(d, l, path)
		}
		if in.byKey[e.key] == nil {
			in.own(d, e, path)
		}
	}
}

// own adopts one of them.
func (in *Input) own(d *dir, e entry, path string) {
	if in.past(e.path, e) {
		if in.old(e) {
			in.history(e.path, e)
		}
		return
	}
	p := in.parcel(e, path)
	if in.claim(p) || in.insideOf(p) == nil {
		return
	}
	if p.inside.err != nil && p.inside.size == 0 && e.size == 0 {
		in.history(e.path, e) // nothing is in it
		return
	}
	prev := in.tails[e.path]
	f := in.unwrap(e, e.path)
	if f.state != done {
		in.link(prev, f)
	}
}

// stamp tells whether a compressed file was written to.
type stamp struct{ size, mtime int64 }

// seenPacked notes that f, a compressed file, is at e.
func (in *Input) seenPacked(f *file, e entry) {
	f.misses, f.gone, f.owner = 0, false, int64(e.uid)+1
	if f.now != e.path {
		in.move(f, e.path)
		in.noteFile(f)
	}
	at := stamp{e.size, e.mtime}
	if f.state == done && f.packedAs == (stamp{}) {
		f.packedAs, f.resumed = at, false // nothing was unread in it
	}
	if f.state == unfollowed || !f.resumed && f.packedAs == at {
		return
	}
	p := in.parcel(e, f.path)
	in.seek(f, true)
	c := in.insideOf(p)
	if c == nil {
		return
	}
	in.seek(f, false)
	f.packedAs, f.resumed = at, false
	if t := in.tails[f.path]; f.half && t != nil && t.birth >= e.mtime {
		f.half = false // it was renamed, not copied: its mtime tells, its birth does not
	}
	delete(in.parcels, e.key)
	in.unpackedAgain(f, c)
}

// unpackedAgain is called when c was found in f, a compressed file that is
// known from the run before, or was written to since it was checked.
func (in *Input) unpackedAgain(f *file, c *inside) {
	at := f.at()
	if f.state == done && at == 0 && !f.settled {
		return // it is history
	}
	if errors.Is(c.err, unpack.ErrFormat) {
		f.packed, f.resumed = false, true // it has the name only
		in.touched(filepath.Dir(f.now))
		return
	}
	h, same := c.holds[f.id]
	f.mu.Lock()
	if c.err == nil && (at == 0 || same && h.off == at) {
		f.wrap(c.size)
	}
	rest := f.unread()
	f.mu.Unlock()
	switch {
	case c.err != nil && f.state != done:
		f.mu.Lock()
		f.size = max(f.size, c.size)
		f.mu.Unlock()
		in.spoil(f, c.err)
	case c.err != nil:
	case at > 0 && (!same || h.off != at):
		in.replaced(f)
	case rest && f.state == done:
		in.belated(f)
	case f.state != done:
		f.settled, f.grown = true, time.Now()
		in.draining[f] = true
		in.wake(f)
	}
}

// replaced is called when a compressed file has other content than was read
// of it: that is a new file.
func (in *Input) replaced(f *file) {
	f.mu.Lock()
	f.close()
	rest := f.size - f.pos.off
	f.mu.Unlock()
	in.detach(f)
	if f.state != done {
		if rest > 0 {
			in.lose(f, rest, lostTruncated)
		}
		in.finish(f)
	}
	in.touched(filepath.Dir(f.now))
}

package tail

import (
	"errors"
	"path/filepath"
	"time"

	"tailrace/inputs/tail/unpack"
)

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
	if p.inside.err != nil && f.size == 0 {
		f.size = p.size // stands for what is not known
	}
	f.mu.Unlock()
	f.sealed, f.packedAs, f.behind = true, stamp{p.size, p.mtime}, holding{lines: p.inside.lines}
	if p.inside.err != nil {
		in.spoil(f, p.inside.err)
	}
	return f
}

// spoil gives up a compressed file that cannot be decompressed.
func (in *Input) spoil(f *file, err error) {
	f.mu.Lock()
	rest, known := f.size-f.pos.off, f.certain > 0
	f.ended = f.pos.off
	f.mu.Unlock()
	if !known {
		rest = 0
	}
	if rest > 0 || !known {
		in.losePacked(f, rest, f.packedAs.size, f.now, err)
	}
	in.finish(f)
}

// ownPacked adopts the compressed files that a pattern matches and that are
// nobody's generation: each is read once, from its beginning.
func (in *Input) ownPacked(d *dir, l *listing) {
	for _, e := range l.files {
		if !unpack.Is(e.path) || in.pats.match(e.path) < 0 || !in.unknownPacked(e) {
			continue
		}
		path, ok := in.packedFrom(l.dir, e)
		if !ok {
			path = e.path
			if base, ok := in.rotatedFrom(l, e.path); ok && !l.has(filepath.Base(base)) {
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
	if in.proving(e.key) {
		return // it may be what became of a file that is missing
	}
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
	f.misses, f.missing, f.gone, f.owner = 0, false, false, int64(e.uid)+1
	if f.now != e.path {
		in.move(f, e.path)
		in.noteFile(f)
	}
	at := stamp{e.size, e.mtime}
	if f.state == done && f.packedAs == (stamp{}) {
		f.packedAs, f.resumed = at, false // nothing was unread in it
	}
	if f.removed() || !f.resumed && f.packedAs == at {
		in.seek(f, false) // it may have been read to its end meanwhile
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
	if f.state == done && at == 0 && !f.sealed {
		return // it is history
	}
	if errors.Is(c.err, unpack.ErrFormat) {
		f.mu.Lock()
		f.packed = false // it has the name only
		f.mu.Unlock()
		f.resumed = true
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
		f.sealed, f.grown = true, time.Now()
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

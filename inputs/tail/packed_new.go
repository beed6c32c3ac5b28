package tail

import (
	"path/filepath"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
	"tailrace/inputs/tail/unpack"
)

// Compressed files that are nobody's: lines that nobody has read. The generations of a
// path among them come in their place of its order, as packedGeneration adopts them;
// those that a pattern matches by themselves when they are found.

// arriveLate adopts p, which came before what was adopted without waiting for
// it, and turned out to be nobody's.
func (in *Input) arriveLate(p *parcel) {
	if p.inside.Err == nil {
		in.sayLate(p.path, p.Entry.Path)
	}
	in.unwrap(p.Entry, p.path)
}

// unwrap adopts the compressed file at e, which is decided, as one of path. It
// is read from its beginning; or what is lost with it is counted.
func (in *Input) unwrap(e disk.Entry, path string) *file {
	p := in.parcels[e.Key]
	delete(in.parcels, e.Key)
	f := in.create(e, path, rotated)
	f.mu.Lock()
	f.wrap(p.inside)
	if p.inside.Err != nil && f.size == 0 {
		f.size = p.Size // stands for what is not known
	}
	f.mu.Unlock()
	f.sealed, f.inside = true, &inside{stampOf(p.Entry), packed.Holding{Lines: p.inside.Lines}}
	if p.inside.Err != nil {
		in.spoil(f, p.inside.Err)
	}
	return f
}

// spoil gives up a compressed file that cannot be decompressed.
func (in *Input) spoil(f *file, err error) {
	f.mu.Lock()
	rest, known := f.end()-f.joined-f.dataFrom(), f.certain > 0
	f.ended = f.pos.off
	f.mu.Unlock()
	if !known {
		rest = 0
	}
	if rest > 0 || !known {
		in.losePacked(f, rest, f.inside.stamp.size, f.now, err)
	}
	in.finish(f)
}

// ownPacked adopts the compressed files that a pattern matches and that are
// nobody's generation: each is read once, from its beginning.
func (in *Input) ownPacked(l *disk.Listing) {
	for _, e := range l.Files {
		if !unpack.Is(e.Path) || in.pats.Match(e.Path) < 0 || !in.unknownPacked(e) {
			continue
		}
		path, ok := in.packedFrom(l.Dir, e)
		if !ok && !in.first && in.isFromNear(l, e) {
			continue
		}
		if !ok {
			path = e.Path
			if base, ok := in.rotatedFrom(l, e.Path); ok && !l.Has(filepath.Base(base)) {
				path = base
			}
		}
		if path != e.Path && !in.inOrder(l, path) {
			continue
		}
		if in.byKey[e.Key] == nil {
			in.own(e, path)
		}
	}
}

// own adopts one of them.
func (in *Input) own(e disk.Entry, path string) {
	if in.proving(e.Key) {
		return // it may be what became of a file that is missing
	}
	if in.isPast(e.Path, e) {
		if in.old(e) {
			in.history(e.Path, e)
		}
		return
	}
	p := in.parcel(e, path)
	if in.claim(p) || in.insideOf(p) == nil {
		return
	}
	if p.inside.Err != nil && p.inside.Size == 0 && e.Size == 0 {
		in.history(e.Path, e) // nothing is in it
		return
	}
	in.packedGeneration(in.tails[e.Path], e, e.Path)
}

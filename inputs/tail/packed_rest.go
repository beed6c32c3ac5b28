package tail

import (
	"bytes"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
)

// The unread rest of a file that is missing, or was truncated, may be in a compressed file
// of its family. Those of other names are in packed_stray.go.

// soughtPacked says whether the rest of f, which is missing, may be in a compressed
// file that is not known yet, or is in one: of its family, or of any name.
func (in *Input) soughtPacked(f *file, l *disk.Listing) bool {
	if in.pats.Match(f.path) < 0 {
		return false
	}
	if in.soughtInFamily(f, l) {
		return true
	}
	p, kin, wait := in.findPacked(f, l)
	if kin {
		return in.soughtInFamily(f, l) || f.state != done && in.found(f, l)
	}
	f.unsure(sought, wait)
	if p != nil {
		in.pour(f, p)
	}
	return wait || p != nil
}

func (in *Input) soughtInFamily(f *file, l *disk.Listing) bool {
	var parcels []*parcel
	family := in.family(l, f.path)
	for _, m := range family {
		if in.unknownPacked(m.Entry) {
			parcels = append(parcels, in.parcel(m.Entry, f.path))
		}
	}
	was := f.key
	if !in.sortOut(parcels, family) {
		f.unsure(sought, true)
		return true
	}
	f.unsure(sought, false)
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

// spoilt is the damaged compressed file that begins like f, which is missing, or of
// which nothing can be decompressed.
func (in *Input) spoilt(f *file, l *disk.Listing) *parcel {
	for _, m := range in.family(l, f.path) {
		p := in.parcels[m.Key]
		if p != nil && p.of == nil && p.inside != nil && p.inside.Err != nil && (p.inside.Begins[f.id] || p.inside.Size == 0) {
			p.of = f // it is lost once
			return p
		}
	}
	return nil
}

// searchPacked finds the copy of f, which was truncated, among the compressed
// files of its family. When too little was read of f to know it by, that is the
// oldest new one that is not empty. wait says that it is not known yet what is in them.
func (in *Input) searchPacked(f *file, l *disk.Listing) (copied *parcel, wait bool) {
	family := in.family(l, f.path)
	known := in.knownOf(family)
	for i, m := range family {
		if !in.unknownPacked(m.Entry) {
			continue
		}
		p := in.parcel(m.Entry, f.path)
		if in.claim(p) && p.of != f {
			wait = wait || in.reopened(p)
			continue
		}
		switch c := in.insideOf(p); {
		case c == nil:
			wait = wait || !p.unreadable()
		case c.Err != nil || !f.owned(p.Entry):
		case f.at() == 0 && i >= known && !c.Empty() && in.soughtBefore(f):
			return nil, true // it may be that one's
		case c.Holds[f.id] != (packed.Holding{}) && c.Holds[f.id].Off == f.at(), f.at() == 0 && i >= known && !c.Empty():
			if copied == nil {
				copied = p
			}
		case p.of == f && c.Asked[f.id] != f.at():
			p.inside, p.glance, p.of = nil, nil, nil // it was read on since
			return nil, true
		}
	}
	return copied, wait
}

// copiedPacked says that f, of which too little was read to tell, was copied, truncated,
// and the copy compressed: the oldest new file of the family is compressed, begins with
// what was read, and f itself goes on otherwise. wait says that it is to be found out
// first.
func (in *Input) copiedPacked(f *file, l *disk.Listing) (copied, wait bool) {
	p := in.oldestNew(f, l)
	if p != nil && p.inside == nil && in.insideOf(p) != nil {
		p = in.oldestNew(f, l) // what it is may show only now that it is another's
	}
	if p == nil || p.unreadable() {
		return false, false
	}
	if in.soughtBefore(f) {
		return false, true // it may be that one's
	}
	c := in.insideOf(p)
	if c == nil {
		return false, true
	}
	at := f.at()
	if c.Err != nil || at > 0 && c.Holds[f.id].Off != at {
		return false, false // it begins otherwise
	}
	part, compared := c.Parts[f.id]
	return compared && !part || !in.sameHead(f, c), false
}

// packedMore says that the compressed file at e has what was read of f, and behind that
// what f has not any more. wait says that it is to be found out first.
func (in *Input) packedMore(f *file, e disk.Entry) (more, wait bool) {
	if in.packing(e) {
		return false, false
	}
	p := in.parcel(e, f.path)
	c := in.insideOf(p)
	if c == nil {
		return false, !p.unreadable()
	}
	part, compared := c.Parts[f.id]
	return compared && !part && c.Err == nil && c.Holds[f.id].Off == f.at(), false
}

// soughtBefore says that an older file of the path of f is missing and may be in a
// compressed file.
func (in *Input) soughtBefore(f *file) bool {
	return slices.ContainsFunc(in.filesOf(f.path), func(g *file) bool { return g.id < f.id && g.has(sought) && g.state != done })
}

// oldestNew is the oldest file of the family of f that is newer than what is
// known and has something in it, if it is compressed.
func (in *Input) oldestNew(f *file, l *disk.Listing) *parcel {
	family := in.family(l, f.path)
	for _, m := range family[in.knownOf(family):] {
		if !m.Gen.Packed {
			return nil
		}
		if in.packing(m.Entry) {
			continue
		}
		p := in.parcel(m.Entry, f.path)
		if c := p.known(); c != nil && c.Empty() {
			continue // nothing went there
		}
		if !in.claim(p) || p.of == f || in.reopened(p) {
			return p
		}
	}
	return nil
}

// sameHead says whether f has the head of c in the same place, as far as both go, or
// cannot be read.
func (in *Input) sameHead(f *file, c *packed.Inside) bool {
	fd, _, err := in.disk.OpenAs(f.now, f.key)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	buf := make([]byte, len(c.Head))
	n, err := in.disk.Pread(fd, buf, c.HeadAt)
	return err != nil || len(buf) == 0 || n > 0 && bytes.Equal(buf[:n], c.Head[:n])
}

package tail

import (
	"bytes"
	"slices"

	"golang.org/x/sys/unix"
)

// soughtPacked says whether the rest of f, which is missing, may be in a compressed
// file that is not known yet, or is in one: of its family, or of any name.
func (in *Input) soughtPacked(f *file, l *listing) bool {
	if in.pats.match(f.path) < 0 {
		return false
	}
	if in.soughtInFamily(f, l) {
		return true
	}
	p, kin, wait := in.findPacked(f, l)
	if kin {
		return in.soughtInFamily(f, l)
	}
	in.seek(f, wait)
	if p != nil {
		in.pour(f, p)
	}
	return wait || p != nil
}

func (in *Input) soughtInFamily(f *file, l *listing) bool {
	var parcels []*parcel
	family := in.family(l, f.path)
	for _, m := range family {
		if in.unknownPacked(m.entry) {
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

// spoilt is the damaged compressed file that begins like f, which is missing, or of
// which nothing can be decompressed.
func (in *Input) spoilt(f *file, l *listing) *parcel {
	for _, m := range in.family(l, f.path) {
		p := in.parcels[m.key]
		if p != nil && p.of == nil && p.inside != nil && p.inside.err != nil && (p.inside.begins[f.id] || p.inside.size == 0) {
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
		if !in.unknownPacked(m.entry) {
			continue
		}
		p := in.parcel(m.entry, f.path)
		if in.claim(p) && p.of != f {
			wait = wait || in.reopened(p)
			continue
		}
		switch c := in.insideOf(p); {
		case c == nil:
			wait = wait || !p.unreadable()
		case c.err != nil || !f.owned(p.entry):
		case c.holds[f.id] != (holding{}) && c.holds[f.id].off == f.at(), f.at() == 0 && i >= known:
			if copied == nil {
				copied = p
			}
		case p.of == f && c.asked[f.id] != f.at():
			p.inside, p.glance, p.of = nil, nil, nil // it was read on since
			return nil, true
		}
	}
	return copied, wait
}

// copiedPacked says that f, of which too little was read to notice that from its
// content, was copied, truncated, and the copy compressed: the oldest new file of
// the family is compressed, begins with what was read, and f itself goes on
// otherwise. wait says that it is to be found out first.
func (in *Input) copiedPacked(f *file, l *listing) (copied, wait bool) {
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
	if c.err != nil || c.whole && c.size == 0 || at > 0 && c.holds[f.id].off != at {
		return false, false // it begins otherwise, or nothing was truncated
	}
	return !in.sameHead(f, c.head), false
}

// soughtBefore says that another file of the path of f is missing and may be in a
// compressed file.
func (in *Input) soughtBefore(f *file) bool {
	return slices.ContainsFunc(in.filesOf(f.path), func(g *file) bool { return g != f && g.sought && g.state != done })
}

// maybeCopied has f not read before a further look.
func (in *Input) maybeCopied(f *file) {
	f.mu.Lock()
	f.copyPending = true
	f.mu.Unlock()
}

// uncopied has f read again: a look has found no copy of it.
func (in *Input) uncopied(f *file) {
	f.mu.Lock()
	was := f.copyPending
	f.copyPending = false
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
		if !m.gen.packed {
			return nil
		}
		if in.packing(m.entry) {
			continue
		}
		if p := in.parcel(m.entry, f.path); !in.claim(p) || p.of == f || in.reopened(p) {
			return p
		}
	}
	return nil
}

// sameHead says whether f begins with head, as far as both go, or cannot be
// read.
func (in *Input) sameHead(f *file, head []byte) bool {
	fd, _, err := in.disk.openAs(f.now, f.key)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	buf := make([]byte, len(head))
	n, err := in.disk.pread(fd, buf, 0)
	return err != nil || n > 0 && bytes.Equal(buf[:n], head[:n])
}

package proof

import (
	"cmp"
	"maps"
	"slices"
)

// entry is one record of a file that is looked for.
type entry struct {
	offset int64
	sum    uint64
	part   int32
	hits   int32
	run    int32 // in which it was seen first
	size   int32
	at     Place // where it was
	again  Place // where it was last, if more than once
	other  bool  // there is a record in its place with another value
	cut    bool  // there is the beginning of it
	shared bool  // it is that of another file, of a spare one
	wrong  Place // where other or cut is
}

// odd is a record of the topic that is none of the file's.
type odd struct {
	seen
	entry int // in whose place it is; -1: none
	run   int32
	// maybe says that it came at the beginning of a run that begins as no file
	// does, which is mostly one that is gone: only its bytes can tell.
	maybe bool
}

// oddMax is how many odd records are kept of a block, if it has fewer itself.
const oddMax = 1 << 16

// hit notes where a record of b is.
func (b *Block) hit(e *entry, at Place, run int32) {
	b.got++
	if e.hits == 0 {
		e.at, e.run = at, run
	} else {
		e.again = at
	}
	e.hits++
}

// Closer gives the blocks that must be looked at closer in the next pass, of at
// most limit records unless one block has more: Reread takes their records.
// There are none when all is known.
func (s *Set) Closer(limit int) []*Block {
	s.round = nil
	total := 0
	for _, p := range s.paths {
		doubtful := p.doubtful()
		for _, start := range slices.Sorted(maps.Keys(doubtful)) {
			group, n := doubtful[start], 0
			for _, b := range group {
				n += int(b.count)
			}
			if total > 0 && total+n > limit {
				break
			}
			total += n
			s.round = append(s.round, group...)
			p.active = true
		}
	}
	s.closer = len(s.round) > 0
	for _, b := range s.round {
		b.entries = make([]entry, 0, b.count)
	}
	slices.SortFunc(s.round, func(a, b *Block) int { return cmp.Compare(a.start, b.start) })
	return s.round
}

// doubtful is the blocks to be looked at, by where they begin: those of all files
// that begin there, since a record may be of each.
func (p *path) doubtful() map[int64][]*Block {
	var out map[int64][]*Block
	for _, f := range p.files {
		for _, b := range f.blocks {
			if b.known || !b.near && (b.seen > 0 || !b.far && !b.partly()) {
				continue
			}
			if out == nil {
				out = map[int64][]*Block{}
			}
			out[b.start] = nil
		}
	}
	for start := range out {
		for _, f := range p.files {
			if b := f.at(start); b != nil {
				out[start] = append(out[start], b)
			}
		}
	}
	return out
}

// partly says that a block of a spare file may have some records of another file.
func (b *Block) partly() bool {
	if !b.File.spare || b.twin() != nil {
		return false
	}
	return slices.ContainsFunc(b.File.path.files, func(f *File) bool {
		o := f.at(b.start)
		return o != nil && (o.seen > 0 || o.known)
	})
}

// Reread notes a record of a block that is looked at closer, in ascending order.
// Those of other blocks are ignored. It reports whether more may come.
func (b *Block) Reread(r Record) bool {
	if r.Offset >= b.start && r.Offset < b.End() {
		b.entries = append(b.entries, entry{offset: r.Offset, part: r.Part, sum: r.sum(), size: r.Size})
	}
	return r.Offset < b.End()
}

// find is the entry in whose place the record is; nil: there is none.
func (b *Block) find(r *Record) (int, *entry) {
	if b == nil {
		return -1, nil
	}
	i, found := slices.BinarySearchFunc(b.entries, r, func(e entry, r *Record) int {
		return cmp.Or(cmp.Compare(e.offset, r.Offset), cmp.Compare(e.part, r.Part))
	})
	if !found {
		return -1, nil
	}
	return i, &b.entries[i]
}

// has is the entry that the record is of.
func (b *Block) has(r *Record) *entry {
	if _, e := b.find(r); e != nil && e.sum == r.sum() {
		return e
	}
	return nil
}

// compare gives the records of the block that is under way to the files.
func (p *path) compare(st *stream) {
	cur := p.likely(st)
	for i := range st.kept {
		k := &st.kept[i]
		var b *Block
		if cur != nil {
			b = cur.at(st.start)
		}
		if b.has(&k.Record) == nil {
			if other := p.holder(st.start, &k.Record); other != nil {
				b, cur = other, other.File
			}
		}
		switch n, e := b.find(&k.Record); {
		case b == nil || cur == nil || k.Offset < cur.from || k.Offset >= cur.to:
		case e != nil && e.sum == k.sum():
			b.hit(e, k.at, st.run)
			st.foreign = false
		default:
			b.stray(odd{*k, n, st.run, st.foreign})
		}
	}
	if !st.foreign {
		st.file = cur
	}
}

// stray keeps a record that is not as the file has it.
func (b *Block) stray(o odd) {
	if o.entry >= 0 && !o.maybe {
		b.got++
		b.entries[o.entry].other, b.entries[o.entry].wrong = true, o.at
	}
	if len(b.odd) < max(oddMax, len(b.entries)) {
		b.odd = append(b.odd, o)
	}
}

// likely is the file that most of the records are of; a spare one only when none
// are of another.
func (p *path) likely(st *stream) *File {
	var best *File
	most := 0
	for _, f := range p.files {
		b := f.at(st.start)
		if b == nil || f.spare && best != nil {
			continue
		}
		n := 0
		for i := range st.kept {
			if e := b.has(&st.kept[i].Record); e != nil {
				n += 2
				if e.hits == 0 {
					n++
				}
			}
		}
		if n > most || n == most && n > 0 && f == st.file {
			best, most = f, n
		}
	}
	switch {
	case best != nil:
		return best
	case st.file != nil:
		return st.file
	case st.foreign:
		return p.unseen(st.start)
	}
	return st.prev
}

// unseen is the oldest file with a block there of which nothing was seen.
func (p *path) unseen(start int64) *File {
	for _, f := range p.files {
		if b := f.at(start); b != nil && b.seen == 0 {
			return f
		}
	}
	return nil
}

// holder is the block that has the record.
func (p *path) holder(start int64, r *Record) *Block {
	for _, f := range p.files {
		if b := f.at(start); b.has(r) != nil {
			return b
		}
	}
	return nil
}

// Confirm says whether the file has what is in the topic, and up to where.
type Confirm func(f *File, r Record) (end int64, ok bool)

// settle draws the conclusions of a closer look.
func (b *Block) settle(confirm Confirm) {
	if b.File.spare {
		b.borrow()
	}
	slices.SortFunc(b.odd, func(x, y odd) int { return cmp.Compare(x.Offset, y.Offset) })
	for _, o := range b.odd {
		if o.entry < 0 || b.entries[o.entry].hits > 0 {
			continue
		}
		e := &b.entries[o.entry]
		begins := o.Cut && confirm == nil
		if o.Cut && confirm != nil && o.Size < e.size {
			_, begins = confirm(b.File, o.Record)
		}
		if begins {
			e.other, e.cut, e.wrong = true, true, o.at
		}
	}
	if confirm != nil {
		b.begun(confirm)
	}
}

// borrow takes for there what the other files of the path have in common with a
// spare one.
func (b *Block) borrow() {
	for i := range b.entries {
		e := &b.entries[i]
		for _, f := range b.File.path.files {
			o := f.at(b.start)
			if e.hits > 0 || f == b.File || o == nil {
				continue
			}
			r := Record{Offset: e.offset, Part: e.part}
			if _, same := o.find(&r); same != nil && same.sum == e.sum && same.hits > 0 {
				e.hits, e.at, e.run, e.other, e.shared = 1, same.at, same.run, false, true
			}
		}
	}
}

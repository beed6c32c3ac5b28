package proof

import (
	"cmp"
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
	recut  bool  // its bytes are there in other records
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

// oddMax bounds how many odd records are kept of a block.
const oddMax = 1 << 16

func (e *entry) hit(at Place, run int32) {
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
		for _, group := range p.doubtful() {
			n := 0
			for _, b := range group {
				n += int(b.count)
			}
			if total > 0 && total+n > limit {
				continue
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
			if b.known || !b.near && (b.seen > 0 || !b.far) {
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
			p.strange++
		case e != nil && e.sum == k.sum():
			e.hit(k.at, st.run)
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
	if o.entry < 0 || o.maybe {
		b.File.path.strange++
	}
	if o.entry >= 0 && !o.maybe {
		b.entries[o.entry].other, b.entries[o.entry].wrong = true, o.at
	}
	if len(b.odd) < oddMax {
		b.odd = append(b.odd, o)
	}
}

// likely is the file that most of the records are of.
func (p *path) likely(st *stream) *File {
	var best *File
	most := 0
	for _, f := range p.files {
		b := f.at(st.start)
		if b == nil {
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

// settle draws the conclusions of a closer look.
func (b *Block) settle(confirm func(*File, Record) bool) {
	slices.SortFunc(b.odd, func(x, y odd) int { return cmp.Compare(x.Offset, y.Offset) })
	for _, o := range b.odd {
		if o.entry < 0 || b.entries[o.entry].hits > 0 {
			continue
		}
		if e := &b.entries[o.entry]; o.Cut && (confirm == nil || o.Size < e.size && confirm(b.File, o.Record)) {
			e.other, e.cut, e.wrong = true, true, o.at
		}
	}
	if confirm != nil {
		b.begun(confirm)
		b.recut(confirm)
	}
	b.items = b.summary()
	b.known, b.near, b.far = true, false, false
	b.entries, b.odd = nil, nil
}

// begun looks for entries that came in pieces though they are not too long: a
// program in a container did not finish its line for a while.
func (b *Block) begun(confirm func(*File, Record) bool) {
	for _, o := range b.odd {
		if o.Part != 1 || o.Final {
			continue
		}
		i, found := slices.BinarySearchFunc(b.entries, o.Offset, func(e entry, offset int64) int { return cmp.Compare(e.offset, offset) })
		if !found {
			continue
		}
		if e := &b.entries[i]; e.hits == 0 && e.part == 0 && o.Size < e.size && confirm(b.File, o.Record) {
			e.hits, e.at, e.run, e.recut, e.other = 1, o.at, o.run, true, false
			b.File.path.strange--
		}
	}
}

// recut looks for entries whose bytes are in the topic in other records: a record
// of several lines that came with long pauses is shipped in parts.
func (b *Block) recut(confirm func(*File, Record) bool) {
	at := func(offset int64) (odd, bool) {
		i, found := slices.BinarySearchFunc(b.odd, offset, func(o odd, offset int64) int { return cmp.Compare(o.Offset, offset) })
		if !found {
			return odd{}, false
		}
		return b.odd[i], true
	}
	for i := 0; i < len(b.entries); i++ {
		pos, first, extra := b.entries[i].offset, odd{}, int64(0)
		for j := i; j < len(b.entries) && b.entries[j].hits == 0 && b.entries[j].part == 0; {
			o, found := at(pos)
			if !found || o.Cut || o.Part > 0 || !confirm(b.File, o.Record) {
				break
			}
			if pos == b.entries[i].offset {
				first = o
			}
			if o.entry < 0 || o.maybe {
				extra++
			}
			pos += int64(o.Size) + 1 // the newline
			for ; j < len(b.entries) && b.after(j) < pos; j++ {
			}
			if j < len(b.entries) && b.after(j) == pos {
				for ; i <= j; i++ {
					e := &b.entries[i]
					e.hits, e.at, e.run, e.recut, e.other = 1, first.at, first.run, true, false
				}
				i--
				b.File.path.strange -= extra
				break
			}
		}
	}
}

// after is where the next entry begins.
func (b *Block) after(i int) int64 {
	if i+1 < len(b.entries) {
		return b.entries[i+1].offset
	}
	return b.End()
}

package proof

import (
	"cmp"
	"slices"
)

// begun looks for entries that came in pieces though they are not too long: a
// program in a container did not finish its line for a while.
func (b *Block) begun(confirm Confirm) {
	for _, o := range b.odd {
		if o.Part != 1 || o.Final {
			continue
		}
		i, found := slices.BinarySearchFunc(b.entries, o.Offset, func(e entry, offset int64) int { return cmp.Compare(e.offset, offset) })
		if !found {
			continue
		}
		e := &b.entries[i]
		if e.hits > 0 || e.part > 0 || o.Size >= e.size {
			continue
		}
		if _, ok := confirm(b.File, o.Record); ok {
			e.hits, e.at, e.run, e.other = 1, o.at, o.run, false
			b.got++
		}
	}
}

// recut looks, in the blocks of this round, for entries whose bytes are in the
// topic in other records: a record of several lines that came with long pauses is
// shipped in parts, and what was shipped before the input was configured anew is
// cut in another way.
func (s *Set) recut(spare bool, confirm Confirm) {
	byFile := map[*File][]*Block{}
	for _, b := range s.round {
		if b.File.spare == spare && len(b.odd) > 0 || len(byFile[b.File]) > 0 {
			byFile[b.File] = append(byFile[b.File], b)
		}
	}
	for f, blocks := range byFile {
		for len(blocks) > 0 {
			n := 1
			for n < len(blocks) && blocks[n-1].stop() == blocks[n].opens {
				n++
			}
			c := recutting{f: f, stop: blocks[n-1].stop(), confirm: confirm}
			for _, b := range blocks[:n] {
				for i := range b.entries {
					c.entries = append(c.entries, &b.entries[i])
				}
			}
			blocks[0].got += c.all()
			blocks = blocks[n:]
		}
	}
}

// stop is where the last record of b ends.
func (b *Block) stop() int64 {
	f := b.File
	i, _ := slices.BinarySearchFunc(f.blocks, b.start+1, func(b *Block, start int64) int { return cmp.Compare(b.start, start) })
	if i < len(f.blocks) {
		return f.blocks[i].opens
	}
	return f.to
}

// recutting is entries of a file that follow each other.
type recutting struct {
	f       *File
	entries []*entry
	stop    int64 // where the last one ends
	confirm Confirm
}

// all looks at all of them. It gives how many records of the topic that were
// taken for others are of the file.
func (c *recutting) all() (extra int64) {
	for i := 0; i < len(c.entries); {
		n, more := c.chain(i)
		extra += more
		i = max(n, i+1)
	}
	return extra
}

// chain follows the records of the topic whose bytes are those of the file from
// an entry on, for as long as entries are not found otherwise. It gives the first
// entry that is not wholly in them.
func (c *recutting) chain(i int) (next int, extra int64) {
	first, pos := odd{}, c.entries[i].offset
	for next = i; next < len(c.entries) && c.entries[next].hits == 0 && c.entries[next].part == 0; {
		o, found := c.odd(pos)
		if !found || o.Cut || o.Part > 0 {
			break
		}
		end, ok := c.confirm(c.f, o.Record)
		if !ok || end <= pos {
			break
		}
		if pos == c.entries[i].offset {
			first = o
		}
		if o.entry < 0 || o.maybe {
			extra++
		}
		for pos = end; next < len(c.entries) && c.after(next) <= pos; next++ {
			e := c.entries[next]
			if e.other = false; e.hits == 0 {
				e.at, e.run = first.at, first.run
			} else {
				e.again = first.at
			}
			e.hits++
		}
	}
	if next == i {
		return i, 0
	}
	return next, extra
}

// odd is the record of the topic at an offset that is none of the file's.
func (c *recutting) odd(offset int64) (odd, bool) {
	start, _ := c.f.path.bounds(offset)
	b := c.f.at(start)
	if b == nil {
		return odd{}, false
	}
	i, found := slices.BinarySearchFunc(b.odd, offset, func(o odd, offset int64) int { return cmp.Compare(o.Offset, offset) })
	if !found {
		return odd{}, false
	}
	return b.odd[i], true
}

// after is where an entry ends.
func (c *recutting) after(i int) int64 {
	if i+1 < len(c.entries) {
		return c.entries[i+1].offset
	}
	return c.stop
}

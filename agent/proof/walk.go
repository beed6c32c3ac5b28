package proof

import "slices"

// stream is the records of a path in one lane, in the order of their offsets
// there.
type stream struct {
	lane   Lane
	open   bool
	offset int64 // of the last record
	part   int32
	run    int32

	// file is whose records the run has, as far as it is known; prev whose the
	// run before had.
	file, prev *File
	// foreign says that the run began as no file does; matched that some run
	// was of a file.
	foreign, matched bool

	// The block that is under way.
	start, end int64
	sum        uint64
	count      int32
	at         Place
	keep       bool
	kept       []seen
}

// seen is a record of the topic.
type seen struct {
	Record
	at Place
}

// Begin begins a pass over the topic.
func (s *Set) Begin() {
	s.last = nil
	for _, p := range s.paths {
		if !s.closer {
			p.told = 0
		}
		p.streams = nil
		if s.closer && !p.active {
			continue
		}
		for _, f := range p.files {
			for _, b := range f.blocks {
				b.seen = 0
			}
		}
	}
}

// Find notes a record of the topic that names the path. Those of a partition
// come in the order of their offsets.
func (s *Set) Find(name []byte, r Record, at Place) {
	p := s.last
	if p == nil || p.name != string(name) {
		if p = s.paths[string(name)]; p == nil {
			return
		}
		s.last = p
	}
	if s.closer && !p.active {
		return
	}
	if !s.closer {
		p.told++
	}
	p.next(p.stream(at.Lane), r, at)
}

// stream is that of a lane.
func (p *path) stream(l Lane) *stream {
	i, found := slices.BinarySearchFunc(p.streams, l, func(st *stream, l Lane) int { return st.lane.compare(l) })
	if !found {
		p.streams = slices.Insert(p.streams, i, &stream{lane: l})
		p.isIn(l.Topic)
	}
	return p.streams[i]
}

// next adds a record to the block that is under way, or to the next one.
func (p *path) next(st *stream, r Record, at Place) {
	fell := !st.open || r.Offset < st.offset || r.Offset == st.offset && (r.Part < 2 || r.Part <= st.part)
	sum := r.sum()
	if fell || r.Offset >= st.end {
		if st.open {
			p.close(st)
		}
		if fell {
			p.begin(st, r.Offset, sum)
		}
		st.start, st.end = p.bounds(r.Offset)
		st.sum, st.count, st.at, st.kept = 0, 0, at, st.kept[:0]
		st.keep = p.keeps(st.start)
	}
	st.open, st.offset, st.part = true, r.Offset, r.Part
	st.sum += sum
	st.count++
	if st.keep {
		st.kept = append(st.kept, seen{r, at})
	}
}

// begin begins a run.
func (p *path) begin(st *stream, offset int64, sum uint64) {
	p.set.runs++
	st.run = p.set.runs
	st.prev, st.file = st.file, nil
	st.foreign = false
	for _, f := range p.files {
		if len(f.blocks) > 0 && offset > f.opens {
			return // it is the middle of something
		}
		if f.first == sum && len(f.blocks) > 0 {
			return
		}
	}
	st.foreign = true
}

// keeps says whether blocks that begin at start are looked at closer now.
func (p *path) keeps(start int64) bool {
	if !p.set.closer {
		return false
	}
	for _, f := range p.files {
		if b := f.at(start); b != nil && b.entries != nil {
			return true
		}
	}
	return false
}

// close compares the block that is under way.
func (p *path) close(st *stream) {
	if b := p.match(st); b != nil {
		if b.seen == 0 {
			b.at = st.at
		} else {
			b.again = st.at
		}
		b.seen++
		st.file, st.foreign, st.matched = b.File, false, true
		if b.entries != nil {
			for i := range st.kept {
				b.hit(&b.entries[i], st.kept[i].at, st.run)
			}
		}
		return
	}
	switch {
	case st.keep:
		p.compare(st)
	case p.set.closer:
	default:
		p.mark(st)
	}
}

// match is the block of a file with the records of the one that is under way.
// When several have them, it is that of the file whose records came before,
// then the oldest that was not seen; a spare one only when no other has them.
func (p *path) match(st *stream) *Block {
	same := func(f *File) *Block {
		if b := f.at(st.start); b != nil && b.count == st.count && b.sum == st.sum {
			return b
		}
		return nil
	}
	if st.file != nil && !st.file.spare {
		if b := same(st.file); b != nil {
			return b
		}
	}
	var twice *Block
	for _, f := range p.files {
		if b := same(f); b != nil && (twice == nil || !f.spare) {
			if b.seen == 0 {
				return b
			}
			if twice == nil {
				twice = b
			}
		}
	}
	return twice
}

// mark notes that there were other records than those of the files.
func (p *path) mark(st *stream) {
	for _, f := range p.files {
		if b := f.at(st.start); b != nil {
			if st.foreign && !st.matched {
				b.far = true
			} else {
				b.near = true
			}
		}
	}
}

// Lacks says that records of files were not met in the topics that were told so
// far in this pass. Those that are told after it are of others.
func (s *Set) Lacks() bool {
	lacks := false
	for _, p := range s.paths {
		p.end()
		for _, f := range p.files {
			for _, b := range f.blocks {
				lacks = lacks || b.seen == 0 && !(f.spare && b.twin() != nil)
			}
		}
	}
	return lacks
}

// end ends the streams of a path.
func (p *path) end() {
	for _, st := range p.streams {
		if st.open {
			p.close(st)
		}
	}
	p.streams = nil
}

// twin is a block of another file of the path with the same records, which were
// met.
func (b *Block) twin() *Block {
	for _, f := range b.File.path.files {
		if o := f.at(b.start); o != nil && o != b && o.seen > 0 && o.count == b.count && o.sum == b.sum {
			return o
		}
	}
	return nil
}

// End ends a pass over the topic. confirm says whether the file has a value of
// that size and hash where the record begins, which is known of files whose
// values are their bytes, and where the bytes of the record end, with their
// newline; nil: it is not known of any. It is asked only when the pass looked
// closer.
func (s *Set) End(confirm Confirm) {
	for _, p := range s.paths {
		if s.closer && !p.active {
			continue
		}
		p.end()
		p.active = false
	}
	for _, spare := range []bool{false, true} {
		for _, b := range s.round {
			if b.File.spare == spare {
				b.settle(confirm)
			}
		}
		if confirm != nil {
			s.recut(spare, confirm)
		}
	}
	for _, b := range s.round {
		b.items = b.summary()
		b.known, b.near, b.far = true, false, false
	}
	for _, b := range s.round {
		b.entries, b.odd = nil, nil
	}
	s.round, s.closer = nil, false
}

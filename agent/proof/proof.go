// Package proof says of files and topics whether each record of the files is
// in a topic once, unchanged, and in order. It reads neither: it is told of
// both, one record at a time, and its memory does not grow with the lines.
//
// Records of a file are summed up in blocks of its offsets. So are those of the
// topic, as they come: the records of a path ascend in their offsets until
// another file of the path begins, or something is repeated or late, which ends
// a run. A block of a run that has the sum of a block of a file proves all of it.
// Sums are of keyed 64-bit hashes, whose order within a run does not matter
// since it is that of the offsets.
//
// Blocks for which there were other records than the file's are looked at closer,
// in as many rounds as the memory wants: their records are told once more, now
// to be kept one by one, and so is the topic.
//
// Files that may be copies of others are compared too, and take no record from
// these: see AddSpare.
//
//	Add each file ─► Expect its records ─► Begin, Find the topic's, End
//	      ┌───────────────────────────────────────┘
//	      └► while Closer gives blocks: Expect their records, Begin, Find, End
//	                                                  └► Ranges of each file
package proof

import (
	"cmp"
	"slices"
)

// Record is one record, of a file or of the topic.
type Record struct {
	Offset int64 // where it begins in the file
	Size   int32 // of the value, bytes
	Part   int32 // which piece of its line it is, from 1; 0: the whole
	Final  bool  // the last piece
	// Cut says that the topic's record is the beginning of a value that the
	// brokers did not take whole.
	Cut   bool
	Value uint64 // hash of the value
	// Alt is another hash of the value of a record of the topic, for a Confirm
	// that knows more forms of it; 0: none.
	Alt uint64
}

// sum is the hash of all that must be the same.
func (r *Record) sum() uint64 {
	h := r.Value ^ mix(uint64(r.Offset)+0x9e3779b97f4a7c15)
	if r.Part > 0 {
		p := uint64(r.Part) << 1
		if r.Final {
			p |= 1
		}
		h ^= mix(p)
	}
	return mix(h)
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Lane is a partition of a topic: order is that of one lane. Topics are numbered
// by the caller.
type Lane struct {
	Topic, Partition int32
}

func (l Lane) compare(o Lane) int {
	return cmp.Or(cmp.Compare(l.Topic, o.Topic), cmp.Compare(l.Partition, o.Partition))
}

// Place is where a record is.
type Place struct {
	Lane
	Offset int64
}

// Resume is where the records of a file can be cut from: an offset, and the
// state of the cutter there.
type Resume struct {
	Offset int64
	Part   int
}

// Set is all files that are compared. It is for one goroutine.
type Set struct {
	block  int64
	paths  map[string]*path
	last   *path
	closer bool // this pass looks closer
	runs   int32
	round  []*Block
}

// path is the files whose lines have one path.
type path struct {
	set     *Set
	name    string
	files   []*File   // oldest first, and behind them the spare ones
	cuts    []int64   // where their lines begin and end, ascending
	streams []*stream // by their lanes, ascending
	topics  []int32   // that have, or should have, records of it
	active  bool      // blocks of it are looked at closer
	told    int64     // records in the first pass
}

// File is one file of a path.
type File struct {
	path     *path
	spare    bool
	from, to int64
	part     int64 // no range goes over it; 0: there is none
	blocks   []*Block
	first    uint64 // sum of its first record
	opens    int64  // its offset
}

// Block is the records of a file that begin in one piece of it.
type Block struct {
	File *File
	// From is where reading begins to get its records again.
	From  Resume
	start int64
	opens int64 // offset of its first record
	sum   uint64
	count int32
	seen  int32
	at    Place // where it was seen first
	again Place // and last, if more than once
	// near says that records were seen that are perhaps its own, changed or
	// repeated in part; far that some were of a file which begins in another way.
	near, far bool
	known     bool // looked at closer
	entries   []entry
	odd       []odd
	items     []item
	got       int64 // records of the topic that are its own, also wrongly, as the closer look has it
}

// New returns a Set without files. block is how many bytes of a file are one
// block, a power of two.
func New(block int64) *Set {
	return &Set{block: block, paths: map[string]*path{}}
}

// Add adds a file whose lines have the path, and which is newer than those of
// the path that were added before. The records from the offset from up to the
// offset to are to be in the topic. All files are added before the first Expect.
func (s *Set) Add(name string, from, to int64, topic int32) *File {
	p := s.paths[name]
	if p == nil {
		p = &path{set: s, name: name}
		s.paths[name] = p
	}
	f := &File{path: p, from: from, to: to}
	p.isIn(topic)
	p.files = append(p.files, f)
	p.cut(from)
	p.cut(to)
	return f
}

// cut has no block go over an offset.
func (p *path) cut(at int64) {
	if i, found := slices.BinarySearch(p.cuts, at); !found {
		p.cuts = slices.Insert(p.cuts, i, at)
	}
}

// Part has no range go over an offset, if that is in the file. It is called before
// the first Expect.
func (f *File) Part(at int64) {
	if at > f.from && at < f.to {
		f.part = at
		f.path.cut(at)
	}
}

// isIn notes a topic of the path.
func (p *path) isIn(topic int32) {
	if !slices.Contains(p.topics, topic) {
		p.topics = append(p.topics, topic)
	}
}

// AddSpare adds a file that nobody may have shipped. Those of its records that are
// not there as its own are Shared when they are those of another file of the path, of
// which it may be a copy, in any order. It is added behind all others of the path.
func (s *Set) AddSpare(name string, from, to int64, topic int32) *File {
	f := s.Add(name, from, to, topic)
	f.spare = true
	return f
}

// Expect notes the next record of the file, in ascending order. from is a place
// at or before it where reading can be resumed.
func (f *File) Expect(r Record, from Resume) {
	sum := r.sum()
	if len(f.blocks) == 0 {
		f.first, f.opens = sum, r.Offset
	}
	var b *Block
	if n := len(f.blocks); n > 0 {
		b = f.blocks[n-1]
	}
	if start, _ := f.path.bounds(r.Offset); b == nil || b.start != start {
		b = &Block{File: f, From: from, start: start, opens: r.Offset}
		f.blocks = append(f.blocks, b)
	}
	b.sum += sum
	b.count++
}

// bounds is the block that an offset is in.
func (p *path) bounds(offset int64) (start, end int64) {
	start = offset - offset%p.set.block
	end = start + p.set.block
	i, found := slices.BinarySearch(p.cuts, offset)
	if found {
		i++
	}
	if i > 0 {
		start = max(start, p.cuts[i-1])
	}
	if i < len(p.cuts) {
		end = min(end, p.cuts[i])
	}
	return start, end
}

// at is the block of f that begins at start, if it has records.
func (f *File) at(start int64) *Block {
	i, found := slices.BinarySearchFunc(f.blocks, start, func(b *Block, start int64) int { return cmp.Compare(b.start, start) })
	if !found {
		return nil
	}
	return f.blocks[i]
}

// End is the offset before which all records of the block begin.
func (b *Block) End() int64 {
	_, end := b.File.path.bounds(b.start)
	return end
}

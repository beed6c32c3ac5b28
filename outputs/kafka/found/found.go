// Package found keeps what a partition was seen to have: sequence numbers of
// batches, and lines by path, offset and value.
//
// Lines are kept in segments of up to 8 KiB of a file, 40 bytes for each, so that
// the memory that they take is less than a two-hundredth of them. A segment is known
// again as a whole, by a 64-bit hash whose key is made anew for each Set; by another
// one where values have the time in them at which they were built. The
// last lines of a file, of which not all may be there to be compared, are kept
// one by one.
package found

import (
	"cmp"
	"hash/maphash"
	"slices"

	"tailrace/agent/flow"
)

const (
	// segmentBits is how large a piece of a file the lines of one segment begin
	// in: 8 KiB.
	segmentBits = 13
	// long is how many bytes of a value are a segment of their own.
	long = 1 << (segmentBits - 1)
)

// A whole segment is among what is read of a file at a time.
const _ = uint(flow.LeastTurn - 1<<segmentBits - long)

// Stream is a producer id with its epoch.
type Stream struct {
	PID   int64
	Epoch int16
}

// Set is what was found. It is for one goroutine. The zero value is no Set: use
// New.
type Set struct {
	host    string // ours
	seed    maphash.Seed
	numbers map[Stream][]numbers
	paths   map[string]*path
	cuts    map[string][]int64
	known   bool // the batch whose records are noted is of a stream that is wanted
	Ours    int  // batches of ours
}

// numbers is count sequence numbers from first on.
type numbers struct{ first, count int32 }

// path is the segments of all files that were at one path.
type path struct {
	all  []segment
	cur  segment   // is built
	ones []segment // the records of cur, one by one
	open bool      // there is cur
	end  bool      // nothing may be added to cur
	high int64     // the highest offset of runs before this one, -1 for none
	cuts []int64   // ascending
}

// segment is records of one file that follow each other.
type segment struct {
	start, last int64 // offsets of the first and the last record
	sum         uint64
	timeless    uint64 // that of the values without the time in them
	// stamp is when the newest of them was made, Unix milliseconds, times two;
	// odd when they are of a stream that is wanted, as all of a segment or none.
	stamp int64
}

func (g *segment) millis() int64 { return g.stamp >> 1 }
func (g *segment) known() bool   { return g.stamp&1 != 0 }

// New returns a Set of the records of a host. Of batches it keeps the numbers
// of the streams that are wanted. cuts are, by path, ascending offsets at which
// files may be read on.
func New(host string, wanted []Stream, cuts map[string][]int64) *Set {
	s := &Set{host: host, seed: maphash.MakeSeed(), numbers: map[Stream][]numbers{}, paths: map[string]*path{}, cuts: cuts}
	for _, w := range wanted {
		s.numbers[w] = nil
	}
	return s
}

// Batch notes a batch, whose records Record may be called with next.
func (s *Set) Batch(of Stream, first, count int32) {
	have, wanted := s.numbers[of]
	if s.known = wanted; wanted {
		s.numbers[of] = append(have, numbers{first, count})
	}
}

// Has says whether the record with the number was in a batch that was noted, of
// a stream that was wanted.
func (s *Set) Has(of Stream, number int32) bool {
	for _, n := range s.numbers[of] {
		// Sequence numbers wrap from 2^31-1 to 0.
		if (number-n.first)&(1<<31-1) < n.count {
			return true
		}
	}
	return false
}

// Own says whether a batch of records of that host is ours, and counts it.
func (s *Set) Own(host []byte) bool {
	if string(host) != s.host {
		return false
	}
	s.Ours++
	return true
}

// Lines says whether it has a line that one of ours may be.
func (s *Set) Lines() bool { return len(s.paths) > 0 }

// Record notes a record, in the order of the partition. One that may not have
// the whole line as its value is to be alone: then its neighbours are known all
// the same.
func (s *Set) Record(name string, offset int64, value []byte, millis int64, alone bool) {
	p := s.paths[name]
	if p == nil {
		p = &path{high: -1, cuts: s.cuts[name]}
		s.paths[name] = p
	}
	alone = alone || len(value) >= long
	stamp := millis << 1
	if s.known {
		stamp |= 1
	}
	switch {
	case p.open && offset <= p.cur.last:
		p.finish()
	case p.open && (alone || p.ends(offset) || p.cur.known() != s.known):
		p.all, p.open = append(p.all, p.cur), false
	}
	if !p.open {
		p.ones = p.ones[:0]

		p.cur, p.open = segment{start: offset, stamp: stamp}, true
	}
	p.cur.last, p.cur.stamp = offset, max(p.cur.stamp, stamp)
	whole := s.hash(value)
	bare := whole
	if v := flow.Timeless(value); len(v) < len(value) {
		bare = s.hash(v)
	}
	p.cur.sum, p.cur.timeless = add(p.cur.sum, offset, whole), add(p.cur.timeless, offset, bare)
	p.ones = append(p.ones, segment{start: offset, last: offset, sum: add(0, offset, whole), timeless: add(0, offset, bare), stamp: stamp})
	p.end = alone
}

// ends says that a record at offset begins another segment.
func (p *path) ends(offset int64) bool {
	last := p.cur.last
	at, _ := slices.BinarySearch(p.cuts, last+1)
	return p.end ||
		offset>>segmentBits != p.cur.start>>segmentBits ||
		last <= p.high && p.high < offset ||
		at < len(p.cuts) && p.cuts[at] <= offset
}

// finish ends a run: what follows is of another file, or was sent again.
func (p *path) finish() {
	p.all, p.open = append(p.all, p.ones...), false
	p.high = max(p.high, p.cur.last)
}

// Close ends what is noted. Then lines can be looked for.
func (s *Set) Close() {
	for _, p := range s.paths {
		if p.open {
			p.finish()
		}
		p.ones = nil
		slices.SortStableFunc(p.all, func(a, b segment) int { return cmp.Compare(a.start, b.start) })
	}
}

func (s *Set) hash(value []byte) uint64 { return maphash.Bytes(s.seed, value) }

// add goes on with the hash of a segment: h is that of the next value.
func add(sum uint64, offset int64, h uint64) uint64 {
	return (sum ^ h ^ uint64(offset)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
}

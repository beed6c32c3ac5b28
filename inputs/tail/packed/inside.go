package packed

import (
	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// Inside is what is in a compressed file. It is not changed.
type Inside struct {
	Whole bool  // it was read to its end
	Size  int64 // plain bytes; when not whole, what it tells of itself; when damaged, those before that
	Told  bool  // it tells
	Tells int64 // that; of a gzip file that was appended to, of its last member
	// Asked is how far the files had been read that it was compared with, those
	// but of which nothing was; Newest is the last that there was then.
	Asked  map[flow.FileID]int64
	Newest flow.FileID
	// Holds is the files of whose content, as far as they were read, it has
	// the beginning; Begins is those whose first bytes it has.
	Holds  map[flow.FileID]Holding
	Begins map[flow.FileID]bool
	// Blind is the files it could not be compared with yet.
	Blind map[flow.FileID]bool
	// Parts says of the files that it was compared with byte by byte whether they
	// begin with all of it, when it is whole; Below is the highest of the places below
	// that up to which they were read that it has.
	Parts map[flow.FileID]bool
	Below map[flow.FileID]int64
	// Head is the first bytes behind the NULs that a copy begins with when the
	// writer does not append, HeadAt where they are; nil: there are none.
	Head   []byte
	HeadAt int64
	Lines  int64 // newlines; when it is whole
	// DataEnd is the offset behind the last byte that is not NUL; when it is whole.
	DataEnd int64
	Err     error // why it is of no use: damaged, or over a limit
}

// Empty says that nothing is in it.
func (i *Inside) Empty() bool { return i.Err == nil && i.Whole && i.Size == 0 }

// Holding is how far a file had been read whose content is in a compressed one, and how
// many newlines are behind that.
type Holding struct{ Off, Lines int64 }

// Probe is a file whose content is looked for, as far as it was read.
type Probe struct {
	ID     flow.FileID
	Off    int64 // how far it was read
	Mark   flow.Mark
	Now    string // where it is
	Key    disk.Key
	Packed bool
	// Rest is the bytes of the next file that count as its own and that its
	// first bytes, as they are known, end with; of a short one that is joined.
	Rest  []byte
	Blind bool // Rest cannot be read now
	// IsBelow says that Off is a place below that up to which it was read.
	IsBelow bool
}

package tail

import (
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// A file that is being written to, as a copy is at first, or one that is written anew,
// is judged when it has come to rest.

// settleTime is for how long what is at the inode of a file that became shorter may
// change before it is judged: who writes the same content anew empties it first.
const settleTime = quietTime * 3 / 4

// sized is the size that a look saw of a file that may be changing, since when it has
// had it, and when that was asked first.
type sized struct {
	size         int64
	since, first time.Time
}

// sized notes the size of the file at e. same says that an earlier look saw it, too.
func (in *Input) sized(e disk.Entry) (s sized, same bool) {
	s, known := in.sizes[e.Key]
	same = known && s.size == e.Size
	if !known {
		s.first = time.Now()
	}
	if !same {
		s.size, s.since = e.Size, time.Now()
		in.sizes[e.Key] = s
	}
	return s, same
}

// keepsSize says that a look has seen the file at e with the size that it has now, at
// least quiet ago. If not, another look is made.
func (in *Input) keepsSize(d *dir, e disk.Entry, quiet time.Duration) bool {
	s, same := in.sized(e)
	if same && time.Since(s.since) >= quiet {
		return true
	}
	d.lookBy(s.since.Add(quietTime))
	return false
}

// settledCopy says whether the copy has stopped growing: two looks saw the same
// size. An empty one must have stayed so for quietTime, since it may just have
// been made, and nothing in it is to be read. If not, another look is made.
func (in *Input) settledCopy(d *dir, e disk.Entry) bool {
	quiet := time.Duration(0)
	if e.Size == 0 {
		quiet = quietTime
	}
	settled := in.keepsSize(d, e, quiet)
	if settled {
		delete(in.sizes, e.Key)
	}
	return settled
}

// settled says whether f, of which the inode at has less than was read, is as it will
// be. If not, another look at its directory is made soon.
func (in *Input) settled(f *file, at disk.Entry, dir string) bool {
	if read := f.at(); at.Size >= read || read < flow.Enough {
		return true
	}
	s, _ := in.sized(at)
	if time.Since(s.first) >= settleTime || at.Size > 0 && time.Since(s.since) >= quietTime/4 {
		return true
	}
	in.undecidable(f, dir)
	return false
}

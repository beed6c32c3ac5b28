package agent

import "time"

// restAfter is how long no line must have been read until memory is given back.
const restAfter = time.Minute

// rest gives memory back to the system while nothing is read: what was needed
// for lines, and after each full scan what that took, which with many files is
// as much as they all take. It belongs to watch.
type rest struct {
	read  int64 // bytes of lines so far
	since time.Time
	scans int64 // full scans when memory was last given back; -1: not yet
}

// look is called with the bytes of lines and the full scans so far.
func (r *rest) look(read, scans int64, now time.Time, give func()) {
	switch {
	case read != r.read || r.since.IsZero():
		*r = rest{read: read, since: now, scans: -1}
	case scans != r.scans && now.Sub(r.since) >= restAfter:
		r.scans = scans
		give()
	}
}

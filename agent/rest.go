package agent

import "time"

const (
	// restAfter is how long little must have been read until memory is given
	// back, and the least time between two times.
	restAfter = time.Minute
	// restRead is how many bytes of lines are little: some hundred lines a
	// second. A host of many quiet files always has one that is written to.
	restRead = 4 << 20
)

// rest gives memory back to the system while hardly anything is read: what was
// needed for lines, and after full scans what those took, which with many files
// is as much as they all take. It belongs to watch.
type rest struct {
	read  int64 // bytes of lines at since
	since time.Time
	scans int64 // full scans when memory was last given back; -1: not yet
}

// look is called with the bytes of lines and the full scans so far.
func (r *rest) look(read, scans int64, now time.Time, give func()) {
	switch {
	case r.since.IsZero() || read-r.read > restRead:
		*r = rest{read: read, since: now, scans: -1}
	case scans != r.scans && now.Sub(r.since) >= restAfter:
		*r = rest{read: read, since: now, scans: scans}
		give()
	}
}

package agent

import "time"

const (
	// restAfter is how long no line must have been read until memory is given
	// back, and restEvery how long until it is done again while none is: full
	// scans leave some garbage, which the collector lets grow to as much as
	// all files take.
	restAfter = time.Minute
	restEvery = 2 * time.Minute
)

// rest gives memory back to the system while nothing is read: what was needed
// for lines, and what the garbage collector keeps for more. It belongs to watch.
type rest struct {
	read int64 // bytes of lines so far
	next time.Time
}

// look is called with the bytes of lines that were read so far.
func (r *rest) look(read int64, now time.Time, give func()) {
	switch {
	case read != r.read || r.next.IsZero():
		*r = rest{read: read, next: now.Add(restAfter)}
	case !now.Before(r.next):
		r.next = now.Add(restEvery)
		give()
	}
}

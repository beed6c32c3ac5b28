package agent

import "time"

// restAfter is how long no line must have been read until memory is given back.
const restAfter = time.Minute

// rest gives memory back to the system when nothing has been read for a while:
// what was needed for lines, and what the garbage collector keeps for more, which
// with many files is as much as they take. It belongs to watch.
type rest struct {
	read  int64 // bytes of lines so far
	since time.Time
	given bool // since then
}

// look is called with the bytes of lines that were read so far.
func (r *rest) look(read int64, now time.Time, give func()) {
	switch {
	case read != r.read || r.since.IsZero():
		*r = rest{read: read, since: now}
	case !r.given && now.Sub(r.since) >= restAfter:
		r.given = true
		give()
	}
}

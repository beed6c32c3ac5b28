package turns

import (
	"sync"

	"tailrace/agent/flow"
)

// Row is the files of a Queue that one lane ships. Its methods are for that lane, but
// Wake, which is for any goroutine.
type Row[F File] struct {
	q      *Queue[F]
	number int32
	feed   flow.Feed
	wake   chan struct{} // buffer of one

	// q.mu guards these.
	ready   Order[F]
	reading F          // given by Take, until Put
	last    F          // what was read last: it may be unread
	idle    *sync.Cond // reading became none
}

// Wake receives when Take may have something.
func (r *Row[F]) Wake() <-chan struct{} { return r.wake }

// Take takes the next file out; none when there is none. What was read before can no
// longer be unread.
func (r *Row[F]) Take() (f F) {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	r.last = f
	if r.q.closed || r.ready.Len() == 0 {
		return f
	}
	f = r.ready.Next()
	f.Seat().waits = false
	r.reading = f
	return f
}

// Put ends what Take began: f was read, or not, and has more.
func (r *Row[F]) Put(f F, read, more bool) {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	var none F
	r.reading = none
	r.idle.Broadcast()
	if read {
		r.last = f
	}
	if more && !f.Seat().waits {
		r.ready.Backlog(f)
		r.queued(f)
	}
}

// Last is the file that was read last, and none was taken since.
func (r *Row[F]) Last() F {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	return r.last
}

// Yields says that the file whose turn it is, which has more than a quantum, gives its
// turn away.
func (r *Row[F]) Yields() bool {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	return r.ready.Yield()
}

// Quantum is how many bytes, of most, the file gives that is read now.
func (r *Row[F]) Quantum(most int) int {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	return r.ready.Quantum(most)
}

// queued notes that f is ready. The caller holds q.mu.
func (r *Row[F]) queued(f F) {
	f.Seat().waits = true
	r.tell()
}

// TellMore has Wake tell when files are left.
func (r *Row[F]) TellMore() {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	if r.ready.Len() > 0 {
		r.tell()
	}
}

func (r *Row[F]) tell() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Shares says of a form, as long as Share holds, whether files with it are in this row.
func (r *Row[F]) Shares() func(*flow.Form) bool {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	number := r.q.number
	return func(f *flow.Form) bool { return number == nil || number(f) == r.number }
}

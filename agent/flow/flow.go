// Package flow is the vocabulary that inputs, outputs and the journal share:
// chunks of lines, the spans of files that they are made of, and the marks by
// which a file is known again. It imports nothing of tailrace.
package flow

import (
	"errors"
	"sync/atomic"
)

// FileID numbers one file's content for as long as the journal knows it. A
// rename keeps the number; a truncation, or another file at the same path,
// gets a new one. Zero is no file.
type FileID uint64

// Span is the bytes [Start, End) of one file, as they were read and verified.
// Everything that is known of them is bound to the span, so that an ack of the
// span alone says how far the file is done and how to know it again.
type Span struct {
	File  FileID `json:"f"`
	Start int64  `json:"s"`
	End   int64  `json:"e"`
	// Part is 0 for whole lines. Otherwise the span is the Part-th piece
	// (from 1) of one line that is longer than the limit.
	Part int `json:"part,omitempty"`
	// Final is set on the last piece of such a line.
	Final bool `json:"final,omitempty"`
	// Reading says how the bytes are cut into records, see the journal's
	// Reading; 0: each line is one. With a reading, Part is Mark.Part at Start.
	Reading int `json:"r,omitempty"`
	// Skip and Take choose records of those that the bytes are cut into: the
	// first Skip are of another span of the same bytes, and so are those
	// behind the next Take, unless that is 0.
	Skip int `json:"skip,omitempty"`
	Take int `json:"take,omitempty"`
	// Form is the number of what its records have beside their values; 0 in
	// older journals: what the lane says.
	Form int    `json:"k,omitempty"`
	Sum  uint32 `json:"sum"` // CRC-32C of the span's bytes
	Mark Mark   `json:"m"`   // how to know the file again, at End
}

// A Source has topics.
type Source interface {
	// Take calls open for each topic of an output, once until its Rest: for
	// those that there are before it returns, and later for each that a new
	// file brings. open must not block.
	Take(output string, open func(Topic))
}

// A Topic is where the lines of some files go. Its methods are safe for any
// goroutine.
type Topic interface {
	Name() string
	// Share gives the files to feeds: all whose forms have the same number to
	// the same one. It is called once before Rest, and before it no feed gives
	// anything.
	// open is called with each feed that has got its first lines, once, unless
	// Feed was called for it; it must not block.
	Share(number func(*Form) int32, open func(number int32, f Feed))
	// Feed is the one with that number.
	Feed(number int32) Feed
	// Form is that of what is shipped of a file from now on; nil: it is none of
	// the topic's.
	Form(id FileID) *Form
	// Wanted says that files lead there that have something to read, may get
	// it, or were not acked until a while ago.
	Wanted() bool
	// Rest takes the files from all feeds, which nobody uses any more, and of
	// which all is acked that they gave. When there is something to read the
	// Source opens the topic again, and Share may be called again.
	Rest()
}

// LeastTurn is how much a file gives at least in its turn, in bytes.
const LeastTurn = 16 << 10

// A Feed gives the lines of some files of a topic, these in turns. All its
// methods but Wake are for one goroutine: the lane that ships them.
type Feed interface {
	// Next fills c with whole lines of one file, at most max bytes of them
	// unless one line alone is longer, and reports whether it did. When it
	// did not there is nothing to read now, and Wake will tell. When the file
	// has more it gives what lines fit into LeastTurn, or into max if that is
	// less. c.Time is set by the caller.
	Next(c *Chunk, max int) bool
	// Unread gives back the lines of c from line n on. It must be the chunk
	// that Next filled last, and n a line that a span may begin with. The lines
	// come again.
	Unread(c *Chunk, n int)
	// Wake receives, from a buffer of one, when Next may have something.
	Wake() <-chan struct{}
	// Past tells of what was in the files when the run began.
	Past() Past
	// Was is how many bytes a file had then, 0 when it came later, and when it
	// was made, Unix nanoseconds, 0 unknown.
	Was(id FileID) (size, born int64)
}

// Past is what of the files of a Feed is older than the run.
type Past struct {
	// Looked says that the files are found. Otherwise nothing is known yet.
	Looked bool
	// Left says that some of it is still to come from Next.
	Left bool
	// Since is when the oldest of the files that it is in was made, Unix
	// nanoseconds; 0 unknown.
	Since int64
}

// A Fetcher reads spans again, from wherever their bytes are now. It is safe
// for any goroutine.
type Fetcher interface {
	// Fetch fills c with the lines of s, checked against the sum of s. c.Time
	// is set by the caller. The
	// error is ErrGone when the bytes are nowhere to be found; after any other
	// error it is worth trying again, and one that wraps ErrSought is no trouble.
	Fetch(s Span, c *Chunk) error
}

// ErrGone says that the bytes of a span exist nowhere any more.
var ErrGone = errors.New("the bytes are gone")

// ErrSought is wrapped by an error that is no trouble: it is being found out where
// the bytes of a span are, after a rotation for instance, and that ends by itself.
var ErrSought = errors.New("it is being found out where they are")

// Budget bounds the bytes in flight: those that were read and are not yet
// acked. It is safe for any goroutine.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget returns a budget of limit bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Try takes n bytes and reports whether they were there. Whoever is refused
// waits for an ack of its own and tries again; who has nothing in flight need
// not ask, and calls Take.
func (b *Budget) Try(n int64) bool {
	if b.used.Add(n) <= b.limit {
		return true
	}
	b.used.Add(-n)
	return false
}

// Take takes n bytes even when that goes over the limit.
func (b *Budget) Take(n int64) { b.used.Add(n) }

// Release gives n bytes back.
func (b *Budget) Release(n int64) { b.used.Add(-n) }

// Limit is how many bytes there are.
func (b *Budget) Limit() int64 { return b.limit }

// Used is the number of bytes in flight.
func (b *Budget) Used() int64 { return b.used.Load() }

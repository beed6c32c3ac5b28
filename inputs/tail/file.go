package tail

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/turns"
)

// position is how far a file was read, and how to know it again there.
type position struct {
	off  int64
	mark flow.Mark
}

// A file is the content of one inode, from its creation or truncation on. It is
// called by whoever holds mu; it has no goroutine and no clock. There is one for
// each file that is known, mostly idle: its small fields stand together, since
// each of them alone would take eight bytes.
type file struct {
	id    flow.FileID
	path  string // the header "path"
	queue *queue
	form  *flow.Form // of its records from now on
	conf  *Config    // of the input that its path belongs to
	rec   *recording // nil: its lines are records as they are

	mu  sync.Mutex
	fd  int               // -1 when closed
	z   *content.Unpacked // of an open file that is compressed
	pos position
	// below is places below pos; nil: none are kept.
	below *content.Steps
	// early marks bytes that were seen and not read yet, while pos says too
	// little to know the file again; nil otherwise.
	early *position
	// size is the largest that was seen; searched is up to where there is no
	// newline behind pos. There is something to read when size > searched, unless
	// reserved says that it is NULs.
	size, searched int64
	// certain is the size when it was last seen together with the content that
	// pos marks, without space that was taken in advance: size may be that of what
	// the file was truncated to.
	certain int64
	mtime   int64
	// joined is how many bytes at the start of next end the line that this
	// file, the copy of a truncated one, breaks off in. They count as if they
	// stood at the end of this file.
	joined int64
	next   *file
	grown  moment // when data was last seen to arrive
	// now is where the file is at present, or was last; key its inode's
	// identity. Run writes them, holding mu.
	now   string
	key   disk.Key
	hole  int64 // how many NULs it begins with, behind which its writer went on
	ended int64 // up to where it was read when the rest was accounted for
	doubt doubt // Run writes it, holding mu
	// final says that nobody writes any more: a last line without a newline
	// is given too.
	final bool
	// reserved says that nothing but NULs is behind searched: space that the writer
	// took in advance. The file's size does not say when they are overwritten; its
	// mtime does.
	reserved bool
	// spaceKnown says that the journal was told so once: it has no size with that space.
	spaceKnown bool
	// packed says that what is there is compressed; offsets are those of the
	// plain bytes. Run writes it, holding mu.
	packed bool
	away   bool // see Input.away

	// preparing and deleting are Run's, and here for their size: a job decompresses
	// it up to pos; it is being deleted, as the journal knows.
	preparing, deleting bool

	missed int32       // the scan after which Fetch did not find its bytes
	misses int32       // Run's, too: looks in a row that did not find it
	seat   turns.Seat  // in the queue, which alone uses it
	polled atomic.Bool // Run looks at it often

	// The rest belongs to Run.
	owner     uint32 // user id + 1; 0 unknown
	dev       uint64
	handle    string // see disk.Handle
	prev      *file  // read before this one; nil once that is done
	prevID    flow.FileID
	base      int64      // where reading began
	baseMark  *flow.Mark // nil when base is 0; a zero one when that could not be read: see skip
	alike     int64      // up to where it was taken for another's content: see journal.File.Alike
	since     moment     // when it got the state
	wrong     error      // why it cannot be read; nil when it can
	followers []*file    // that wait for this one
	original  *file      // of which this is a copy, and so not shipped
	inside    *inside    // what was found in a compressed one; nil: it was not looked into
	lostBy    *string    // the cause of its last loss
	held      int64      // its size when it was deleted, as the run before saw
	noted     int64      // how much of it the run before saw, while this one has not found it
	state     state
	recorded  bool // the journal knows it
	gone      bool // no name leads to it
	missing   bool // the last look did not find it, and one more will tell
	late      bool // data came after it was done
	half      bool // next goes on in the middle of this one's last line
	sealed    bool // rotated long ago: no writer is left
	resumed   bool // not seen yet in this run
}

// A moment is a time of this run by the monotonic clock, in nanoseconds since
// longAgo. It takes a third of a time.Time, of which each file would have two.
type moment int64

// longAgo is so long ago that the zero moment is, too.
var longAgo = time.Now().Add(-100 * 365 * 24 * time.Hour)

func momentOf(t time.Time) moment { return moment(t.Sub(longAgo)) }

func (m moment) time() time.Time { return longAgo.Add(time.Duration(m)) }

func (m moment) ago() time.Duration { return time.Since(m.time()) }

// state is where a file is in its life.
type state uint8

const (
	following  state = iota // it is at its path
	rotated                 // it was at its path, and is being read to its end
	done                    // read to its end and let go
	unfollowed              // known, and no longer in the configuration
)

var errGone = disk.ErrGone

// markEarly sets early.
func (f *file) markEarly() {
	if f.fd < 0 || f.size == 0 || f.early != nil || f.known() {
		return
	}
	var buf [flow.PrefixMax]byte
	n, err := f.content().Pread(buf[:], 0)
	if err != nil || n == 0 {
		return
	}
	if buf[0] == 0 {
		f.markBehindHole()
		return
	}
	if i := bytes.IndexByte(buf[:n], 0); i >= flow.Enough {
		n = i // NULs may be overwritten
	} else if i >= 0 {
		n = 0
	}
	if n > 0 {
		f.setEarly(position{off: int64(n), mark: flow.NewMark(buf[:n], buf[:n])})
	}
}

// markBehindHole sets early behind the first data of a file that begins with a hole.
// The caller holds mu.
func (f *file) markBehindHole() {
	at, err := f.content().FirstData(0)
	if err != nil || at < nulRun || f.base > 0 && at != f.hole { // which is another content
		return
	}
	var buf [flow.PrefixMax]byte
	n, err := f.content().Pread(buf[:], at)
	if i := bytes.IndexByte(buf[:n], 0); i >= 0 {
		n = i
	}
	if err != nil || n == 0 {
		return
	}
	if m, ok, err := f.content().MarkAt(at + int64(n)); ok && err == nil {
		f.hole = at
		f.setEarly(position{off: at + int64(n), mark: m})
	}
}

// setEarly sets early to p. The caller holds mu.
func (f *file) setEarly(p position) {
	f.early = &p
	if !f.has(young) { // else it may be what came after a truncation
		f.certain = max(f.certain, p.off)
	}
}

// dataFrom is where the data of f begins that was not read. The caller holds mu.
func (f *file) dataFrom() int64 { return max(f.pos.off, f.hole) }

// known says that enough of the file was read to tell its content from another. The
// caller holds mu.
func (f *file) known() bool { return f.pos.off-f.hole >= flow.Enough }

// unknowable says that too little is known of the file to tell its content from
// another.
func (f *file) unknowable() bool {
	return !f.known() && (f.early == nil || f.early.off-f.hole < flow.Enough)
}

// outgrowEarly drops early when pos says enough.
func (f *file) outgrowEarly() {
	if f.early != nil && f.early.off <= f.pos.off && f.known() {
		f.early = nil
	}
}

// open opens the file where it is, if it is not open.
func (f *file) open() error {
	if f.fd >= 0 {
		return nil
	}
	if f.key == (disk.Key{}) {
		return errGone
	}
	if f.packed {
		return errPacked
	}
	fd, _, err := f.queue.in.disk.OpenAs(f.now, f.key)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	f.hold(fd)
	f.markEarly()
	return nil
}

// openFor is open, until letGo is called where it was not open before.
func (f *file) openFor() (letGo func(), err error) {
	if f.fd >= 0 {
		return func() {}, nil
	}
	return f.close, f.open()
}

// hold makes fd the file's descriptor.
func (f *file) hold(fd int) {
	f.fd = fd
	f.queue.in.opened(f)
	if f.base > 0 && f.pos == (position{off: f.base}) {
		f.markBegin()
	}
}

// markBegin finds how to know f again where reading began, which could not be seen
// when that was decided: see skip. A shorter file is not what it was then, and gets
// no mark, which is as one that does not fit.
func (f *file) markBegin() {
	if m, ok, err := f.content().MarkAt(f.base); ok && err == nil {
		f.pos.mark = m
	}
}

// saw takes note of the size.
func (f *file) saw(e disk.Entry) {
	filled := f.reserved && (e.Mtime != f.mtime || e.Size != f.size)
	if e.Size > f.size || filled {
		f.grown = momentOf(time.Now())
	}
	if e.Size < f.size || filled {
		f.searchFrom(f.pos.off) // what was searched is gone
	}
	f.size, f.mtime = e.Size, e.Mtime
	f.markEarly()
}

// observe looks at the size of the open file. It reports whether the file can
// still be the same, and whether there is something new to read.
func (f *file) observe() (ok, grew bool) {
	e, err := f.content().Describe()
	if err != nil || e.Size+f.joined < f.pos.off || e.Size < f.size && f.unknowable() {
		return false, false
	}
	if f.joined > 0 {
		return true, f.unread()
	}
	if e.Size < f.size || f.rewritten(e) {
		same, err := f.verify(f.pos.off)
		return same && err == nil, f.unread()
	}
	f.saw(e)
	return true, f.unread()
}

// recompare opens the file, if need be, and compares it. It is left open if it was, or
// if it has other content and that may still be looked for.
func (f *file) recompare() (same bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	closed := f.fd < 0
	if err := f.open(); err != nil {
		return false, err
	}
	same, err = f.compare()
	if closed && (same || err != nil || f.state == done) {
		f.close() // it is opened again when it is read
	}
	return same, err
}

// compare says whether the open file has still what was read of it; if not, it is
// in doubt. The caller holds mu.
func (f *file) compare() (same bool, err error) {
	same, err = f.verify(f.pos.off)
	f.setDoubt(altered, !same && err == nil)
	return same, err
}

// rewritten says that the file, which e describes, is as long as before and yet
// was written to: it may have been truncated.
func (f *file) rewritten(e disk.Entry) bool {
	return f.mtime != 0 && e.Size == f.size && e.Mtime != f.mtime && !f.reserved
}

// at is how far the file was read.
func (f *file) at() int64 { return f.place().off }

// place is at, and how to know the file again there.
func (f *file) place() position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos
}

// beginAt has reading begin at p.
func (f *file) beginAt(p position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pos = p
	f.searchFrom(p.off)
	f.base, f.baseMark, f.hole = p.off, &p.mark, 0
}

// markBase is how to know the file again where reading began.
func (f *file) markBase() flow.Mark {
	if f.baseMark == nil {
		return flow.Mark{}
	}
	return *f.baseMark
}

// sizeSeen is the largest size of f that was seen, or that of the copy that it goes on in.
func (f *file) sizeSeen() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size
}

// isOpen says whether it has a descriptor.
func (f *file) isOpen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fd >= 0
}

// lastMtime is that of f when it was last looked at; 0: not in this run.
func (f *file) lastMtime() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mtime
}

func (f *file) lastGrown() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.grown.time()
}

// close closes the descriptor, if there is one.
func (f *file) close() {
	f.outgrowEarly()
	if f.z != nil {
		f.z.Close()
		f.z = nil
	}
	if f.fd >= 0 {
		unix.Close(f.fd)
		f.fd = -1
		f.queue.in.closed(f)
	}
}

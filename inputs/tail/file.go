package tail

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
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
	fd  int       // -1 when closed
	z   *unpacked // of an open file that is compressed
	pos position
	// below is places below pos; nil: none are kept.
	below *steps
	// early marks bytes that were seen and not read yet, while pos says too
	// little to know the file again; nil otherwise.
	early *position
	// size is the largest that was seen; searched is up to where there is no
	// newline behind pos. There is something to read when size > searched.
	size, searched int64
	// certain is the size when it was last seen together with the content that
	// pos marks: size may be that of what the file was truncated to.
	certain int64
	mtime   int64
	// joined is how many bytes at the start of next end the line that this
	// file, the copy of a truncated one, breaks off in. They count as if they
	// stood at the end of this file.
	joined int64
	next   *file
	grown  time.Time // when data was last seen to arrive
	// now is where the file is at present, or was last; key its inode's
	// identity. Run writes them, holding mu.
	now    string
	key    key
	ended  int64 // up to where it was read when the rest was accounted for
	missed int64 // the scan after which Fetch did not find its bytes
	// doubted says that its inode seems to have other content, and Run is
	// finding out what became of it: it is not read meanwhile, since little
	// may be known to tell the new content by.
	doubted bool
	// final says that nobody writes any more: a last line without a newline
	// is given too.
	final bool
	// reserved says that NULs follow: space that the writer took in advance. The
	// file's size does not say when they are overwritten; its mtime does.
	reserved bool
	// packed says that what is there is compressed; offsets are those of the
	// plain bytes. sought says that its bytes may be in a compressed file of
	// which that is to be found out. Run writes both, holding mu.
	packed, sought bool
	// copyPending says that it is not read until a look has found no copy of what
	// was here before: it is so short that its content would not tell.
	copyPending bool
	away        bool // see Input.away

	// queued says that it is in the ready queue, whose lock guards it.
	queued bool
	polled atomic.Bool // Run looks at it often
	shard  *shard      // of queue, once it was ready after Share; under that lock

	// The rest belongs to Run.
	dev       uint64
	birth     int64
	owner     int64  // user id + 1; 0 unknown
	handle    string // see handle.go
	prev      *file  // read before this one; nil once that is done
	prevID    flow.FileID
	base      int64      // where reading began
	baseMark  *flow.Mark // nil when base is 0
	since     time.Time  // when it got the state
	wrong     error      // why it cannot be read; nil when it can
	ino       uint64
	followers []*file // that wait for this one
	original  *file   // of which this is a copy, and so not shipped
	packedAs  stamp   // the compressed file when it was checked
	behind    holding // how many lines were in it then, from where on
	lostBy    string  // the cause of its last loss
	held      int64   // its size when it was deleted unread, as the run before saw
	misses    int32   // looks in a row that did not find it
	state     state
	recorded  bool // the journal knows it
	gone      bool // no name leads to it
	missing   bool // the last look did not find it, and one more will tell
	late      bool // data came after it was done
	half      bool // next goes on in the middle of this one's last line
	sealed    bool // rotated long ago: no writer is left
	resumed   bool // not seen yet in this run
	proving   bool // while it is sought: it is compared with compressed files near
	preparing bool // a job decompresses it up to pos
	deleting  bool // it is being deleted, as the journal knows
}

// state is where a file is in its life.
type state uint8

const (
	following  state = iota // it is at its path
	rotated                 // it was at its path; read to its end
	done                    // read to its end and let go
	unfollowed              // known, and no longer in the configuration
)

var (
	errMoved = errors.New("another file is at its path")
	errGone  = errors.New("it was deleted")
)

// markEarly sets early.
func (f *file) markEarly() {
	if f.fd < 0 || f.size == 0 || f.early != nil || f.pos.off >= flow.Enough {
		return
	}
	var buf [flow.PrefixMax]byte
	n, err := f.content().pread(buf[:], 0)
	if err != nil {
		return
	}
	if n > 0 && bytes.IndexByte(buf[:n], 0) < 0 { // NULs may be overwritten
		f.early = &position{off: int64(n), mark: flow.NewMark(buf[:n], buf[:n])}
		if !f.copyPending { // else it may be what came after a truncation
			f.certain = max(f.certain, int64(n))
		}
	}
}

// unknowable says that too little is known of the file to tell its content from
// another.
func (f *file) unknowable() bool {
	return f.pos.off < flow.Enough && (f.early == nil || f.early.off < flow.Enough)
}

// outgrowEarly drops early when pos says enough.
func (f *file) outgrowEarly() {
	if f.early != nil && f.early.off <= f.pos.off && f.pos.off >= flow.Enough {
		f.early = nil
	}
}

// open opens the file where it is, if it is not open.
func (f *file) open() error {
	if f.fd >= 0 {
		return nil
	}
	if f.key == (key{}) {
		return errGone
	}
	if f.packed {
		return errPacked
	}
	fd, err := f.queue.in.disk.openFile(f.now)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return errMoved
	}
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	e, err := f.queue.in.disk.statFD(fd)
	if err != nil || e.key != f.key {
		unix.Close(fd)
		if err == nil {
			err = errMoved
		}
		return err
	}
	f.hold(fd)
	f.markEarly()
	return nil
}

// hold makes fd the file's descriptor.
func (f *file) hold(fd int) {
	f.fd = fd
	f.queue.in.opened(f)
}

// saw takes note of the size.
func (f *file) saw(e entry) {
	if e.size > f.size || f.reserved && e.mtime != f.mtime {
		f.grown = time.Now()
	}
	if f.reserved && e.mtime != f.mtime {
		f.searched, f.reserved = f.pos.off, false
	}
	if e.size < f.size {
		f.searched = f.pos.off // what was searched is gone
	}
	f.size, f.mtime = e.size, e.mtime
	f.markEarly()
}

// observe looks at the size of the open file. It reports whether the file can
// still be the same, and whether there is something new to read.
func (f *file) observe() (ok, grew bool) {
	e, err := f.content().describe()
	if err != nil || e.size+f.joined < f.pos.off || e.size < f.size && f.unknowable() {
		return false, false
	}
	if f.joined > 0 {
		return true, f.unread()
	}
	if e.size < f.size || f.rewritten(e) {
		same, err := f.verify(f.pos.off)
		return same && err == nil, f.unread()
	}
	f.saw(e)
	return true, f.unread()
}

// compare says whether the open file has still what was read of it; if not, it is
// doubted. The caller holds mu.
func (f *file) compare() (same bool, err error) {
	same, err = f.verify(f.pos.off)
	f.doubted = !same && err == nil
	return same, err
}

// rewritten says that the file, which e describes, is as long as before and yet
// was written to: it may have been truncated.
func (f *file) rewritten(e entry) bool {
	return f.mtime != 0 && e.size == f.size && e.mtime != f.mtime && !f.reserved
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
	f.pos, f.searched = p, p.off
	f.base, f.baseMark = p.off, &p.mark
}

// markBase is how to know the file again where reading began.
func (f *file) markBase() flow.Mark {
	if f.baseMark == nil {
		return flow.Mark{}
	}
	return *f.baseMark
}

// isOpen says whether it has a descriptor.
func (f *file) isOpen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fd >= 0
}

func (f *file) lastGrown() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.grown
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

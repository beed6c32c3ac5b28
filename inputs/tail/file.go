package tail

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

const (
	// readSize is how many bytes one read asks for: large enough that the
	// calls cost nothing beside the copy, small enough to stay in the cache.
	readSize = 256 << 10
	// maxLine is the longest line in bytes, without its newline, that is
	// given whole. Longer ones come as pieces of that size. A piece fits into
	// the default max.message.bytes of Kafka (1048588) with its headers.
	maxLine = 1<<20 - 64<<10
	// nulRun is how many NULs at the start of a file are taken for the hole
	// that a writer without O_APPEND leaves after a truncation.
	nulRun = 64
)

// position is how far a file was read, and how to know it again there.
type position struct {
	off  int64
	mark flow.Mark
	part int // pieces that were given of the line that is being read, 0 none
}

// A file is the content of one inode, from its creation or truncation on. It is
// called by whoever holds mu; it has no goroutine and no clock.
type file struct {
	id    flow.FileID
	path  string // the header "path"
	queue *queue

	mu  sync.Mutex
	fd  int // -1 when closed
	pos position
	// back is pos before the last chunk, for Unread.
	back position
	// early marks bytes that were seen and not read yet, while pos says too
	// little to know the file again.
	early position
	// size is the largest that was seen; searched is up to where there is no
	// newline behind pos. There is something to read when size > searched.
	size, searched int64
	// final says that nobody writes any more: a last line without a newline
	// is given too.
	final bool
	// held says that NULs follow: space that the writer took in advance. The
	// file's size does not say when they are overwritten; its mtime does.
	held  bool
	mtime int64
	// joined is how many bytes at the start of next end the line that this
	// file, the copy of a truncated one, breaks off in. They count as if they
	// stood at the end of this file.
	joined int64
	next   *file
	grown  time.Time // when data was last seen to arrive
	// now is where the file is at present, or was last; key its inode's
	// identity. Run writes them, holding mu.
	now string
	key key

	// queued says that it is in the ready queue, whose lock guards it.
	queued bool

	// The rest belongs to Run.
	dev       uint64
	birth     int64
	prev      *file // read before this one; nil once that is done
	prevID    flow.FileID
	base      int64 // where reading began
	baseMark  flow.Mark
	state     state
	since     time.Time // when it got the state
	recorded  bool      // the journal knows it
	gone      bool      // no name leads to it
	misses    int       // looks in a row that did not find it
	late      bool      // data came after it was done
	wrong     error     // why it cannot be read; nil when it can
	retry     time.Time
	wait      time.Duration
	ino       uint64
	followers []*file     // that wait for this one
	half      bool        // next goes on in the middle of this one's last line
	settled   bool        // rotated long ago: no writer is left
	resumed   bool        // not seen yet in this run
	copies    bool        // it is a copy of another: not shipped
	polled    atomic.Bool // Run looks at it often
	missed    int64       // under mu: the scan after which Fetch did not find its bytes
}

// state is where a file is in its life.
type state int

const (
	following  state = iota // it is at its path
	rotated                 // it was at its path; read to its end
	done                    // read to its end and let go
	unfollowed              // known, and no longer in the configuration
)

// result is what a read came to.
type result int

const (
	nothing result = iota // no whole line is there now
	filled
	other // the content is not what was read before: truncated, replaced
	broken
)

// unread says that there may be something to read.
func (f *file) unread() bool {
	return f.size > f.searched || f.final && f.pos.off < f.size+f.joined || f.joined > 0 && f.pos.off < f.size+f.joined
}

// read fills c with the next lines, at most max bytes unless one line alone is
// longer. What was read is used only after a second look at the bytes before
// it: the first may have met the old content and the read the new.
func (f *file) read(c *flow.Chunk, max int) (result, error) {
	want, alone := min(max, readSize), f.pos.part > 0
	if alone {
		want = maxLine + 1
	}
	lead := leadLen(f.pos.off)
	for {
		n, err := f.fill(c, lead, want)
		if err != nil {
			return broken, err
		}
		if n < 0 {
			return other, nil
		}
		c.Data = c.Buf[lead : lead+n]
		if ok, err := f.verify(f.pos.off + int64(n)); err != nil {
			return broken, err
		} else if !ok {
			return other, nil
		}
		if n > 0 && c.Data[0] == 0 {
			if skipped, err := f.nuls(c.Data); err != nil {
				return broken, err
			} else if skipped {
				lead = leadLen(f.pos.off)
				continue
			}
			if f.held {
				return nothing, nil
			}
		}
		used, part, last := f.cut(c.Data, alone, n < want)
		if used == 0 && n == want && !alone {
			want, alone = maxLine+1, true
			continue
		}
		if used == 0 {
			f.searched = f.pos.off + int64(n)
			return nothing, nil
		}
		f.give(c, lead, used, part, last, n)
		return filled, nil
	}
}

// fill reads up to want bytes behind pos into c.Buf, with the lead bytes before
// it. It returns their number, or -1 when the lead is not what it was.
func (f *file) fill(c *flow.Chunk, lead, want int) (int, error) {
	if cap(c.Buf) < lead+want {
		c.Buf = slices.Grow(c.Buf[:0], lead+want)
	}
	c.Buf = c.Buf[:lead+want]
	n, err := f.queue.in.disk.pread(f.fd, c.Buf, f.pos.off-int64(lead))
	if err != nil {
		return 0, fmt.Errorf("read at %d: %w", f.pos.off, err)
	}
	if n < lead || flow.TailSum(c.Buf[:lead]) != f.pos.mark.Tail {
		return -1, nil
	}
	n -= lead
	if f.joined > 0 && n < want {
		more, err := f.fillJoined(c.Buf[lead+n:], f.pos.off+int64(n))
		if err != nil {
			return 0, err
		}
		n += more
	}
	return n, nil
}

// fillJoined reads what is joined to the end of the file, from offset off on.
func (f *file) fillJoined(p []byte, off int64) (int, error) {
	at := off - f.size
	if at < 0 || at >= f.joined || f.next == nil {
		return 0, nil
	}
	g := f.next
	g.mu.Lock() // files are locked in the order of their chain
	defer g.mu.Unlock()
	if g.fd < 0 {
		if err := g.open(); err != nil {
			return 0, fmt.Errorf("the rest of the line at %q: %w", g.now, err)
		}
		defer g.close()
	}
	if ok, err := f.queue.in.disk.matches(g.fd, g.base, g.baseMark); err != nil || !ok {
		if err == nil {
			f.queue.in.report(g, nil) // it was truncated once more
		}
		return 0, err
	}
	return f.queue.in.disk.pread(g.fd, p[:min(int64(len(p)), f.joined-at)], at)
}

// verify says whether the file still has the content that pos marks, and is
// at least end bytes long. It takes note of the size.
func (f *file) verify(end int64) (bool, error) {
	e, err := f.queue.in.disk.sizeFD(f.fd)
	if err != nil {
		return false, err
	}
	if e.size+f.joined < end || e.size+f.joined < f.pos.off || e.size < f.size && f.pos.off < flow.TailMax {
		return false, nil
	}
	f.saw(e)
	if f.joined > 0 && f.pos.off > f.size {
		return true, nil // all of it was given
	}
	if f.early.off > f.pos.off {
		if ok, err := f.queue.in.disk.matches(f.fd, f.early.off, f.early.mark); !ok || err != nil {
			return false, err
		}
	}
	return f.queue.in.disk.matches(f.fd, f.pos.off, f.pos.mark)
}

// markEarly sets early.
func (f *file) markEarly() {
	if f.fd < 0 || f.size == 0 || f.early.off > 0 || f.pos.off >= flow.TailMax {
		return
	}
	var buf [flow.PrefixMax]byte
	n, err := f.queue.in.disk.pread(f.fd, buf[:], 0)
	if err != nil {
		return
	}
	if n > 0 && bytes.IndexByte(buf[:n], 0) < 0 { // NULs may be overwritten
		f.early.off = int64(n)
		f.early.mark = flow.Mark{PrefixLen: n, Prefix: flow.PrefixSum(0, buf[:n]), Tail: flow.TailSum(buf[:n])}
	}
}

// nuls treats data that begins with a NUL. A run of them at the start of the
// file is skipped once something follows; when nothing but NULs follows up to
// the end of the file, they are space that the writer took in advance.
func (f *file) nuls(data []byte) (skipped bool, err error) {
	f.held = false
	if notNul(data) >= 0 && f.pos.off > 0 {
		return false, nil
	}
	at, err := f.queue.in.disk.firstData(f.fd, f.pos.off)
	if err != nil {
		return false, err
	}
	if at < 0 {
		f.held, f.searched = true, f.size
		return false, nil
	}
	if f.pos.off > 0 || at < nulRun && f.prevID == 0 {
		return false, nil
	}
	m, ok, err := f.queue.in.disk.markAt(f.fd, at)
	if err != nil || !ok {
		return false, err
	}
	f.queue.in.stats.nuls.Add(at)
	f.pos = position{off: at, mark: m}
	f.searched = at
	return true, nil
}

// cut says how much of data is given now: whole lines; or, when a line is too
// long, one piece of it. A piece is the part-th, and perhaps the last. alone
// says that only one line is wanted, end that the file ends with data.
func (f *file) cut(data []byte, alone, end bool) (used, part int, last bool) {
	if !alone {
		used = bytes.LastIndexByte(data, '\n') + 1
	} else if used = bytes.IndexByte(data, '\n') + 1; used == 0 && len(data) > maxLine {
		return maxLine, f.pos.part + 1, false
	}
	if used == 0 && end && (f.final || f.joined > 0) && f.pos.off+int64(len(data)) >= f.size+f.joined {
		used = len(data)
	}
	if used > 0 && f.pos.part > 0 {
		return used, f.pos.part + 1, true
	}
	return used, 0, false
}

// give hands out the first used of the n bytes that were read into c.
func (f *file) give(c *flow.Chunk, lead, used, part int, last bool, n int) {
	f.back = f.pos
	c.File, c.Path, c.Start = f.id, f.path, f.pos.off
	c.Lead, c.Data = c.Buf[:lead], c.Buf[lead:lead+used]
	c.PrefixLen, c.Prefix = f.pos.mark.PrefixLen, f.pos.mark.Prefix
	c.Part, c.Final = part, last
	c.Split()
	m := &f.pos.mark
	if more := min(flow.PrefixMax-m.PrefixLen, used); more > 0 {
		m.Prefix = flow.PrefixSum(m.Prefix, c.Data[:more])
		m.PrefixLen += more
	}
	m.Tail = flow.TailSum(c.Buf[:lead+used])
	f.pos.off += int64(used)
	f.pos.part = part
	if last {
		f.pos.part = 0
	}
	f.searched = f.pos.off
	if part == 0 && bytes.IndexByte(c.Buf[lead+used:lead+n], '\n') < 0 {
		f.searched = f.back.off + int64(n)
	}
}

// unreadFrom sets the position back to where line n of c starts; c is the
// chunk that was read last.
func (f *file) unreadFrom(c *flow.Chunk, n int) {
	if n >= c.Lines() {
		return
	}
	f.pos = f.back
	if n > 0 {
		s := c.Span(0, n)
		f.pos = position{off: s.End, mark: s.Mark}
	}
	f.searched = f.pos.off
}

var (
	errMoved = errors.New("another file is at its path")
	errGone  = errors.New("it was deleted")
)

// open opens the file where it is, if it is not open.
func (f *file) open() error {
	if f.fd >= 0 {
		return nil
	}
	if f.key == (key{}) {
		return errGone
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
	f.queue.in.stats.open.Add(1)
}

// saw takes note of the size.
func (f *file) saw(e entry) {
	if e.size > f.size || f.held && e.mtime != f.mtime {
		f.grown = time.Now()
	}
	if f.held && e.mtime != f.mtime {
		f.searched, f.held = f.pos.off, false
	}
	f.size, f.mtime = e.size, e.mtime
	f.markEarly()
}

// observe looks at the size of the open file. It reports whether the file can
// still be the same, and whether there is something new to read.
func (f *file) observe() (ok, grew bool) {
	e, err := f.queue.in.disk.sizeFD(f.fd)
	if err != nil || e.size+f.joined < f.pos.off || e.size < f.size && f.pos.off < flow.TailMax {
		return false, false
	}
	if f.joined > 0 {
		return true, f.unread()
	}
	f.saw(e)
	return true, f.unread()
}

// at is how far the file was read.
func (f *file) at() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos.off
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
	if f.fd >= 0 {
		unix.Close(f.fd)
		f.fd = -1
		f.queue.in.stats.open.Add(-1)
	}
}

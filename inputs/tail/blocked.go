package tail

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
)

// A block is why a file is not read though it has something to read, but that it
// is the turn of another. There may be several at once. What is behind the last
// whole line, and space that was taken in advance, is nothing to read yet.
type block uint

const (
	ended      block = 1 << iota // it is done, or no input follows it
	nowhere                      // no name leads to it, and it is not open
	unrecorded                   // the journal does not know it yet
	unreadable                   // it is parked: wrong says why
	doubtful                     // what became of its bytes is being found out
	succeeding                   // the file before it is not done
)

// blocked is all that keeps f from being read. Run calls it. Next knows that what
// is in the queue was not blocked, and asks only what may have changed: doubt.
func (in *Input) blocked(f *file) block {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b block
	add := func(why block, yes bool) {
		if yes {
			b |= why
		}
	}
	add(ended, f.state == done || f.state == unfollowed)
	add(nowhere, f.gone && f.fd < 0)
	add(unrecorded, !f.recorded)
	add(unreadable, f.wrong != nil)
	add(doubtful, f.doubt != 0)
	add(succeeding, f.prev != nil)
	return b
}

// A doubt is what is being found out about a file: whether it has the content that
// was read, or which file has. It is not read meanwhile, since little may be known
// to tell other content by. There may be several doubts at once; rebindAs, which
// gives the file another identity, ends all but the first.
type doubt uint8

const (
	// altered: its inode seems to have other content. compare says so, and ends it;
	// so does decided, when truncated has found out what became of it.
	altered doubt = 1 << iota
	// young: it is so short that its content would not tell, and a look has to find
	// out whether it was copied and truncated before: seen and copiedEarly say so,
	// copiedEarly ends it.
	young
	// sought: it is missing, or was truncated, and its bytes may be in a compressed
	// file of which that is to be found out. Fetch waits for that. It is ended where
	// that is known, and where the file is found.
	sought
	// truncating: it was truncated, is sought, and the next look that can list its
	// directory decides: cutWaiting takes it up, truncatedIn ends it.
	truncating
)

// has says that one of these doubts is open. Run calls it, or who holds mu.
func (f *file) has(d doubt) bool { return f.doubt&d != 0 }

// setDoubt opens a doubt, or ends it. The caller holds mu.
func (f *file) setDoubt(d doubt, open bool) {
	if open {
		f.doubt |= d
	} else {
		f.doubt &^= d
	}
}

// unsure is setDoubt for who does not hold mu.
func (f *file) unsure(d doubt, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setDoubt(d, open)
}

// sayAgain is how long after it was said, or would have been, something is said
// once more: more than a day, so that what comes with each rotation is said once.
const sayAgain = 25 * time.Hour

// once says whether what key stands for is to be said: it was not lately.
func (in *Input) once(key string) bool {
	_, said := in.said[key]
	in.said[key] = time.Now()
	return !said
}

func (in *Input) warnOnce(key, msg string, args ...any) {
	if in.once(key) {
		in.log.Warn(msg, args...)
	}
}

// parking is a file that cannot be read.
type parking struct {
	why   string
	retry time.Time // when it is tried again
	wait  time.Duration
}

// park leaves f alone for a while, because it cannot be read.
func (in *Input) park(f *file, err error) {
	if f.state == done || errors.Is(err, errGone) {
		return
	}
	f.queue.Remove(f)
	p := parking{why: err.Error(), wait: min(max(2*in.parked[f].wait, tickEvery), maxWait)}
	p.retry = time.Now().Add(p.wait)
	if f.wrong == nil {
		in.sayWhy(f, err)
	}
	in.setWrong(f, err)
	in.mu.Lock()
	in.parked[f] = p
	in.mu.Unlock()
}

// unopened sees to a file that could not be opened, or read: it was renamed this
// moment, and a look tells where it is, or it cannot be read now.
func (in *Input) unopened(f *file, err error) {
	if errors.Is(err, disk.ErrMoved) {
		in.touched(filepath.Dir(f.now))
		return
	}
	in.park(f, err)
}

// tooMany says that there are too many open files.
func tooMany(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }

// setWrong notes why f cannot be read, nil when it can. When no file is left that
// waits for others to be closed, that is said anew the next time.
func (in *Input) setWrong(f *file, err error) {
	if tooMany(f.wrong) {
		in.starved--
	}
	if f.wrong = err; tooMany(err) {
		in.starved++
	}
	if in.starved == 0 {
		delete(in.said, "files")
	}
}

func (in *Input) sayWhy(f *file, err error) {
	switch {
	case tooMany(err):
		in.warnOnce("files", "too many open files: reading waits for idle ones to be closed; raise LimitNOFILE of the service", "path", f.now)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		in.log.Error(fmt.Sprintf("cannot read %q: %v: let the user that tailrace runs as read it, for instance with setfacl or a group; it is tried again", f.now, err))
	default:
		in.log.Error(fmt.Sprintf("cannot read %q: %v; it is tried again", f.now, err))
	}
}

// tryAgain takes a parked file up again.
func (in *Input) tryAgain(f *file) {
	if !f.packed {
		f.mu.Lock()
		err := f.open()
		f.mu.Unlock()
		if err != nil && !errors.Is(err, disk.ErrMoved) {
			in.park(f, err)
			return
		}
		in.touched(filepath.Dir(f.now))
	}
	in.mu.Lock()
	in.unpark(f)
	in.mu.Unlock()
	in.wake(f)
}

// unpark ends what park began. The caller holds mu.
func (in *Input) unpark(f *file) {
	if f.wrong == nil {
		return
	}
	if f.state != done {
		in.log.Info("file can be read again", "path", f.now)
	}
	in.setWrong(f, nil)
	delete(in.parked, f)
}

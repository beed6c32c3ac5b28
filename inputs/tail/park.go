package tail

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

func (in *Input) warnOnce(key, msg string, args ...any) {
	if !in.warned[key] {
		in.warned[key] = true
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
	f.queue.remove(f)
	p := parking{why: err.Error(), wait: min(max(2*in.parked[f].wait, tickEvery), maxWait)}
	p.retry = time.Now().Add(p.wait)
	if f.wrong == nil {
		in.sayWhy(f, err)
	}
	f.wrong = err
	in.mu.Lock()
	in.parked[f] = p
	in.mu.Unlock()
}

// unopened sees to a file that could not be opened, or read: it was renamed this
// moment, and a look tells where it is, or it cannot be read now.
func (in *Input) unopened(f *file, err error) {
	if errors.Is(err, errMoved) {
		in.touched(filepath.Dir(f.now))
		return
	}
	in.park(f, err)
}

func (in *Input) sayWhy(f *file, err error) {
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
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
		if err != nil && !errors.Is(err, errMoved) {
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
	f.wrong = nil
	if delete(in.parked, f); len(in.parked) == 0 {
		delete(in.warned, "files")
	}
}

package tail

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
	"tailrace/inputs/tail/unpack"
)

// A compressed file is read from a stream that a job has opened, and decompressed up to
// its position; few are at a time, which packed.Slots sees to.

// readyPacked is a compressed file that is decompressed up to where it is to be
// read.
type readyPacked struct {
	fd int
	z  *content.Unpacked
}

func (r *readyPacked) close() {
	r.z.Close()
	unix.Close(r.fd)
}

// makeReady has a compressed file opened and decompressed up to its position.
func (in *Input) makeReady(f *file) {
	if f.preparing || f.isOpen() || f.resumed || !in.slots.Take(f) {
		return
	}
	f.preparing = true
	f.mu.Lock()
	e := disk.Entry{Path: f.now, Key: f.key}
	at, size := max(0, f.pos.off-flow.TailMax), f.size
	f.mu.Unlock()
	in.jobs.Add(func() func() func() {
		return func() func() {
			err := in.prepareAt(e, at, size)
			return func() { in.ready(f, e, err) }
		}
	})
}

// prepareAt makes in.prepared the file at e.
func (in *Input) prepareAt(e disk.Entry, at, size int64) error {
	fd, r, err := packed.Open(&in.disk, e, in.unpack)
	if err != nil {
		return err
	}
	ready := &readyPacked{fd, &content.Unpacked{Reader: r, Size: size}}
	if err := packed.SkipTo(r, at, in.jobs.Quit()); err != nil {
		ready.close()
		return err
	}
	in.prepared = ready
	return nil
}

// ready is called when f was prepared.
func (in *Input) ready(f *file, e disk.Entry, err error) {
	ready := in.prepared
	in.prepared = nil
	f.preparing = false
	f.mu.Lock()
	same := f.packed && f.key == e.Key && f.fd < 0 && f.state != done
	if err == nil && same {
		f.hold(ready.fd)
		f.z = ready.z
	}
	f.mu.Unlock()
	switch {
	case err == nil && same:
		in.slots.Ready(f)
		in.wake(f)
	case err == nil:
		ready.close()
	case f.state != done && f.packed && f.key == e.Key:
		in.packedFailed(f, err)
	}
}

// packedFailed is called when f, a compressed file, could not be read.
func (in *Input) packedFailed(f *file, err error) {
	f.mu.Lock()
	f.close()
	f.mu.Unlock()
	switch {
	case errors.Is(err, errPacked):
		in.wake(f)
	case errors.Is(err, disk.ErrMoved):
		in.touched(filepath.Dir(f.now))
	case errors.Is(err, unpack.ErrDamaged), errors.Is(err, unpack.ErrLimit):
		f.resumed = true // it was whole: look what it is now
		in.touched(filepath.Dir(f.now))
	default:
		in.park(f, err)
	}
}

// What packed.Slots wants to know of f.

func (f *file) Topic() any  { return f.queue }
func (f *file) Waits() bool { return f.queue.Waits(f) }
func (f *file) At() int64   { return f.at() }

// Decompresses implements packed.Slotted.
func (f *file) Decompresses() bool {
	return f.state != done && f.state != unfollowed && f.packed && (f.preparing || f.isOpen())
}

// LetGo implements packed.Slotted: it closes f, if that can be opened again.
func (f *file) LetGo(at int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 || f.pos.off != at || !f.Waits() {
		return false
	}
	if e, err := f.content().Describe(); err != nil || e.Nlink == 0 {
		return false
	}
	f.close()
	return true
}

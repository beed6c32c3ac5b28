package tail

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// readyPacked is a compressed file that is decompressed up to where it is to be
// read.
type readyPacked struct {
	fd int
	z  *unpacked
}

func (r *readyPacked) close() {
	r.z.Close()
	unix.Close(r.fd)
}

// makeReady has a compressed file opened and decompressed up to its position.
func (in *Input) makeReady(f *file) {
	if f.preparing || f.isOpen() || f.resumed || !in.slots.take(f) {
		return
	}
	f.preparing = true
	f.mu.Lock()
	e := entry{path: f.now, key: f.key}
	at, size := max(0, f.pos.off-flow.TailMax), f.size
	f.mu.Unlock()
	in.enqueue(func() func() func() {
		return func() func() {
			err := in.prepareAt(e, at, size)
			return func() { in.ready(f, e, err) }
		}
	})
}

// prepareAt makes in.prepared the file at e.
func (in *Input) prepareAt(e entry, at, size int64) error {
	fd, r, err := in.openPacked(e)
	if err != nil {
		return err
	}
	ready := &readyPacked{fd, &unpacked{r, size}}
	var b [1]byte
	for off := min(at, jobStep); ; off = min(at, off+jobStep) {
		select {
		case <-in.quit:
			err = errQuit
		default:
			_, err = ready.z.Pread(b[:], off)
		}
		if err != nil {
			ready.close()
			return err
		}
		if off == at {
			break
		}
	}
	in.prepared = ready
	return nil
}

// ready is called when f was prepared.
func (in *Input) ready(f *file, e entry, err error) {
	ready := in.prepared
	in.prepared = nil
	f.preparing = false
	f.mu.Lock()
	same := f.packed && f.key == e.key && f.fd < 0 && f.state != done
	if err == nil && same {
		f.hold(ready.fd)
		f.z = ready.z
	}
	f.mu.Unlock()
	switch {
	case err == nil && same:
		in.slots.ready(f)
		in.wake(f)
	case err == nil:
		ready.close()
	case f.state == done || !f.packed || f.key != e.key:
	default:
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
	case errors.Is(err, errMoved), errors.Is(err, unix.ENOENT):
		in.touched(filepath.Dir(f.now))
	case errors.Is(err, unpack.ErrDamaged), errors.Is(err, unpack.ErrLimit):
		f.resumed = true // it was whole: look what it is now
		in.touched(filepath.Dir(f.now))
	default:
		in.park(f, err)
	}
}

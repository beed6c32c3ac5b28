package tail

import (
	"time"

	"tailrace/inputs/tail/disk"
)

// drainAll looks whether rotated files are at their end.
func (in *Input) drainAll() {
	in.recordNew()
	for _, f := range byID(in.draining) {
		if f.packed && !f.isOpen() {
			in.drainPacked(f)
			continue
		}
		if in.blocked(f)&^nowhere == 0 && !f.queue.Busy(f) {
			in.drain(f)
		}
	}
}

// drain lets go of f when it was read to its end and nobody has written to it
// for a while. Before, its last line is given though it has no newline; or it
// is joined with its other half, if a copytruncate cut it.
func (in *Input) drain(f *file) {
	f.mu.Lock()
	var ok, grew bool
	err := f.open()
	if err == nil {
		ok, grew = f.observe()
	}
	at, late := disk.Entry{}, false
	if ok && f.joined > 0 {
		at, err = f.describe()
		late = err == nil && f.lateBytes(at.Size)
	}
	partial := f.pos.off < f.end()
	quiet := min(f.grown.ago(), f.since.ago())
	f.spare() // many may be rotated at once
	f.mu.Unlock()
	switch {
	case err != nil:
		in.troubled(f, err)
	case !ok:
		in.suspect(f)
	case grew:
		in.wake(f)
	case late && !in.hasAppended(f):
		in.splitLate(f, at)
	case quiet < in.patience(f):
	case partial && (f.half || in.mayGoOn(f)):
		in.join(f)
	case partial && !f.final:
		f.mu.Lock()
		f.final = true
		f.mu.Unlock()
		in.wake(f)
	default:
		in.finish(f)
	}
}

// patience is how long f must have been without data before it is let go.
func (in *Input) patience(f *file) time.Duration {
	if f.sealed {
		return 0
	}
	if f.late || f.isSucceeded() {
		return quietTime
	}
	if e, err := f.stat(); err == nil && e.Nlink == 0 {
		return quietTime
	}
	return graceTime
}

// isSucceeded says that something was written to a file that comes after f,
// next or, when several were rotated at once and some are empty, later.
func (f *file) isSucceeded() bool {
	for _, g := range f.followers {
		if g.sizeSeen() > 0 || g.isSucceeded() {
			return true
		}
	}
	return false
}

package tail

import (
	"errors"
	"path/filepath"
	"time"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
	"tailrace/inputs/tail/unpack"
)

// What becomes of a compressed file that is known: its content was read before it was
// compressed, or it is history, or is read as a file of its own. It is looked into again
// when it was written to.

// stamp tells whether a compressed file was written to.
type stamp struct{ size, mtime int64 }

func stampOf(e disk.Entry) stamp { return stamp{e.Size, e.Mtime} }

// inside is what was found of a compressed file when it was looked into.
type inside struct {
	stamp  stamp          // of the compressed file
	behind packed.Holding // how many lines were in it, from where on
}

// checked notes that f was looked into when it was like this.
func (f *file) checked(at stamp) {
	if f.inside == nil {
		f.inside = new(inside)
	}
	f.inside.stamp = at
}

// seenPacked notes that f, a compressed file, is at e.
func (in *Input) seenPacked(f *file, e disk.Entry) {
	at := stampOf(e)
	if f.state == done && f.inside == nil {
		f.checked(at) // nothing was unread in it
		f.resumed = false
	}
	if f.removed() || !f.resumed && f.inside != nil && f.inside.stamp == at {
		f.unsure(sought, false) // it may have been read to its end meanwhile
		return
	}
	p := in.parcel(e, f.path)
	f.unsure(sought, true)
	c := in.insideOf(p)
	if c == nil {
		return
	}
	f.unsure(sought, false)
	f.checked(at)
	f.resumed = false
	in.wasRenamed(f, e)
	delete(in.parcels, e.Key)
	in.unpackedAgain(f, c)
}

// unpackedAgain is called when c was found in f, a compressed file that is
// known from the run before, or was written to since it was checked.
func (in *Input) unpackedAgain(f *file, c *packed.Inside) {
	at := f.at()
	if f.state == done && at == 0 && !f.sealed {
		return // it is history
	}
	if f.state == done && unpack.Plain(f.now) == f.path && c.Err == nil && c.Holds[f.id].Off == at {
		return // what was appended to it is of the log beside it, which is read there
	}
	if errors.Is(c.Err, unpack.ErrFormat) {
		f.mu.Lock()
		f.packed = false // it has the name only
		f.mu.Unlock()
		f.resumed = true
		in.touched(filepath.Dir(f.now))
		return
	}
	h, same := c.Holds[f.id]
	f.mu.Lock()
	if c.Err == nil && (at == 0 || same && h.Off == at) {
		f.wrap(c)
	}
	rest := f.unread()
	f.mu.Unlock()
	switch {
	case c.Err != nil && f.state != done:
		f.mu.Lock()
		f.size = max(f.size, c.Size)
		f.mu.Unlock()
		in.spoil(f, c.Err)
	case c.Err != nil:
	case at > 0 && (!same || h.Off != at):
		in.overwritten(f)
	case rest && f.state == done:
		in.belated(f)
	case f.state != done:
		f.sealed, f.grown = true, momentOf(time.Now())
		in.draining[f] = true
		in.wake(f)
	}
}

// overwritten is called when a compressed file has other content than was read
// of it: that is a new file.
func (in *Input) overwritten(f *file) {
	f.mu.Lock()
	f.close()
	rest := f.size - f.pos.off
	f.mu.Unlock()
	in.detach(f)
	if f.state != done {
		if rest > 0 {
			in.lose(f, rest, lostTruncated)
		}
		in.finish(f)
	}
	in.touched(filepath.Dir(f.now))
}

// keepPacked makes f a compressed file that is history.
func (f *file) keepPacked() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.packed, f.size, f.mtime = true, 0, 0
	f.searchFrom(0)
}

// born is when the content of f came to be where it is. Of a compressed file
// that is its mtime, which is that of the plain one; and of one that was written to
// before that only, such as a copy with the times of a renamed file, when that was.
func (f *file) born() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.packed && f.inside != nil:
		return f.inside.stamp.mtime
	case f.mtime > 0:
		return min(f.key.Birth, f.mtime)
	}
	return f.key.Birth
}

// drainPacked sees to a compressed file that is not open.
func (in *Input) drainPacked(f *file) {
	f.mu.Lock()
	read := !f.resumed && f.pos.off >= f.end()
	f.mu.Unlock()
	switch {
	case f.prev != nil || !f.recorded || f.queue.Busy(f):
	case read && !f.gone:
		in.finish(f)
	default:
		in.wake(f)
	}
}

package tail

import (
	"bytes"
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// isCopy says whether the unknown file at e, which a pattern matches, is a copy
// of a known file beside it, and so is not to be shipped: the copy that a
// copytruncate makes, complete or under way. If the original turns out to be
// truncated, its rest is read from the copy. Only the name of a rotated file
// makes a copy: two programs may well write the same lines.
func (in *Input) isCopy(d *dir, e entry) bool {
	from := in.originals(d, e)
	if len(from) > 0 && (e.size == 0 || e.size < flow.Enough && !in.settledCopy(d, e)) {
		return true // nothing is in it that could be missed
	}
	for _, f := range from {
		if f.key == (key{}) || !in.copyOf(f, e) {
			continue
		}
		f.mu.Lock()
		err := f.open()
		same := err == nil && f.size > 0
		if same {
			same, err = f.compare()
		}
		size := f.size
		f.mu.Unlock()
		if err != nil {
			continue
		}
		if !same {
			in.truncated(f)
			return in.byKey[e.key] != nil
		}
		if e.size < size && !in.settledCopy(d, e) {
			return true // it grows, or the truncation is to come
		}
		if in.noteCopy(f, e); e.size > size {
			in.grownCopy(in.byKey[e.key]) // it is no longer only that
		}
		return true
	}
	return false
}

// copiedEarly finds the files that were copied and truncated before enough was
// read of them to notice from their content: a new file of the rotation family
// is there that begins with what was read, and the file itself goes on
// otherwise.
func (in *Input) copiedEarly(d *dir, l *listing) {
	for _, f := range byID(d.files) {
		if f.state != following || f.now != f.path || f.key == (key{}) || f.at() >= flow.Enough {
			in.uncopied(f)
			continue
		}
		at := f.at()
		copied, wait := in.copiedPacked(f, l)
		if !copied && !wait {
			if copied, wait = in.copiedPlain(f, l); wait {
				in.touched(l.dir)
			}
		}
		switch {
		case wait:
			in.maybeCopied(f)
		case copied && f.doubtAt(at):
			in.truncated(f)
		default:
			in.uncopied(f)
		}
	}
}

// copiedPlain says that f, of which too little was read to notice that from its
// content, was copied and truncated. wait says that the next look will tell.
func (in *Input) copiedPlain(f *file, l *listing) (copied, wait bool) {
	e, err := in.search(f, l)
	if err == nil {
		var same bool
		same, err = in.sameStart(f, e)
		copied = err == nil && !same
	}
	return copied, errors.Is(err, errMoved) // it is renamed, or compressed, this moment
}

// doubtAt has f not read any more, unless it was read on from off meanwhile: then
// what was found out before may not be true of it.
func (f *file) doubtAt(off int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doubted = f.pos.off == off
	return f.doubted
}

// sameStart says whether the file at e and f have the same content as far as
// both go, or f cannot be read. The error is errMoved when e is not there.
func (in *Input) sameStart(f *file, e entry) (bool, error) {
	a, err := in.disk.openFile(e.path)
	if isMissing(err) {
		err = errMoved
	}
	if err != nil {
		return true, err
	}
	defer unix.Close(a)
	b, now, err := in.disk.openAs(f.now, f.key)
	if err != nil {
		return true, nil
	}
	defer unix.Close(b)
	n := min(e.size, now.size)
	return n > 0 && in.disk.sameRange(a, b, 0, n), nil
}

// originals is the followed files that e, by its name, may be a copy of: in
// d, where it is, in the directory above, or where d is an olddir of.
func (in *Input) originals(d *dir, e entry) []*file {
	var out []*file
	add := func(d *dir, path string) {
		if d == nil {
			return
		}
		if f := d.at[path]; f != nil && f.state == following && f.now != e.path && f.owned(e) {
			out = append(out, f)
		}
	}
	here := filepath.Dir(e.path)
	above := filepath.Dir(here)
	for _, base := range originals(filepath.Base(e.path)) {
		add(d, filepath.Join(here, base))
		add(in.dirs[above], filepath.Join(above, base))
	}
	if path, ok := in.kinOf(here, e); ok {
		add(in.dirs[filepath.Dir(path)], path)
	}
	return out
}

// copyOf says whether the file at e begins like f, as far as both go.
func (in *Input) copyOf(f *file, e entry) bool {
	f.mu.Lock()
	pos := f.pos
	now := f.now
	f.mu.Unlock()
	a, err := in.disk.openFile(e.path)
	if err != nil {
		return false
	}
	defer unix.Close(a)
	if pos.off >= flow.Enough && e.size >= pos.off {
		ok, err := in.disk.content(a).matches(pos.off, pos.mark)
		return ok && err == nil
	}
	b, err := in.disk.openFile(now)
	if err != nil {
		return false
	}
	defer unix.Close(b)
	is, err := in.disk.statFD(b)
	if err != nil {
		return false
	}
	n := min(e.size, max(pos.off, is.size)) // also what was not read yet
	return n >= flow.Enough && in.disk.sameRange(a, b, 0, n)
}

// sameRange compares the bytes of two files from off up to end.
func (d *disk) sameRange(a, b int, off, end int64) bool { return d.differAt(a, b, off, end) >= end }

// differAt is the offset of the first byte, from off on and before end, at which
// two files differ; end when they do not. Where one of them cannot be read, or
// ends, it is up to 16 KiB before that.
func (d *disk) differAt(a, b int, off, end int64) int64 {
	var x, y [16 << 10]byte
	for ; off < end; off += int64(len(x)) {
		k := min(end-off, int64(len(x)))
		if m, err := d.pread(a, x[:k], off); err != nil || int64(m) < k {
			return off
		}
		if m, err := d.pread(b, y[:k], off); err != nil || int64(m) < k {
			return off
		}
		if !bytes.Equal(x[:k], y[:k]) {
			n := 0
			for x[n] == y[n] {
				n++
			}
			return off + int64(n)
		}
	}
	return end
}

// copySize is the size of what may be a copy, since when it has had it, and when
// it was seen first.
type copySize struct {
	size         int64
	since, first time.Time
}

// settledCopy says whether the copy has stopped growing: two looks saw the same
// size. An empty one must have stayed so for quietTime, since it may just have
// been made, and nothing in it is to be read. If not, another look is made.
func (in *Input) settledCopy(d *dir, e entry) bool {
	quiet := time.Duration(0)
	if e.size == 0 {
		quiet = quietTime
	}
	settled := in.keepsSize(d, e, quiet)
	if settled {
		delete(in.growing, e.key)
	}
	return settled
}

// keepsSize says that a look has seen the file at e with the size that it has now, at
// least quiet ago. If not, another look is made.
func (in *Input) keepsSize(d *dir, e entry, quiet time.Duration) bool {
	was, ok := in.growing[e.key]
	if ok && was.size == e.size && time.Since(was.since) >= quiet {
		return true
	}
	if !ok {
		was.first = time.Now()
	}
	if !ok || was.size != e.size {
		was.size, was.since = e.size, time.Now()
		in.growing[e.key] = was
	}
	d.again = was.since.Add(quietTime)
	return false
}

// noteCopy keeps the identity of a copy, so that it is not looked at again
// before it grows.
func (in *Input) noteCopy(f *file, e entry) {
	g := in.create(e, e.path, done)
	g.original = f
	if in.fromEnd(e.path, e) {
		in.skip(g) // it may turn out to be none: see grownCopy
	}
	g.mu.Lock()
	g.searched = min(g.size, f.at()) // up to where it was compared
	g.mu.Unlock()
	in.fresh = in.fresh[:len(in.fresh)-1] // after a restart it is compared again
	in.log.Info("a file is a copy of another and is not shipped again", "path", e.path, "of", filepath.Base(f.now))
}

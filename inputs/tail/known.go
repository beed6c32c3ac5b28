package tail

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// The content of a file that is not known may have been shipped before: it was
// compressed or decompressed, moved away and copied back, restored from a backup,
// with its whole directory or alone. So each is compared, before it is adopted,
// with the known files that its name relates it to (relatives.go), whether they
// are done, gone or compressed, and is read on from where it is known.
//
// The same bytes do not prove a copy: a program may well write them again, above
// all when it starts. They do
//
//   - in a file that has times from before its inode was made: those were copied,
//     as by cp -a, rsync -a, tar, and all that decompresses;
//   - in a rotated file at the name that its compressed form has without the ending;
//   - in a rotated file, when the known one is nowhere any more and they are more
//     than flow.PrefixMax.
//
// What is the copy of a file that is followed, as copytruncate makes it, is told in
// copies.go; what is at a followed path in the place of the file that was there
// before, in replaced.go; what is compressed, in packed_claim.go.

// known is what is known of the content of a file.
type known struct {
	f    *file
	upTo position // of f, and of the file that has its content
}

// recognise looks through the files of l that are not known. Those that have all
// that was read of a file that is done, and is nowhere any more, are that file. It
// returns l without those that may be copies that are not finished: they are not
// adopted yet.
func (in *Input) recognise(d *dir, l *listing) *listing {
	rest := *l
	rest.files, rest.byKey = make([]entry, 0, len(l.files)), nil
	for _, e := range l.files {
		if in.byKey[e.key] == nil && !e.link && !unpack.Is(e.path) {
			if _, wait := in.again(d, e); wait {
				rest.growing = append(rest.growing, e)
				continue
			}
		}
		rest.files = append(rest.files, e)
	}
	return &rest
}

// again finds what is known of the file at e. If it is all of a known file that is
// nowhere any more, it is that file from now on. wait says that it is not to be
// adopted yet.
func (in *Input) again(d *dir, e entry) (k known, wait bool) {
	k, wait = in.knownIn(d, e)
	f := k.f
	switch {
	case f == nil || k.upTo.off < f.ownAt() || !in.isHome(f, e):
	case !f.lost():
		if wait = !in.present(f); wait {
			in.touched(filepath.Dir(f.now)) // where it is, is seen there
			in.lookSoon(filepath.Dir(e.path))
		}
	case f.isOpen():
		in.lookSoon(filepath.Dir(e.path))
		return k, true // it is read to its end first
	default:
		in.log.Info("a file is there again with the same content: it is not shipped again", "path", e.path, "of", f.path)
		in.rebind(f, e)
		in.seen(f, e)
	}
	return k, wait
}

// isHome says that e is at a name that f may have: its own, or that of a rotated
// file that no path of its own is at.
func (in *Input) isHome(f *file, e entry) bool {
	if e.path == f.path {
		return f.packed // else see restored
	}
	g, ok := parseGeneration(filepath.Base(f.path), filepath.Base(e.path))
	return ok && g.kind != 0 && (in.pats.match(e.path) < 0 || in.tails[e.path] == nil)
}

// knownIn is what is known of the content of the file at e, which is none of the
// known ones itself: the file that has most of it; none when k.f is nil. wait says
// that it may be a copy that is being made: then another look is made.
func (in *Input) knownIn(d *dir, e entry) (k known, wait bool) {
	fd := -1
	defer func() {
		if fd >= 0 {
			unix.Close(fd)
		}
	}()
	var growing int64
	for _, f := range in.relatives(e) {
		if !in.mayBe(f, e) {
			continue
		}
		if fd < 0 {
			var err error
			if fd, _, err = in.disk.openAs(e.path, e.key); err != nil {
				if wait = isMissing(err) || errors.Is(err, errMoved); wait {
					in.touched(filepath.Dir(e.path)) // it is renamed, or compressed, this moment
				}
				return known{}, wait
			}
		}
		p, most := in.placeOf(f, e, fd)
		switch {
		case most && isCopyOf(e, f, p):
			if k.f == nil || p.off > k.upTo.off || p.off == k.upTo.off && f.lost() && !k.f.lost() {
				k = known{f, p}
			}
		case in.mayBecome(f, e, p):
			if _, ok := parseGeneration(filepath.Base(f.path), filepath.Base(e.path)); !ok {
				p.off = min(p.off, flow.PrefixMax) // its name says little
			}
			growing = max(growing, p.off, 1)
		}
	}
	return k, k.f == nil && growing > 0 && !in.isWhole(d, e, growing)
}

// isCopyOf says that the file at e, which has the content of f up to p, is a copy of
// that, and not the same lines written again.
func isCopyOf(e entry, f *file, p position) bool {
	switch {
	case e.dated:
		return true
	case e.path == f.path:
		return false
	case f.packed && unpack.Plain(f.now) == e.path:
		return p.off == f.ownAt()
	}
	return f.lost() && p.off > flow.PrefixMax
}

// mayBecome says that the file at e, which has the content of f up to p, may be a
// copy of f that is being made.
func (in *Input) mayBecome(f *file, e entry, p position) bool {
	switch {
	case e.dated, e.size > f.at():
		return false // it is whole
	case p.off > 0 && f.packed && !f.lost() && unpack.Plain(f.now) == e.path:
		return true // it is being decompressed
	case e.path == f.path && (f != in.tails[f.path] || filepath.Dir(f.now) == filepath.Dir(e.path)):
		return false // it is the next log, which begins alike
	case e.size < flow.Enough:
		return f.packed && unpack.Plain(f.now) == e.path && in.present(f) // decompression begins
	}
	return p.off > 0
}

// isWhole says that what may be a copy that is being made, and has the content of a
// known file up to upTo, does not grow. When only its first bytes are known, it may
// as well be a log that begins alike, which does not wait for long.
func (in *Input) isWhole(d *dir, e entry, upTo int64) bool {
	was, ok := in.growing[e.key]
	return in.keepsSize(d, e, settleTime) || ok && upTo <= flow.PrefixMax && time.Since(was.first) >= packedQuiet
}

// unsettled says that a file of the family of path, which l belongs to, may be a
// copy that is being made: what comes after it has to wait.
func (in *Input) unsettled(d *dir, l *listing, path string, family []member) bool {
	for _, e := range l.growing {
		if _, ok := parseGeneration(filepath.Base(path), filepath.Base(e.path)); ok {
			return true
		}
	}
	return slices.ContainsFunc(family, func(m member) bool {
		if m.gen.packed || in.byKey[m.key] != nil {
			return false
		}
		_, wait := in.knownIn(d, m.entry)
		return wait
	})
}

// ownAt is how far f was read, without what is joined to it.
func (f *file) ownAt() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.joined > 0 {
		return min(f.pos.off, f.size)
	}
	return f.pos.off
}

// lost says that f is not where it was, nor anywhere else.
func (f *file) lost() bool { return f.gone || f.missing || f.key == key{} }

// mayBe says whether enough is known of f for the file at e to be known by it, and
// that this is not told elsewhere.
func (in *Input) mayBe(f *file, e entry) bool {
	switch {
	case f.original != nil, f.removed(), f.deleting, f.key == e.key, !f.owned(e), f.ownAt() < flow.Enough:
		return false
	case f.state == following && f.now == f.path && !f.lost() && in.isHome(f, e):
		return false // see copies.go
	}
	return f != in.tails[e.path] || !in.mayReplace(f, e)
}

// placeOf is up to where the file at e, open at fd, has what was read, or is still
// to be read, of f: the highest place that is known of f, or the line at which they
// begin to differ. most says that this is more than half of what they have, and more
// than the first bytes, which are known of every file.
func (in *Input) placeOf(f *file, e entry, fd int) (p position, most bool) {
	pos, own := f.place(), f.ownAt()
	first := int64(pos.mark.PrefixLen)
	if e.size < max(first, flow.Enough) || !in.disk.content(fd).beginsWith(pos.mark) {
		return p, false
	}
	p.off = first
	for _, q := range append(in.places(f), pos) {
		if q.off > min(e.size, own) {
			break
		}
		if same, err := in.disk.content(fd).matches(q.off, q.mark); !same || err != nil {
			return position{}, false
		}
		p = q
	}
	p = in.commonPlace(f, e, fd, p)
	if own < pos.off && p.off < own && e.size == own && e.dated {
		// the mark at its end has what is joined to it
		if m, ok, err := in.disk.content(fd).markAt(own); ok && err == nil {
			p = position{off: own, mark: m}
		}
	}
	return p, p.off == own || p.off > first && p.off >= min(e.size, own)/2
}

// commonPlace is the line behind p at which the file at e, open at fd, begins to
// differ from f: what it has before that was read, or is read, from f. It is p where
// f cannot be compared with it.
func (in *Input) commonPlace(f *file, e entry, fd int, p position) position {
	f.mu.Lock()
	defer f.mu.Unlock()
	closed := f.fd < 0
	if f.open() != nil || f.z != nil {
		return p
	}
	if closed {
		defer f.close()
	}
	at, err := f.describe()
	if err != nil || at.size <= p.off {
		return p
	}
	c, q := in.disk.content(fd), position{}
	end := in.disk.differAt(f.fd, fd, p.off, min(at.size, e.size, p.off+replacedMax))
	if f.rec != nil && end < at.size {
		return p // it is not known which of its lines begin a record
	}
	if q.off = end; end < at.size || end < e.size || e.path == f.path { // else neither is written to: half a line is the last one
		q.off, err = c.lineStart(end, f.width())
	}
	if err != nil || q.off <= p.off {
		return p
	}
	if m, ok, err := c.markAt(q.off); ok && err == nil {
		q.mark = m
		return q
	}
	return p
}

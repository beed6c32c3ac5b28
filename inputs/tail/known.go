package tail

import (
	"path/filepath"

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
//   - when the known file is nowhere any more, and they are more than
//     flow.PrefixMax, all of what was read of it.
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
	rest.files = make([]entry, 0, len(l.files))
	for _, e := range l.files {
		if in.byKey[e.key] == nil && !e.link && !unpack.Is(e.path) {
			k, wait := in.knownIn(d, e)
			if wait {
				continue
			}
			if k.f != nil && k.f.lost() && k.f.state == done && k.upTo.off == k.f.at() && in.isHome(k.f, e) {
				in.log.Info("a file is there again with the same content: it is not shipped again", "path", e.path, "of", k.f.path)
				in.rebind(k.f, e)
				in.seen(k.f, e)
			}
		}
		rest.files = append(rest.files, e)
	}
	return &rest
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
	var whole *bool // the copy is not being written to
	for _, f := range in.relatives(e) {
		if !in.mayBe(f, e) {
			continue
		}
		if fd < 0 {
			var err error
			if fd, _, err = in.disk.openAs(e.path, e.key); err != nil {
				return known{}, false
			}
		}
		begins := in.startsLike(f, e, fd)
		if !begins && !in.unpacking(f, e) {
			continue
		}
		p, ok := position{}, false
		if begins {
			p, ok = in.placeOf(f, e, fd)
		}
		if ok && (e.dated || f.lost() && p.off > flow.PrefixMax) {
			if k.f == nil || p.off > k.upTo.off || p.off == k.upTo.off && f.lost() && !k.f.lost() {
				k = known{f, p}
			}
			continue
		}
		if e.size > f.at() || e.dated {
			continue // it is whole
		}
		if whole == nil {
			w := in.settledCopy(d, e)
			whole = &w
		}
		wait = wait || !*whole
	}
	return k, wait && k.f == nil
}

// lost says that f is not where it was, nor anywhere else.
func (f *file) lost() bool { return f.gone || f.missing || f.key == key{} }

// mayBe says whether enough is known of f for the file at e to be known by it, and
// that this is not told elsewhere.
func (in *Input) mayBe(f *file, e entry) bool {
	switch {
	case f.original != nil, f.removed(), f.deleting, f.key == e.key, f.joined > 0, !f.owned(e), f.at() < flow.Enough:
		return false
	case f.state == following && !f.lost():
		return false // see copies.go
	}
	return f != in.tails[e.path] || !in.mayReplace(f, e)
}

// startsLike says whether the file at e, open at fd, begins like f, by what is known
// of the first bytes of that.
func (in *Input) startsLike(f *file, e entry, fd int) bool {
	f.mu.Lock()
	m := f.pos.mark
	f.mu.Unlock()
	return e.size >= flow.Enough && e.size >= int64(m.PrefixLen) && in.disk.content(fd).beginsWith(m)
}

// unpacking says that e is the plain form of f beside it, perhaps being made.
func (in *Input) unpacking(f *file, e entry) bool {
	return f.packed && !f.lost() && unpack.Plain(f.now) == e.path
}

// placeOf is up to where the file at e, open at fd, is known to have what was read,
// or is still to be read, of f.
func (in *Input) placeOf(f *file, e entry, fd int) (position, bool) {
	f.mu.Lock()
	pos := f.pos
	f.mu.Unlock()
	if e.size < pos.off {
		p, _, ok := in.cutBack(f, e, fd)
		return p, ok
	}
	for _, p := range append(in.places(f), pos) {
		if same, err := in.disk.content(fd).matches(p.off, p.mark); !same || err != nil {
			return position{}, false
		}
	}
	if f.state == done {
		return pos, true
	}
	return in.commonPlace(f, fd, pos)
}

// commonPlace is the line behind pos from which on the file open at fd differs from
// f: what it has before that is read from f.
func (in *Input) commonPlace(f *file, fd int, pos position) (p position, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	closed := f.fd < 0
	if f.open() != nil || f.z != nil {
		return pos, true
	}
	if closed {
		defer f.close()
	}
	at, err := f.describe()
	if err != nil || at.size <= pos.off || f.rec != nil {
		return pos, true
	}
	c := in.disk.content(fd)
	end := in.disk.differAt(f.fd, fd, pos.off, min(at.size, pos.off+replacedMax))
	if p.off, err = c.lineStart(end, f.width()); err != nil || p.off <= pos.off {
		return pos, err == nil
	}
	p.mark, ok, err = c.markAt(p.off)
	return p, ok && err == nil
}

// beginKnown has reading of g, which was not known, begin where k says.
func (in *Input) beginKnown(g *file, k known) {
	g.beginAt(k.upTo)
	g.prevID = 0 // it does not begin in the middle of a line
	in.log.Info("a file has the content of another that is known: it is read from where that ends", "path", g.now, "of", k.f.path, "offset", k.upTo.off)
}

package tail

import (
	"errors"
	"path/filepath"
	"strings"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// isCopy says whether the unknown file at e, which a pattern matches, is a copy
// of a known file beside it, and so is not to be shipped: the copy that a
// copytruncate makes, complete or under way. If the original turns out to be
// truncated, its rest is read from the copy. Only the name of a rotated file
// makes a copy: two programs may well write the same lines.
//
// One that goes on otherwise is a log of its own. k is what it has of the other when it
// was one that was written to: two instances of a program may have the same banner,
// and a name such as app-1.log is that of a rotated file as well.
func (in *Input) isCopy(d *dir, e disk.Entry) (k known, copied bool) {
	from := in.originals(d, e)
	if len(from) > 0 && (e.Size == 0 || e.Size < flow.Enough && !in.settledCopy(d, e)) {
		return k, true // nothing is in it that could be missed
	}
	for _, f := range from {
		has, ok := in.copyOf(f, e)
		switch {
		case !ok:
			continue
		case in.undecided(f):
			return k, true // for now: it may have been truncated
		case in.changed(f):
			in.truncated(f)
			return k, in.byKey[e.Key] != nil
		case has.end < e.Size:
			in.log.Info("a file begins as another and goes on otherwise: it is shipped", "path", e.Path, "other", filepath.Base(f.now))
			if e.Dated || strings.HasPrefix(filepath.Base(e.Path), filepath.Base(f.path)) {
				k = known{f, has.position}
			}
			return k, false
		case e.Size < has.size && !in.settledCopy(d, e):
			return k, true // it grows, or the truncation is to come
		}
		in.noteCopy(f, e)
		return k, true
	}
	return k, false
}

// copiedEarly finds the files whose content does not tell that they were copied and
// truncated, since too little was read of them, or since they begin with the same lines
// each time and no more than these was read by the run before: a new file of the
// rotation family is there that begins with what was read, and the file itself goes on
// otherwise.
func (in *Input) copiedEarly(d *dir, l *disk.Listing) {
	in.copiedAlike(d, l)
	for _, f := range byID(d.files) {
		if f.state != following || f.now != f.path || f.key == (disk.Key{}) || f.at() >= flow.Enough && !f.has(young) {
			in.notCopied(f)
			continue
		}
		p := f.place()
		e, copied, wait := in.copiedUnseen(f, l)
		switch {
		case wait:
			f.unsure(young, true)
		case copied && f.doubtAt(p.off):
			in.truncated(f)
		default:
			if copied {
				in.copyIsLate(f, p, e)
			}
			in.notCopied(f)
		}
	}
}

// mayBeBeside says that it is being found out where the other logs beside f were rotated
// to, of which too little was read to tell that of itself: its copy may be there, too.
func (in *Input) mayBeBeside(f *file, l *disk.Listing) bool {
	if !f.has(young) || f.at() >= flow.Enough || len(in.kin.Of(f.path)) > 0 {
		return false
	}
	return !in.kinBeside(f.path) && len(in.proofs) > 0 && in.proofsBeside(f, l.Dir)
}

// copiedAlike finds the files that were copied and truncated, and begin again with what
// was read of them, as a log does that begins with the same lines each time: a new file
// is called like a copy of one, has what was read of it, and goes on otherwise. When
// it was read on already, what is in the copy is read late: of what both begin with,
// one was read.
func (in *Input) copiedAlike(d *dir, l *disk.Listing) {
	for _, e := range l.Files {
		if in.byKey[e.Key] != nil || e.Link || e.Size < flow.Enough || unpack.Is(e.Path) || !in.sinceLife(e) {
			continue
		}
		for _, f := range in.originals(d, e) {
			p := f.place()
			if p.off < flow.Enough || f.now != f.path || f.has(altered|sought|truncating) || e.Mtime > in.lastWrite(f) {
				continue
			}
			switch {
			case e.Size > p.off && in.hasMore(f, e):
				if f.doubtAt(p.off) {
					in.truncated(f)
				}
			case !in.cameSince(e) || !in.beginsAndDiffers(f, e):
			case in.changed(f):
				in.truncated(f)
			default:
				if k, wait := in.knownIn(d, e); !wait && k.f == nil {
					in.sayLate(f.path, e.Path)
					in.create(e, f.path, rotated)
				}
			}
			break
		}
	}
}

// copyIsLate has the copy at e, which begins with what was read of f up to p, read from
// there: f was read on behind the truncation while a look found that out.
func (in *Input) copyIsLate(f *file, p position, e disk.Entry) {
	same, err := in.sameContent(f, e)
	if same || err != nil || in.byKey[e.Key] != nil {
		return // it was read on before the truncation
	}
	in.sayLate(f.path, e.Path)
	if g := in.create(e, f.path, rotated); p.off > 0 {
		g.beginAt(p)
	}
}

// notCopied lets f be read: a look has found no copy of it.
func (in *Input) notCopied(f *file) {
	if f.has(young) {
		in.decided(f, young)
	}
}

// copiedUnseen says that f, whose content does not tell that, was copied and truncated,
// and that e is the copy, if that is not compressed. wait says that the next look will tell.
func (in *Input) copiedUnseen(f *file, l *disk.Listing) (e disk.Entry, copied, wait bool) {
	if f.at() >= flow.Enough {
		return in.copyWithMore(f, l)
	}
	elsewhere := in.mayBeBeside(f, l)
	if copied, wait = in.copiedPacked(f, l); copied || wait || elsewhere {
		return e, copied, wait || elsewhere
	}
	e, err := in.search(f, l)
	if err == nil {
		var same bool
		same, err = in.sameStart(f, e)
		copied = err == nil && !same
	}
	if wait = errors.Is(err, disk.ErrMoved); wait {
		in.touched(l.Dir) // it is renamed, or compressed, this moment
	}
	return e, copied, wait
}

// copyWithMore is copiedUnseen for a file of which enough was read: its copy has that,
// and behind it what f has not any more.
func (in *Input) copyWithMore(f *file, l *disk.Listing) (e disk.Entry, copied, wait bool) {
	unknown := in.newOf(f, l)
	for _, m := range unknown {
		if !m.Gen.Packed {
			continue
		}
		more, later := in.packedMore(f, m.Entry)
		if more {
			return e, true, false
		}
		wait = wait || later
	}
	for _, m := range unknown {
		if !wait && !m.Gen.Packed && in.hasMore(f, m.Entry) {
			return m.Entry, true, false
		}
	}
	return e, false, wait
}

// newOf is the files of the family of f that may be copies of it from before it was
// truncated: they are not known, came since the runs before have looked, and were not
// written to after f was.
func (in *Input) newOf(f *file, l *disk.Listing) (out []rotation.Member) {
	family := in.family(l, f.path)
	unknown := family[in.knownOf(family):]
	if len(unknown) == 0 {
		return nil
	}
	last := in.lastWrite(f)
	for _, m := range unknown {
		if in.byKey[m.Key] == nil && !m.Link && m.Size > 0 && f.owned(m.Entry) && in.sinceLife(m.Entry) && m.Mtime <= last {
			out = append(out, m)
		}
	}
	return out
}

// doubtAt has f not read any more, unless it was read on from off meanwhile: then
// what was found out before may not be true of it.
func (f *file) doubtAt(off int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setDoubt(altered, f.pos.off == off)
	return f.has(altered)
}

// originals is the followed files that e, by its name, may be a copy of: in
// d, where it is, in the two directories above, or where d is an olddir of.
func (in *Input) originals(d *dir, e disk.Entry) []*file {
	var out []*file
	add := func(d *dir, path string) {
		if d == nil {
			return
		}
		if f := d.at[path]; f != nil && f.state == following && f.now != e.Path && f.owned(e) {
			out = append(out, f)
		}
	}
	here := filepath.Dir(e.Path)
	for _, base := range rotation.Originals(filepath.Base(e.Path)) {
		add(d, filepath.Join(here, base))
		for _, path := range above(here, base) {
			add(in.dirs[filepath.Dir(path)], path)
		}
	}
	if path, ok := in.kinOf(here, e); ok {
		add(in.dirs[filepath.Dir(path)], path)
	}
	return out
}

// copyOf is what the file at e has of f. It reports true if it begins like f, as far as
// both go; when it has all that was read of f, that is enough.
func (in *Input) copyOf(f *file, e disk.Entry) (has common, ok bool) {
	read := f.at()
	has, known := in.commonWith(f, e, e.Size)
	switch {
	case has.size < 0:
		return has, false
	case read >= flow.Enough && e.Size >= read:
		return has, known == read
	}
	return has, has.end >= flow.Enough && has.end >= min(e.Size, max(read, has.size)) // also what was not read yet
}

// noteCopy keeps the identity of a copy, so that it is not looked at again
// before it grows.
func (in *Input) noteCopy(f *file, e disk.Entry) {
	g := in.create(e, e.Path, done)
	g.original = f
	g.mu.Lock()
	g.searched = g.size
	g.mu.Unlock()
	in.fresh = in.fresh[:len(in.fresh)-1] // after a restart it is compared again
	in.log.Info("a file is a copy of another and is not shipped again", "path", e.Path, "of", filepath.Base(f.now))
}

// A copytruncate that does not stop the writer may end its copy before what was
// read of the file already: what was written between the copy and the truncation
// is in no copy. Nothing is unread in a copy like that.

// knowTorn finds such copies of f, which was truncated, and notes that all of
// them was read: else they would be taken for generations that nobody saw.
func (in *Input) knowTorn(f *file, l *disk.Listing) {
	at := f.at()
	f.mu.Lock()
	limit := f.mtime // a copy is older than what was read behind its end
	f.mu.Unlock()
	if limit == 0 && !in.o.Life.IsZero() {
		limit = in.o.Life.UnixNano()
	}
	family := in.family(l, f.path)
	known := in.knownOf(family)
	for i, m := range family {
		birth, g := m.Key.Birth, in.byKey[m.Key]
		if g != nil && g.original == nil || g == nil && i < known {
			continue
		}
		if m.Gen.Packed || birth == 0 || birth > limit || m.Size >= at || !f.owned(m.Entry) || !in.beginsLike(f, m.Entry) {
			continue
		}
		if g != nil {
			in.drop(g) // the journal does not know it
		}
		in.log.Info("a file is a copy of another and is not shipped again", "path", m.Entry.Path, "of", filepath.Base(f.path))
		in.history(f.path, m.Entry)
	}
}

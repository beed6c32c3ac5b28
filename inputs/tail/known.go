package tail

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// The content of a file that is not known may have been shipped before: it was
// compressed or decompressed, moved away and copied back, restored from a backup,
// with its whole directory or alone. So each is compared, before it is adopted,
// with the known files that its name relates it to (relatives in kin.go), whether they
// are done, gone or compressed, and is read on from where it is known.
//
// The same bytes do not prove a copy: a program may well write them again, above
// all when it starts. They do
//
//   - in a file that has times from before its inode was made: those were copied,
//     as by cp -a, rsync -a, tar, and all that decompresses;
//   - in a rotated file at the name that its compressed form has without the ending;
//   - in a rotated file, when the known one is nowhere any more and they are more
//     than flow.PrefixMax, and it is not known that they go on otherwise;
//   - in a rotated file that is the same from its first byte to its last, when the
//     known one was deleted, and it did not come while no agent ran; of fewer than
//     flow.Enough bytes it must have been made where it is.
//
// That the last is so may show only once the known one was read, from its descriptor, or
// was deleted by who copied it: until then the file waits (copyState).
//
// No more do those with which another known file began too: see alike.
//
// What is the copy of a file that is followed, as copytruncate makes it, is told in
// copies.go; what is at a followed path in the place of the file that was there
// before, in replaced.go; what is compressed, in packed_whose.go.

// known is what is known of the content of a file.
type known struct {
	f    *file
	upTo position // of f, and of the file that has its content
}

// recognise looks through the files of l that are not known. Those that have all
// that was read of a file that is done, and is nowhere any more, are that file.
func (in *Input) recognise(d *dir, l *disk.Listing) {
	for _, e := range l.Files {
		if in.byKey[e.Key] == nil && !e.Link && !unpack.Is(e.Path) {
			in.again(d, e)
		}
	}
}

// again finds what is known of the file at e. If it is all of a known file that is
// nowhere any more, it is that file from now on. wait says that it is not to be
// adopted yet.
func (in *Input) again(d *dir, e disk.Entry) (k known, wait bool) {
	k, wait = in.knownIn(d, e)
	f := k.f
	switch {
	case f == nil || k.upTo.off < f.ownAt() || !in.isHome(f, e):
	case in.mayReplace(in.tails[e.Path], e):
		// see restored: of several that had the same content, it is the last
	case !f.lost():
		if wait = !in.present(f) || in.isAside(f, e) && !in.isWhole(d, e, k.upTo.off); wait {
			in.touched(filepath.Dir(f.now)) // where it is, is seen there
			in.lookSoon(filepath.Dir(e.Path))
		}
	case f.isOpen():
		in.lookSoon(filepath.Dir(e.Path))
		return k, true // it is read to its end first
	default:
		in.log.Info("a file is there again with the same content: it is not shipped again", "path", e.Path, "of", f.path)
		in.rebind(f, e)
		in.seen(f, e)
	}
	return k, wait
}

// madeThere says that the file at e was not renamed since it was last written to, as
// rotated logs are: it is a copy without times, such as logrotate's renamecopy makes.
func madeThere(e disk.Entry) bool { return e.Ctime == e.Mtime }

// isHome says that e is at a name that f may have: its own, or that of a rotated
// file that no path of its own is at.
func (in *Input) isHome(f *file, e disk.Entry) bool {
	if e.Path == f.path {
		return f.packed // else see restored
	}
	g, ok := rotation.Parse(filepath.Base(f.path), filepath.Base(e.Path))
	return ok && g.Kind != 0 && (in.pats.Match(e.Path) < 0 || in.tails[e.Path] == nil)
}

// knownIn is what is known of the content of the file at e, which is none of the
// known ones itself: the file that has most of it; none when k.f is nil. wait says
// that it may be a copy that is being made: then another look is made.
func (in *Input) knownIn(d *dir, e disk.Entry) (k known, wait bool) {
	fd := -1
	defer func() {
		if fd >= 0 {
			unix.Close(fd)
		}
	}()
	var growing int64
	for _, f := range in.relatives(e) {
		if unread, made := in.copyState(f, e); unread {
			in.lookSoon(filepath.Dir(e.Path))
			return known{}, true // it is told once f was read
		} else if made {
			growing = max(growing, 1)
		}
		if !in.mayBe(f, e) {
			continue
		}
		if fd < 0 {
			var err error
			var now disk.Entry
			fd, now, err = in.disk.OpenAs(e.Path, e.Key)
			e.Size, e.Dated = now.Size, now.Dated // its time is set before its compressed form is removed
			if err != nil {
				if wait = errors.Is(err, disk.ErrMoved); wait {
					in.touched(filepath.Dir(e.Path)) // it is renamed, or compressed, this moment
				}
				return known{}, wait
			}
		}
		has, most := in.sharedBy(f, e, fd)
		p := has.position
		if most && p.off <= in.alike(f, e, fd) {
			continue
		}
		switch {
		case most && (!has.differ || e.Dated) && in.isCopyOf(e, f, p):
			if k.f == nil || p.off > k.upTo.off || p.off == k.upTo.off && f.lost() && !k.f.lost() {
				k = known{f, p}
			}
		case !has.differ && in.mayBecome(f, e, p):
			growing = max(growing, p.off, 1)
		}
	}
	return k, k.f == nil && growing > 0 && !in.isWhole(d, e, growing)
}

// isCopyOf says that the file at e, which has the content of f up to p, is a copy of
// that, and not the same lines written again.
func (in *Input) isCopyOf(e disk.Entry, f *file, p position) bool {
	switch {
	case e.Dated:
		return true
	case e.Path == f.path:
		return false
	case f.packed && unpack.Plain(f.now) == e.Path:
		return p.off == f.ownAt()
	}
	same := p.off == e.Size && p.off == f.ownAt() // as logrotate's renamecopy makes it
	if in.isAside(f, e) {
		return same
	}
	return f.lost() && (p.off > flow.PrefixMax || same && !(in.first && in.sinceLife(e)))
}

// copiedFrom says that the file at e may be made from f: logrotate's renamecopy renames f
// to a name that no rotation gives, copies it, and deletes it.
func (in *Input) copiedFrom(f *file, e disk.Entry) bool {
	switch {
	case f.state == following || e.Key.Birth <= f.key.Birth || !in.isHome(f, e):
		return false
	case f.lost():
		return true // it may have been renamed since
	}
	_, rotation := rotation.Parse(filepath.Base(f.path), filepath.Base(f.now))
	return !rotation && madeThere(e)
}

// isAside says that the file at e may be made from f, which is still there.
func (in *Input) isAside(f *file, e disk.Entry) bool {
	return in.copiedFrom(f, e) && !f.lost() && in.present(f)
}

// copyState says that the file at e, which may be made from f, begins like it and has its
// size, and that f is to be read; or that it is shorter, and f is still there: it may be
// growing.
func (in *Input) copyState(f *file, e disk.Entry) (unread, growing bool) {
	if !in.copiedFrom(f, e) {
		return false, false
	}
	size := f.sizeSeen()
	unread = e.Size == size && f.ownAt() < size && f.isOpen() && in.beginsAlike(f, e) > 0
	return unread, e.Size < size && in.isAside(f, e)
}

// mayBecome says that the file at e, which has the content of f up to p, may be a
// copy of f that is being made.
func (in *Input) mayBecome(f *file, e disk.Entry, p position) bool {
	switch {
	case e.Size > f.at():
		return false // it is whole
	case f.packed && !f.lost() && unpack.Plain(f.now) == e.Path:
		return p.off > 0 || e.Size < flow.Enough // it is being decompressed
	case e.Path == f.path && (f != in.tails[f.path] || filepath.Dir(f.now) == filepath.Dir(e.Path)):
		return false // it is the next log, which begins alike
	}
	return p.off > 0
}

// isWhole says that what may be a copy that is being made, and has the content of a
// known file up to upTo, does not grow. When only its first bytes are known, it may
// as well be a log that begins alike, which does not wait for long.
func (in *Input) isWhole(d *dir, e disk.Entry, upTo int64) bool {
	return in.keepsSize(d, e, settleTime) || upTo <= flow.PrefixMax && time.Since(in.sizes[e.Key].first) >= packedQuiet
}

// unsettled says that a file of a family, which d belongs to, may be a copy that is
// being made: what comes after it has to wait.
func (in *Input) unsettled(d *dir, family []rotation.Member) bool {
	return slices.ContainsFunc(family, func(m rotation.Member) bool {
		if m.Gen.Packed || in.byKey[m.Key] != nil {
			return false
		}
		_, wait := in.knownIn(d, m.Entry)
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
func (f *file) lost() bool { return f.gone || f.missing || f.key == disk.Key{} }

// mayBe says whether enough is known of f for the file at e to be known by it, and
// that this is not told elsewhere.
func (in *Input) mayBe(f *file, e disk.Entry) bool {
	switch {
	case f.original != nil, f.removed(), f.deleting, f.key == e.Key, !f.owned(e):
		return false
	case f.ownAt() < flow.Enough && (f.ownAt() != e.Size || !madeThere(e) || e.Path == f.path || !in.isHome(f, e)):
		return false
	case f.state == following && f.now == f.path && !f.lost() && in.isHome(f, e):
		return false // see copies.go
	}
	return f != in.tails[e.Path] || !in.mayReplace(f, e)
}

// alike is how many of the first bytes of the file at e, open at fd, another known file
// than f has, or may have, which was shipped from its beginning. They prove nothing:
// programs begin each of their logs with the same lines.
func (in *Input) alike(f *file, e disk.Entry, fd int) (n int64) {
	c := in.content(fd)
	for _, g := range in.relatives(e) {
		mark := g.place().mark
		if g == f || g.original != nil || g.removed() || g.base > 0 || g.key == e.Key || g.ownAt() < flow.Enough || e.Size < int64(mark.PrefixLen) || !c.BeginsWith(mark) {
			continue
		}
		p, limit, _ := in.placeOf(g, c, e.Size)
		if has := in.compared(g, e, fd, p, comparedMax); has.size >= 0 {
			limit = has.end
		}
		n = max(n, limit)
	}
	return n
}

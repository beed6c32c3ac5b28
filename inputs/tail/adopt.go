package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// New files, the generations that came before them and that nobody has seen, and the
// place of each in the order of its path.

// discover is the files of a directory that a pattern matches and that are not
// known. A path comes before its rotated files.
func (in *Input) discover(l *disk.Listing) []disk.Entry {
	var out []disk.Entry
	for _, e := range l.Files {
		if in.pats.Match(e.Path) < 0 {
			in.sayArchive(e.Path)
			continue
		}
		if unpack.Is(e.Path) {
			continue
		}
		if f := in.byKey[e.Key]; f == nil {
			if in.tails[e.Path] != nil || !in.leftAlone(e.Path, e) {
				out = append(out, e)
			}
		} else if f.now != e.Path {
			in.alias(f, e)
		}
	}
	for _, o := range l.Odd {
		if path := filepath.Join(l.Dir, o.Name); in.pats.Match(path) >= 0 {
			in.sayOdd(path, o.Err)
		}
	}
	slices.SortFunc(out, func(a, b disk.Entry) int {
		return cmp.Or(cmp.Compare(len(a.Path), len(b.Path)), strings.Compare(a.Path, b.Path))
	})
	return out
}

// sayOdd says once why a name that matches is not followed.
func (in *Input) sayOdd(path string, err error) {
	if odd, ok := err.(*disk.Irregular); ok && odd.Why != "" {
		in.warnOnce("odd:"+path, odd.Why, "path", path)
	}
}

// sayArchive says once for a directory that archives in it match, and are not followed.
func (in *Input) sayArchive(path string) {
	if pattern.IsArchive(path) && in.pats.Archived(path) {
		in.warnOnce("archive:"+filepath.Dir(path), "a pattern matches a file that is not followed, of which there may be more in its directory: "+pattern.ErrArchive.Error(), "path", path)
	}
}

// alias says once that a name leads to a file that is known at another. If it is
// not there any more, the next look finds where it is.
func (in *Input) alias(f *file, e disk.Entry) {
	if in.present(f) && f.state != unfollowed && in.once("alias:"+e.Path) {
		in.log.Info("one file has several names: it is read once", "path", f.now, "also", e.Path)
	}
}

// adopt begins to follow the file at e, and what came between it and the file
// that was last known at its path.
func (in *Input) adopt(d *dir, l *disk.Listing, e disk.Entry) {
	if in.byKey[e.Key] != nil {
		return // it was adopted meanwhile, as a generation of another path
	}
	k, copied := in.isCopy(d, e)
	if copied || !in.itsTurn(l, e) {
		return
	}
	before := in.tails[e.Path]
	place, handled := in.restored(d, l, before, e)
	if handled {
		return
	}
	if in.tails[e.Path] == nil {
		in.searchKin(l, e.Path)
	}
	if !in.unpacked(l, e.Path) {
		in.holdUnbegun(e)
		return
	}
	prev, ok := in.generations(l, e.Path)
	if !ok {
		in.holdUnbegun(e)
		return
	}
	if in.byKey[e.Key] != nil {
		in.touched(l.Dir) // it was renamed during this look, and met under both names
		return
	}
	if prev == before && in.mayBeNear(before, l) {
		in.holdUnbegun(e)
		return
	}
	if prev == before && place == nil {
		in.sayRepeated(before, e)
	}
	if k.f == nil {
		wait := false
		if k, wait = in.again(d, e); wait || in.byKey[e.Key] != nil {
			return
		}
	}
	for _, m := range in.passedOver(before, e) {
		g := in.create(m, e.Path, rotated)
		in.link(prev, g)
		prev = g
	}
	f := in.create(e, e.Path, following)
	in.link(prev, f)
	switch {
	case prev == before && place != nil:
		in.readBehind(f, before, e, *place)
	case k.f != nil:
		in.readBehind(f, k.f, e, k.upTo)
	case in.fromEnd(e.Path, e):
		in.skip(f)
	}
}

// itsTurn says that the unknown file at e, in l, need not wait for another: the one
// before it is not missing, and of a path that it may be a rotated file of, it is not
// one that comes behind others. What was truncated at its path is seen to first, so
// that its copy is not taken for a generation.
func (in *Input) itsTurn(l *disk.Listing, e disk.Entry) bool {
	if in.missingAt(l, e.Path) {
		return false // where that one is says what came in between
	}
	from, rotated := in.rotatedFrom(l, e.Path)
	if rotated && in.tails[from] == nil && !l.Has(filepath.Base(from)) && !in.first && in.isFromNear(l, e) {
		return false
	}
	isNext := func(path string, ok bool) bool { return !ok || in.inOrder(l, path) && in.byKey[e.Key] == nil }
	if !isNext(in.kinOf(l.Dir, e)) || !isNext(from, rotated) {
		return false
	}
	if t := in.tails[e.Path]; t != nil && t.state != done && in.changed(t) {
		in.truncated(t)
	}
	return true
}

// inOrder adopts the files of path that nobody has seen, in their order, before one
// that is called like a rotated file of it: that may be one of them, and is none when
// the file that is known to be at path still is. It reports false when that one has to
// wait. l is the listing that the one is in.
func (in *Input) inOrder(l *disk.Listing, path string) bool {
	home := filepath.Dir(path)
	d, t := in.dir(home), in.tails[path]
	l = in.listing(l, home)
	switch {
	case t != nil && in.undecided(t):
		return false // it may be its copy
	case t != nil && t.state == following && in.changed(t):
		in.truncated(t)
		return !in.undecided(t)
	case !in.unpacked(l, path):
		return false // so does what is at path
	}
	at, ok := l.Stat(filepath.Base(path))
	switch {
	case !ok:
		_, ok = in.generations(l, path)
		return ok
	case in.byKey[at.Key] == nil && !at.Link && !in.leftAlone(path, at):
		in.adopt(d, l, at)
		return in.byKey[at.Key] != nil // else it waits, too
	}
	return true
}

// undecided says that it is being found out whether f was truncated, or where its
// copy is.
func (in *Input) undecided(f *file) bool { return f.has(young | truncating) }

// missingAt says that the newest known file of path, or of the path that the name is
// a rotated one's of, is missing, and may be found by the next look.
func (in *Input) missingAt(l *disk.Listing, path string) bool {
	for {
		if t := in.tails[path]; t != nil && t.missing && t.state != done {
			return true
		}
		base, ok := in.rotatedFrom(l, path)
		if !ok {
			return false
		}
		path = base
	}
}

// link makes f the successor of prev at its path.
func (in *Input) link(prev, f *file) {
	in.tails[f.path] = f
	if prev == nil {
		return
	}
	f.prevID = prev.id
	if prev.state == following {
		in.rotate(prev)
	}
	if f.key.Birth > 0 && f.key.Birth < prev.born() {
		prev.half, prev.next = true, f // its copy
	}
	for prev != nil && prev.state == done {
		prev = prev.prev // it was gone before its turn came
	}
	if prev != nil {
		f.after(prev)
	}
}

// generations adopts the rotated files of path that nobody has read: those that
// are newer than the newest known one. It returns the last of the path's chain.
// When nothing is known of the path, its rotated files are history if they were
// there before (age.go): they are noted as read. ok is false when what comes after the
// last one that it returns has to wait for the next look.
func (in *Input) generations(l *disk.Listing, path string) (prev *file, ok bool) {
	prev = in.tails[path]
	unknown := prev == nil
	family := in.family(l, path)
	known := in.knownOf(family)
	for i, m := range family {
		matched := in.pats.Match(m.Path) >= 0
		fresh := i >= known && (prev != nil || in.unseen(l, family, i, path))
		if in.byKey[m.Key] != nil || m.Gen.Packed && !in.isGeneration(m.Entry, path) {
			continue
		}
		switch g, wait := in.noteKnown(prev, m.Entry, path); {
		case wait:
			return prev, false
		case g != nil && g.state == rotated && in.tails[path] == g:
			prev = g
			continue
		case g != nil:
			continue
		case (unknown || !fresh) && in.leftAlone(path, m.Entry):
			in.history(path, m.Entry)
		case fresh:
			prev = in.generation(prev, m, path, family[i:])
		case m.Unread && m.Gen.Packed && !unknown:
			if p := in.parcels[m.Key]; p.inside != nil {
				in.arriveLate(p) // whatever its name and times say, it is no history
			}
		case m.Unread && !unknown && !matched && in.cameSince(m.Entry) && !in.beginsAsKnown(m.Entry):
			in.sayLate(path, m.Path) // neither is this
			in.create(m.Entry, path, rotated)
		case !matched:
			in.history(path, m.Entry)
		case filepath.Dir(m.Path) == l.Dir && (prev == nil || in.tails[m.Path] == nil):
			prev = in.generation(prev, m, m.Path, family[i:])
		}
		if f := in.byKey[m.Key]; f != nil && f.state == rotated && !f.packed && in.fromEnd(f.path, m.Entry) && !in.unseen(l, family, i, path) {
			in.skip(f)
		}
	}
	return prev, true
}

// beginsAsKnown says that the file at e begins as a file that its name relates it to.
func (in *Input) beginsAsKnown(e disk.Entry) bool {
	return slices.ContainsFunc(in.relatives(e), func(f *file) bool { return in.beginsAlike(f, e) > 0 })
}

// sayLate counts, and says once for a path, that the rotated file at now is read late.
func (in *Input) sayLate(path, now string) {
	in.slip(path, now, "a rotated file was read late, after what was written after it")
}

// slip counts, and says once for a path, that lines of it are out of order.
func (in *Input) slip(path, now, says string) {
	in.stats.slips.Add(1)
	in.warnOnce("late:"+path, says, "path", now)
}

// generation adopts one rotated file. rest is it and the newer ones: when there
// are some, nobody writes to it any more.
func (in *Input) generation(prev *file, m rotation.Member, path string, rest []rotation.Member) *file {
	if m.Gen.Packed {
		return in.packedGeneration(prev, m.Entry, path)
	}
	in.dropCopied(m.Entry, path)
	prev = in.beginOlder(prev, m.Entry, path, nil)
	f := in.create(m.Entry, path, rotated)
	f.sealed = len(rest) > 1
	in.link(prev, f)
	return f
}

// create makes a file that was not known.
func (in *Input) create(e disk.Entry, path string, s state) *file {
	conf := &in.o.Inputs[in.pats.Match(path)]
	f := &file{
		id: in.o.Journal.NewFile(), path: path, now: e.Path, fd: -1, key: e.Key,
		dev: e.Dev, owner: e.UID + 1, size: e.Size, mtime: e.Mtime,
		grown: momentOf(time.Now()), since: momentOf(time.Now()), state: s, conf: conf,
	}
	in.route(f)
	f.setReading(in)
	if s != done {
		f.handle = in.disk.Handle(e)
	}
	in.mu.Lock()
	in.files[f.id] = f
	in.newest = max(in.newest, f.id)
	if s != done {
		in.active[f] = true
	}
	in.mu.Unlock()
	if s != done {
		in.offer(f.queue)
	}
	if s == rotated {
		in.draining[f] = true
	}
	in.byKey[f.key] = f
	delete(in.sizes, f.key)
	in.dropUnbegun(f.key)
	in.place(f)
	in.addRelative(f)
	in.fresh = append(in.fresh, f)
	return f
}

// history notes a rotated file that was there before its path was followed.
func (in *Input) history(path string, e disk.Entry) {
	f := in.create(e, path, done)
	if unpack.Is(e.Path) {
		f.keepPacked()
		return
	}
	in.skip(f)
}

// noteKnown notes the rotated file at e, of the family of path, as read up to where
// its content is known, and returns it; nil when it is not. What is behind that comes
// after prev, the last of the path's chain, if that is what it has the content of, and
// else is read like what is written to a file that is done. wait says that the next
// look will tell.
func (in *Input) noteKnown(prev *file, e disk.Entry, path string) (g *file, wait bool) {
	if unpack.Is(e.Path) {
		return nil, false
	}
	dir := filepath.Dir(e.Path)
	k, wait := in.again(in.dir(dir), e)
	if wait || in.byKey[e.Key] != nil || k.f == nil {
		return in.byKey[e.Key], wait
	}
	if k.f == prev && e.Size > k.upTo.off {
		g = in.create(e, path, rotated)
		in.link(prev, g)
	} else {
		g = in.create(e, path, done)
	}
	in.readBehind(g, k.f, e, k.upTo)
	in.touched(dir)
	return g, false
}

// skip puts the position of f behind the last newline of the file; or, when it cannot
// be opened, at its end, of which the mark is found once it can.
func (in *Input) skip(f *file) {
	fd, _, err := in.disk.OpenAs(f.now, f.key)
	if err != nil {
		if f.size > 0 {
			f.beginAt(position{off: f.size})
		}
		return
	}
	defer unix.Close(fd)
	off := f.size
	if f.state != done {
		if off, err = in.content(fd).LineStart(f.size, f.width()); err != nil {
			return
		}
	}
	m, ok, err := in.content(fd).MarkAt(off)
	if err != nil || !ok {
		return
	}
	f.beginAt(position{off: off, mark: m})
}

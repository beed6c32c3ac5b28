package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/journal"
	"tailrace/inputs/tail/unpack"
)

// discover is the files of a directory that a pattern matches and that are not
// known. A path comes before its rotated files.
func (in *Input) discover(l *listing) []entry {
	var out []entry
	for _, e := range l.files {
		if in.pats.match(e.path) < 0 || unpack.Is(e.path) {
			continue
		}
		if f := in.byKey[e.key]; f == nil {
			if in.tails[e.path] != nil || !in.leftAlone(e.path, e) {
				out = append(out, e)
			}
		} else if f.now != e.path {
			in.alias(f, e)
		}
	}
	for _, o := range l.odd {
		if path := filepath.Join(l.dir, o.name); in.pats.match(path) >= 0 {
			in.sayOdd(path, o.err)
		}
	}
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(len(a.path), len(b.path)), strings.Compare(a.path, b.path))
	})
	return out
}

// sayOdd says once why a name that matches is not followed.
func (in *Input) sayOdd(path string, err error) {
	if odd, ok := err.(*irregularError); ok && odd.why != "" {
		in.warnOnce("odd:"+path, odd.why, "path", path)
	}
}

// alias says once that a name leads to a file that is known at another. If it is
// not there any more, the next look finds where it is.
func (in *Input) alias(f *file, e entry) {
	if !in.present(f) || f.state == unfollowed || in.warned["alias:"+e.path] {
		return
	}
	in.warned["alias:"+e.path] = true
	in.log.Info("one file has several names: it is read once", "path", f.now, "also", e.path)
}

// adopt begins to follow the file at e, and what came between it and the file
// that was last known at its path.
func (in *Input) adopt(d *dir, l *listing, e entry) {
	if in.byKey[e.key] != nil || in.isCopy(d, e) {
		return // it was adopted meanwhile, as a generation of another path
	}
	if in.missingAt(l, e.path) {
		return // where the one before it is says what came in between
	}
	if path, ok := in.kinOf(l.dir, e); ok {
		home := filepath.Dir(path)
		if !in.unpacked(in.dir(home), in.beside(home), path) {
			return
		}
		in.generations(in.dir(home), in.beside(home), path)
		if in.byKey[e.key] != nil {
			return
		}
	}
	if base, ok := in.rotatedFrom(l, e.path); ok {
		// it and its like are taken in their order
		if t := in.tails[base]; t != nil && in.undecided(t) {
			return // it may be its copy
		} else if t != nil && t.state == following && in.changed(t) {
			if in.truncated(t); in.undecided(t) {
				return
			}
		} else if !in.unpacked(d, l, base) {
			return // so does what is at base
		} else if at, ok := l.stat(filepath.Base(base)); !ok {
			in.generations(d, l, base)
		} else if in.byKey[at.key] == nil && !at.link && !in.leftAlone(base, at) {
			if in.adopt(d, l, at); in.byKey[at.key] == nil {
				return // what is at base waits
			}
		}
		if in.byKey[e.key] != nil {
			return
		}
	}
	if t := in.tails[e.path]; t != nil && t.state != done && in.changed(t) {
		in.truncated(t) // first, so that its copy is not taken for a generation
	}
	before := in.tails[e.path]
	place, handled := in.restored(d, l, before, e)
	if handled {
		return
	}
	if in.tails[e.path] == nil {
		in.searchKin(l, e.path)
	}
	if !in.unpacked(d, l, e.path) {
		return
	}
	prev, ok := in.generations(d, l, e.path)
	if !ok {
		return
	}
	if in.byKey[e.key] != nil {
		in.touched(l.dir) // it was renamed during this look, and met under both names
		return
	}
	if prev == before && place == nil {
		in.sayRepeated(before, e)
	}
	k, wait := in.knownIn(d, e)
	if wait {
		return
	}
	f := in.create(e, e.path, following)
	in.link(prev, f)
	if prev == before && place != nil {
		in.readBehind(f, before, *place)
		return
	}
	if k.f != nil {
		in.readBehind(f, k.f, k.upTo)
		return
	}
	if in.fromEnd(e.path, e) {
		in.skip(f)
	}
}

// undecided says that it is being found out whether f was truncated, or where its
// copy is.
func (in *Input) undecided(f *file) bool { return f.copyPending || in.waiting[f] }

// missingAt says that the newest known file of path, or of the path that the name is
// a rotated one's of, is missing, and may be found by the next look.
func (in *Input) missingAt(l *listing, path string) bool {
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
	if f.birth > 0 && f.birth < prev.born() {
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
func (in *Input) generations(d *dir, l *listing, path string) (prev *file, ok bool) {
	prev = in.tails[path]
	unknown := prev == nil
	family := in.family(l, path)
	known := in.knownOf(family)
	for i, m := range family {
		matched := in.pats.match(m.path) >= 0
		fresh := i >= known && (prev != nil || in.unseen(d, l, family, i, path))
		switch {
		case in.byKey[m.key] != nil, m.gen.packed && !in.isGeneration(m.entry, path):
			continue
		}
		switch g, wait := in.noteKnown(prev, m.entry, path); {
		case wait:
			return prev, false
		case g != nil && g.state == rotated && in.tails[path] == g:
			prev = g
			continue
		case g != nil:
			continue
		case (unknown || !fresh) && in.leftAlone(path, m.entry):
			in.history(path, m.entry)
		case fresh:
			prev = in.generation(prev, m, path, family[i:])
		case !matched:
			in.history(path, m.entry)
		case filepath.Dir(m.path) == l.dir && (prev == nil || in.tails[m.path] == nil):
			prev = in.generation(prev, m, m.path, family[i:])
		}
		if f := in.byKey[m.key]; f != nil && f.state == rotated && !f.packed && in.fromEnd(f.path, m.entry) && !in.unseen(d, l, family, i, path) {
			in.skip(f)
		}
	}
	return prev, true
}

// generation adopts one rotated file. rest is it and the newer ones: when there
// are some, nobody writes to it any more.
func (in *Input) generation(prev *file, m member, path string, rest []member) *file {
	if m.gen.packed {
		return in.packedGeneration(prev, m.entry, path)
	}
	f := in.create(m.entry, path, rotated)
	f.sealed = len(rest) > 1
	in.link(prev, f)
	return f
}

// create makes a file that was not known.
func (in *Input) create(e entry, path string, s state) *file {
	conf := &in.o.Inputs[in.pats.match(path)]
	f := &file{
		id: in.o.Journal.NewFile(), path: path, now: e.path, fd: -1, key: e.key,
		dev: e.dev, ino: e.ino, birth: e.key.birth, owner: int64(e.uid) + 1, size: e.size, mtime: e.mtime,
		grown: time.Now(), since: time.Now(), state: s, conf: conf,
	}
	in.route(f)
	f.record(in)
	if s != done {
		f.handle = in.disk.handle(e)
	}
	in.mu.Lock()
	in.files[f.id] = f
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
	in.place(f)
	in.sortIn(f)
	in.fresh = append(in.fresh, f)
	return f
}

// history notes a rotated file that was there before its path was followed.
func (in *Input) history(path string, e entry) {
	f := in.create(e, path, done)
	if unpack.Is(e.path) {
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
func (in *Input) noteKnown(prev *file, e entry, path string) (g *file, wait bool) {
	if unpack.Is(e.path) {
		return nil, false
	}
	dir := filepath.Dir(e.path)
	k, wait := in.again(in.dir(dir), e)
	if wait || in.byKey[e.key] != nil || k.f == nil {
		return in.byKey[e.key], wait
	}
	if k.f == prev && e.size > k.upTo.off {
		g = in.create(e, path, rotated)
		in.link(prev, g)
	} else {
		g = in.create(e, path, done)
	}
	in.readBehind(g, k.f, k.upTo)
	in.touched(dir)
	return g, false
}

// skip puts the position of f behind the last newline of the file.
func (in *Input) skip(f *file) {
	fd, _, err := in.disk.openAs(f.now, f.key)
	if err != nil {
		return // its lines will be read: better than to lose them
	}
	defer unix.Close(fd)
	off := f.size
	if f.state != done {
		if off, err = in.disk.content(fd).lineStart(f.size, f.width()); err != nil {
			return
		}
	}
	m, ok, err := in.disk.content(fd).markAt(off)
	if err != nil || !ok {
		return
	}
	f.beginAt(position{off: off, mark: m})
}

// record writes the files that are new to the journal. Until that succeeds none
// of their lines is given.
func (in *Input) record() {
	if len(in.fresh) == 0 {
		in.looked()
		return
	}
	var recs []journal.Record
	for _, f := range in.fresh {
		recs = append(recs, journal.Record{File: f.journalFile()})
	}
	if err := in.o.Journal.Write(recs...); err != nil {
		in.warnOnce("journal", "new files wait until the journal can be written", "error", err)
		return
	}
	delete(in.warned, "journal")
	fresh := in.fresh
	in.fresh = nil
	for _, f := range fresh {
		f.recorded = true
	}
	in.looked()
	in.wakeAll(fresh)
}

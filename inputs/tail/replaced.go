package tail

import (
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// A log may be replaced at its path by another inode with the same content: by
// cp and mv, rsync, a restore from a backup, a container's copy-up, an editor.
// It is the same file, and read on. Whoever writes may still have the old inode
// open, so that is read until it has been quiet. When the new one is the same only up
// to a place in the upper half of what was read, it is read on from there, behind the
// old one, and what may come twice is counted.

// restored says whether the unknown file at e, where t was last, is t under
// another identity. If so, or if that is to be found out by the next look, it
// reports true. Otherwise place is from where a new file at e is to be read on
// behind t; nil: from its beginning.
func (in *Input) restored(d *dir, l *disk.Listing, t *file, e disk.Entry) (place *position, handled bool) {
	if !in.mayReplace(t, e) || !e.Dated && in.rotatedUnseen(l, e.Path) {
		return nil, false
	}
	if t.has(sought) {
		return nil, true // it may be compressed, and this another one that begins alike
	}
	has, _ := in.commonWith(t, e, comparedMax)
	if now, err := in.disk.Stat(e.Path); has.off == 0 && (err != nil || now.Key != e.Key) {
		in.touched(filepath.Dir(e.Path)) // it is renamed this moment
		return nil, true
	}
	t.mu.Lock()
	at, open := t.pos.off, t.fd >= 0
	quiet := min(t.grown.ago(), t.since.ago())
	t.mu.Unlock()
	if (e.Size < flow.Enough || has.off > 0 && e.Size < at) && !in.settledCopy(d, e) {
		in.lookSoon(filepath.Dir(e.Path))
		return nil, true // it is being written
	}
	if has.off == 0 || has.off < min(e.Size, at)/2 || has.off <= in.alikeAt(t, e) {
		return nil, false // too much of it may be new
	}
	if has.off < at || t.state == done || !open || !has.all() {
		return &has.position, false
	}
	if quiet < quietTime/2 { // drain lets it go after quietTime
		in.lookSoon(filepath.Dir(e.Path))
		return nil, true
	}
	in.log.Info("a file was replaced by one with the same content: it is read on", "path", e.Path, "offset", at)
	t.takenFor(e, at)
	in.rebind(t, e)
	in.seen(t, e)
	return nil, true
}

// rotatedUnseen says that the family of path has a file that is not known, or a
// compressed one that came since: then what is new at path came of a rotation, and
// that one is taken with it.
func (in *Input) rotatedUnseen(l *disk.Listing, path string) bool {
	return slices.ContainsFunc(in.family(l, path), func(m rotation.Member) bool {
		return in.byKey[m.Key] == nil && (!m.Gen.Packed || in.cameSince(m.Entry))
	})
}

// lookSoon has the directory looked at again before drain lets go of what was
// there.
func (in *Input) lookSoon(dir string) {
	time.AfterFunc(quietTime/4, func() { in.tell(task{do: func() { in.touched(dir) }}) })
}

// mayReplace says whether enough is known of t, which is not in its directory
// any more, to know it again at e.
func (in *Input) mayReplace(t *file, e disk.Entry) bool {
	if !in.takesPlace(t, e) {
		return false
	}
	at := t.at()
	return at > flow.PrefixMax || e.Dated && at >= flow.Enough // fewer may as well be the same first lines, written again
}

// takesPlace says that the unknown file at e is where t was, which is not in its
// directory any more.
func (in *Input) takesPlace(t *file, e disk.Entry) bool {
	switch {
	case t == nil, t.now != e.Path, t.key == disk.Key{}, t.packed, t.removed(), t.deleting, t.state == following, len(t.followers) > 0, e.Link, !t.owned(e):
		return false
	}
	return true
}

// alikeAt is alike for the file at e, which is not open.
func (in *Input) alikeAt(f *file, e disk.Entry) int64 {
	fd, _, err := in.disk.OpenAs(e.Path, e.Key)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	return in.alike(f, e, fd)
}

// takenFor notes that f, which was read up to off, is given the identity of e for its
// bytes alone. Times that were set, or that an inode with another number kept, and the
// name of a rotated file say that nobody wrote them again.
func (f *file) takenFor(e disk.Entry, off int64) {
	g, family := rotation.Parse(filepath.Base(f.path), filepath.Base(e.Path))
	if birth := e.Key.Birth; !e.Dated && birth != 0 && birth != f.key.Birth && !(family && g.Kind != 0) && off > f.base {
		f.alike = max(f.alike, off)
	}
}

// readBehind lets g, which is at e and has the content of t up to p, be read from
// there on, when t was read to its end.
func (in *Input) readBehind(g, t *file, e disk.Entry, p position) {
	t.mu.Lock()
	read := t.pos.off
	if t.state != done {
		read = max(read, t.size)
	}
	t.mu.Unlock()
	again := max(0, min(g.size, read)-p.off)
	in.stats.again.Add(again)
	args := []any{"path", g.now, "of", t.path, "offset", p.off}
	if again > 0 {
		in.log.Warn("a file has the beginning of one that was there before: it is read on from where it is known again, and lines may come twice", append(args, "bytes", again)...)
	} else {
		in.log.Info("a file has the content of one that was there before: it is read on", args...)
	}
	if !e.Dated {
		g.alike = p.off
	}
	g.beginAt(p)
	g.prevID = 0 // it does not begin in the middle of a line of t
}

// sayRepeated warns, once for a path, when the new file at e, which is shipped from
// its beginning, begins like t that was there before, and counts what is alike.
func (in *Input) sayRepeated(t *file, e disk.Entry) {
	if !in.takesPlace(t, e) {
		return
	}
	n := in.beginsAlike(t, e)
	if n == 0 {
		return
	}
	in.stats.again.Add(n)
	in.warnOnce("again:"+e.Path, "a file was replaced by one that begins with the same bytes, as by an editor or mv: it is shipped from its beginning, and lines may come twice",
		"path", e.Path, "bytes", n)
}

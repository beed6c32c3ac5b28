package tail

import (
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// A log may be replaced at its path by another inode with the same content: by
// cp and mv, rsync, a restore from a backup, a container's copy-up, an editor.
// It is the same file, and read on. Whoever writes may still have the old inode
// open, so that is read until it has been quiet.

// replacedMax is how many bytes of the old inode are compared with the new one,
// at most.
const replacedMax = 64 << 20

// restored says whether the unknown file at e, where t was last, is t under
// another identity. If so, or if that is to be found out by the next look, it
// reports true. Otherwise place is from where a new file at e is to be read on
// behind t; nil: from its beginning.
func (in *Input) restored(d *dir, l *listing, t *file, e entry) (place *position, handled bool) {
	if !in.mayReplace(t, e) || in.rotatedUnseen(l, e.path) {
		return nil, false
	}
	p, ok := in.placeIn(t, e)
	t.mu.Lock()
	at, open := t.pos.off, t.fd >= 0
	quiet := min(time.Since(t.grown), time.Since(t.since))
	t.mu.Unlock()
	if (e.size < flow.Enough || ok && e.size < at) && !in.settledCopy(d, e) {
		in.lookSoon(filepath.Dir(e.path))
		return nil, true // it is being written
	}
	if !ok || p.off < min(e.size, at)/2 {
		return nil, false // too much of it may be new
	}
	if p.off < at || t.state == done || !open || !in.contains(t, e) {
		return &p, false
	}
	if quiet < quietTime/2 { // drain lets it go after quietTime
		in.lookSoon(filepath.Dir(e.path))
		return nil, true
	}
	in.log.Info("a file was replaced by one with the same content: it is read on", "path", e.path, "offset", at)
	in.rebind(t, e)
	in.seen(t, e)
	return nil, true
}

// rotatedUnseen says that the family of path has a file that is not known: then
// what is new at path came of a rotation, and that one is taken with it.
func (in *Input) rotatedUnseen(l *listing, path string) bool {
	return slices.ContainsFunc(in.family(l, path), func(m member) bool { return in.byKey[m.key] == nil && !m.gen.packed })
}

// lookSoon has the directory looked at again before drain lets go of what was
// there.
func (in *Input) lookSoon(dir string) {
	time.AfterFunc(quietTime/4, func() { in.tell(task{do: func() { in.touched(dir) }}) })
}

// mayReplace says whether enough is known of t, which is not in its directory
// any more, to know it again at e.
func (in *Input) mayReplace(t *file, e entry) bool {
	switch {
	case t == nil, t.now != e.path, t.key == key{}, t.packed, t.removed(), t.deleting, t.state == following, len(t.followers) > 0, e.link, !t.owned(e):
		return false
	}
	return t.at() > flow.PrefixMax // fewer may as well be the same first lines, written again
}

// placeIn is a place up to which the file at e is what was read of t: its position,
// or the highest one below it that can be told.
func (in *Input) placeIn(t *file, e entry) (position, bool) {
	pos := t.place()
	if e.size >= pos.off {
		if same, err := in.sameContent(t, e); same && err == nil {
			return pos, true
		}
	}
	if p, ok := in.editedAt(t, e); ok {
		return p, true
	}
	p, _, ok := in.cutBack(t, e, -1)
	return p, ok
}

// editedAt is the beginning of the first line at which the file at e differs from
// what was read of t, if t is still open. Where records are of several lines it is
// not known at which of them one begins.
func (in *Input) editedAt(t *file, e entry) (p position, ok bool) {
	fd, err := in.disk.openFile(e.path)
	if err != nil {
		return p, false
	}
	defer unix.Close(fd)
	t.mu.Lock()
	defer t.mu.Unlock()
	end := min(t.pos.off, e.size)
	if t.fd < 0 || t.rec != nil || t.joined > 0 || end > replacedMax {
		return p, false
	}
	new := in.disk.content(fd)
	if p.off, err = new.lineStart(in.disk.differAt(t.fd, fd, 0, end), 1); err != nil || p.off == 0 {
		return p, false
	}
	p.mark, ok, err = new.markAt(p.off)
	return p, ok && err == nil
}

// contains says whether the file at e has all of what t, which is open, has
// behind its position.
func (in *Input) contains(t *file, e entry) bool {
	fd, err := in.disk.openFile(e.path)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fd < 0 {
		return false
	}
	old, err := in.disk.statFD(t.fd)
	if err != nil || e.size < old.size || old.size-t.pos.off > replacedMax {
		return false
	}
	return in.disk.sameRange(t.fd, fd, t.pos.off, old.size)
}

// readBehind lets g, which has the content of t up to p, be read from there on, when
// t was read to its end.
func (in *Input) readBehind(g, t *file, p position) {
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
	g.beginAt(p)
	g.prevID = 0 // it does not begin in the middle of a line of t
}

// sayRepeated warns when the new file at e, which is shipped from its beginning,
// begins like t that was there before.
func (in *Input) sayRepeated(t *file, e entry) {
	if !in.mayReplace(t, e) || !in.samePrefix(t, e) {
		return
	}
	in.log.Warn("a file was replaced by one with the same first 1024 bytes and another content, as an editor does: it is shipped from its beginning, and lines may come twice",
		"path", e.path)
}

// samePrefix says whether the file at e begins with the first bytes that are
// known of t.
func (in *Input) samePrefix(t *file, e entry) bool {
	m := t.place().mark
	fd, err := in.disk.openFile(e.path)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return in.disk.content(fd).beginsWith(m)
}

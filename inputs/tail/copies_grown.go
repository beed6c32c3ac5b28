package tail

import (
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// grownMax is how many bytes of what came to a copy are compared, at most: a log
// that is none differs at once, and a large copy must not hold up the look.
const grownMax = 1 << 20

// grownCopy is called when g, which was taken for the copy of another file, has
// grown. If it goes on as that does, it is still being made. Otherwise it is a log
// of its own that only began alike: two instances of a program may have the same
// banner, and a name such as app-1.log is that of a rotated file as well.
func (in *Input) grownCopy(g *file) {
	f := g.original
	same, err := in.goesOn(g, f)
	if same || err != nil {
		return // if it could not be told now, the next look tells
	}
	if f.key != (key{}) && in.changed(f) {
		in.truncated(f) // what it goes on with is in g, perhaps
		return
	}
	in.ownLog(g)
}

// goesOn says that what came to g is in f, too. It is not when nothing is left of
// f to compare with.
func (in *Input) goesOn(g, f *file) (bool, error) {
	if in.files[f.id] != f || f.key == (key{}) || f.packed {
		return false, nil
	}
	a, is, err := in.disk.openAs(g.now, g.key)
	if err != nil {
		return false, err
	}
	defer unix.Close(a)
	b, of, err := in.disk.openAs(f.now, f.key)
	if err != nil && f.gone {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unix.Close(b)
	if of.size < is.size {
		return false, nil // f was looked at later
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !in.disk.sameRange(a, b, g.searched, min(is.size, g.searched+grownMax)) {
		return false, nil
	}
	g.searched = max(g.searched, min(is.size, g.size))
	return true, nil
}

// ownLog has g, which was taken for a copy, be read from where it begins to differ,
// if it is one that was written to; else from its beginning, or from where its
// input says.
func (in *Input) ownLog(g *file) {
	g.mu.Lock()
	p := g.pos
	g.mu.Unlock()
	if at, ok := in.copiedUpTo(g); ok && at.off > p.off {
		p = at
		g.beginAt(p)
	} else {
		g.mu.Lock()
		g.searched = p.off
		g.mu.Unlock()
	}
	in.log.Info("a file that seemed to be a copy of another goes on otherwise: it is shipped", "path", g.path, "other", filepath.Base(g.original.now), "offset", p.off)
	g.original, g.state, g.since = nil, following, time.Now()
	if e, err := in.disk.statPath(g.now); err == nil && e.key == g.key {
		g.handle = in.disk.handle(e)
	}
	in.mu.Lock()
	in.active[g] = true
	in.mu.Unlock()
	in.link(in.tails[g.path], g)
	if g.now != g.path {
		in.rotate(g)
	}
	in.fresh = append(in.fresh, g)
	in.record()
}

// copiedUpTo is the line at which g, which was the copy of another file, begins to
// differ from that. It reports false when it need not be one: app-1.log may as well
// be a log of its own that only began alike, app.log.1 is none.
func (in *Input) copiedUpTo(g *file) (p position, ok bool) {
	f := g.original
	fd, e, err := in.disk.openAs(g.now, g.key)
	if err != nil {
		return p, false
	}
	defer unix.Close(fd)
	if !e.dated && !strings.HasPrefix(filepath.Base(g.now), filepath.Base(f.path)) {
		return p, false
	}
	g.mu.Lock()
	p.off = g.searched
	g.mu.Unlock()
	if f.lost() && !f.isOpen() {
		p.off = min(p.off, f.at()) // what is behind that is nowhere else
	}
	c := in.disk.content(fd)
	if p.off, err = c.lineStart(p.off, g.width()); err != nil || p.off < flow.Enough {
		return p, false
	}
	p.mark, ok, err = c.markAt(p.off)
	return p, ok && err == nil
}

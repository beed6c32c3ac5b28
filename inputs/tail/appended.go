package tail

import (
	"bytes"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
)

// A log may be rotated by appending what it has to what was rotated before, and emptying
// it: cat app.log >> app.log.old; : > app.log. The first time app.log.old is its copy, as
// with any copytruncate. When that was read to its end, what comes to it is the next
// content of the log. As long as the log has that itself, nothing is to be done. When it
// was emptied, what was not read of it is read from there, by a file of its own that has
// the inode and begins behind what was read.
//
// It is told from late lines by what was read of the log: it begins with that. A program
// may write the same few lines to both, but not to a copy: which is younger than the inode
// of the log, as no file that was renamed is. Where that is not known, it takes more of
// them than flow.PrefixMax.

// appendix is what has the content of a log in a file, behind other bytes.
type appendix struct {
	to    *file
	entry disk.Entry // what is at to
	size  int64      // of the appendix
	read  position   // up to where the log was read, in to
}

// appendedMax is how many bytes behind what was read are compared to find out whether the
// log goes on otherwise now.
const appendedMax = 64 << 10

// hasAppended says that what came to g, of which all was read, is a copy of what the log at
// its path has, or had. If that was emptied since, it is seen to.
func (in *Input) hasAppended(g *file) bool {
	for _, f := range slices.Backward(in.filesOf(g.path)) {
		if f.state == unfollowed {
			continue
		}
		a, since := in.appendixOf(f, g)
		switch {
		case a.to == nil || f.state == done && a.size > f.at():
			continue
		case f.state != done && (in.changed(f) || since && f.doubtAt(f.at())):
			in.cut = append(in.cut, f)
		}
		return true
	}
	return false
}

// resumesAppended is hasAppended for g, which is known from the run before and at e, and
// had the other half of its last line from the log: that is behind it now, too.
func (in *Input) resumesAppended(g *file, e disk.Entry) bool {
	if g.state != done || g.joined == 0 || e.Size <= g.size || !in.hasAppended(g) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.resumed, g.noted = false, 0
	return true
}

// findAppended finds what f, which was truncated, was appended to. It reports false when
// that has to wait: what was read has to be acked, since neither can be read again then.
func (in *Input) findAppended(f *file, l *disk.Listing) (a appendix, ok bool) {
	if f.state == done {
		return a, true
	}
	for _, g := range slices.Backward(in.filesOf(f.path)) {
		if a, _ = in.appendixOf(f, g); a.to != nil {
			break
		}
	}
	if a.to == nil || !in.unacked(a.to) && !in.unacked(f) {
		return a, true
	}
	f.unsure(truncating, true)
	in.lookSoon(l.Dir)
	return a, false
}

// appendixOf is what came to g when all of it was read, if that is a copy of f. since says
// that f goes on otherwise now.
func (in *Input) appendixOf(f, g *file) (a appendix, since bool) {
	if f == g || f.packed || f.key == (disk.Key{}) || !g.mayHaveMore() {
		return a, false
	}
	fd, err := in.openAgain(g)
	if err != nil {
		return a, false
	}
	defer unix.Close(fd)
	e, err := in.disk.StatFD(fd)
	if err != nil {
		return a, false
	}
	e.Path = g.now
	from, p := g.ownAt(), f.place()
	c, size := in.content(fd).From(from), e.Size-from
	isCopy := f.key.Birth > 0 && f.key.Birth < e.Key.Birth
	if size <= 0 || !isCopy && min(size, p.off) <= flow.PrefixMax {
		return a, false
	}
	end, own := in.differsFrom(f, c, size)
	if p.off > size && end < size && !in.isBeginning(c, size, f) {
		return a, false
	}
	if p.off <= size {
		if same, err := c.Matches(p.off, p.mark); !same || err != nil {
			return a, false
		}
	}
	a = appendix{to: g, entry: e, size: size, read: position{off: from + min(p.off, size)}}
	var ok bool
	if a.read.mark, ok, err = in.content(fd).MarkAt(a.read.off); !ok || err != nil {
		return appendix{}, false
	}
	return a, p.off <= size && end < min(size, own) || p.off < flow.Enough && own < size
}

// mayHaveMore says that g is kept for its identity, and all was read that it had.
func (g *file) mayHaveMore() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.state == done || g.joined > 0 && g.pos.off >= g.size+g.joined
	return all && !g.packed && g.original == nil && !g.deleting && !g.removed() && g.key != (disk.Key{})
}

// differsFrom is up to where f has the same bytes as c, of which there are so many: those
// before what was read of f, if that can be told from others, are not compared, and of
// those behind it appendedMax at most. own is how long f is, 0 if it cannot be read.
func (in *Input) differsFrom(f *file, c content.Content, size int64) (end, own int64) {
	fd, err := in.openAgain(f)
	if err != nil {
		return 0, 0
	}
	defer unix.Close(fd)
	e, err := in.disk.StatFD(fd)
	if err != nil {
		return 0, 0
	}
	at := f.at()
	if at < flow.Enough || at > size {
		at = 0
	}
	own = e.Size
	x, y := make([]byte, appendedMax), make([]byte, appendedMax)
	n, err := in.content(fd).Pread(x[:max(0, min(appendedMax, size-at))], at)
	m, err2 := c.Pread(y[:n], at)
	if errors.Join(err, err2) != nil {
		return 0, own
	}
	if bytes.Equal(x[:m], y[:m]) {
		if end = at + int64(m); end == own || m == appendedMax {
			return max(end, min(size, own)), own
		}
		return end, own
	}
	i := 0
	for x[i] == y[i] {
		i++
	}
	return at + int64(i), own
}

// readAppended gives what was not read of f, which was emptied when it had been appended,
// to a file of its own, which comes after f. Nothing of both is to be read again.
func (in *Input) readAppended(f *file, a appendix) *file {
	waiting := f.followers
	f.followers = nil
	if own := in.detach(a.to); own >= 0 {
		unix.Close(own)
	}
	if a.to.state == done {
		in.noteFile(a.to)
	} else {
		in.finish(a.to)
	}
	newest := in.tails[f.path]
	g := in.create(a.entry, f.path, rotated)
	g.beginAt(a.read)
	g.sealed = true
	in.link(f, g)
	if newest != f {
		in.tails[f.path] = newest
	}
	for _, n := range waiting {
		n.after(g)
	}
	in.finish(f)
	return g
}

// fetchAppended reads s, a span of f, from where f was appended to.
func (in *Input) fetchAppended(f *file, s flow.Span, c *flow.Chunk) error {
	for _, g := range in.sharing(f) {
		fd, err := in.openAgain(g)
		if err != nil {
			continue
		}
		err = fetchKnown(in.content(fd).From(g.ownAt()), s, c)
		unix.Close(fd)
		if err == nil {
			return nil
		}
	}
	return flow.ErrGone
}

// sharing is the other files of the path of f. Anyone may call it.
func (in *Input) sharing(f *file) (out []*file) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, g := range in.files {
		if g != f && g.path == f.path {
			out = append(out, g)
		}
	}
	return out
}

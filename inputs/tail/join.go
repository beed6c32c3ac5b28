package tail

import (
	"bytes"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
)

// What breaks off at the end of one file and goes on at the beginning of the next
// is joined: the first bytes of the next file count as the last of the one
// before. That is so of a line that a copytruncate cut, and of a record of
// several lines that a rotation cut (rest.go says how much that is). half says
// that it is to be found out, joined how much it is, next where.

// joinHalves notes that the generations from f to last, and g, were truncated
// from one inode: a line that one of them breaks off in goes on in the next. f
// counts if it was found.
func (in *Input) joinHalves(f *file, found bool, last, g *file) {
	for p, next := last, g; p != nil && p.path == f.path; p, next = in.files[p.prevID], p {
		if p != f || found {
			p.half, p.next = true, next
		}
		if p == f {
			return
		}
	}
}

// halfOf finds out whether f, the copy of a truncated file, broke off in a line
// that g, which was numbered next, goes on with: g has been joined to it, or may
// be, because what is at the path now was born, at newest, before the copy: it
// is the inode that the copy was made of.
func (f *file) halfOf(g *file, newest int64) {
	switch {
	case g.prevID != f.id, f.key == disk.Key{}: // it has not the bytes any more
	case g.base > 0:
		f.joined, f.next = max(0, g.base-g.hole), g
		f.size = max(0, f.pos.off-f.joined)
	case f.state != done && newest > 0 && newest < f.key.Birth:
		f.half, f.next = true, g
	}
}

// wasRenamed ends what halfOf noted of f, which is at e, when what is at the path was
// made after the last write to it: it was renamed, and copied or compressed since.
func (in *Input) wasRenamed(f *file, e disk.Entry) {
	if t := in.tails[f.path]; f.half && t != nil && t.key.Birth >= e.Mtime {
		f.half = false
	}
}

// join finds the rest of the line that f, the copy of a file that was
// truncated, breaks off in: the first bytes of the file's new content. They
// become bytes of f, and the new content begins behind them.
func (in *Input) join(f *file) {
	g := f.next
	if g.state == done || g.at() > 0 {
		f.half = false
		return
	}
	if in.blocked(g)&doubtful != 0 {
		return // what came between the two may be in a compressed file
	}
	hole, n, same := in.rest(f, g)
	if same && n > 0 {
		in.look(filepath.Dir(g.now)) // it may have been copied and truncated since the last one
		if !f.half || f.next != g || in.blocked(g)&doubtful != 0 {
			return
		}
		hole, n, same = in.rest(f, g)
	}
	if !same {
		in.suspect(g)
		return
	}
	if n < 0 {
		return // not written yet
	}
	f.half = false
	if n == 0 {
		return // no line that could be joined: the half is a line of its own
	}
	m, ok := g.markOfHead(hole + n)
	if ok {
		g.beginAt(position{off: hole + n, mark: m})
		g.setHole(hole)
		ok = in.o.Journal.Write(journal.Record{File: g.journalFile()}) == nil
	}
	if !ok {
		g.beginAt(position{})
		f.half = true // again later
		return
	}
	f.mu.Lock()
	f.joined = n
	f.mu.Unlock()
	in.stats.nuls.Add(hole)
	in.wake(f)
}

// setHole notes how many NULs g begins with.
func (g *file) setHole(n int64) {
	g.mu.Lock()
	g.hole = n
	g.mu.Unlock()
}

// markOfHead is how to know g again behind its first n bytes.
func (g *file) markOfHead(n int64) (m flow.Mark, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return m, false
	}
	defer letGo()
	m, ok, err = head.MarkAt(n)
	return m, ok && err == nil
}

// unjoin lets f end where it breaks off if the other half of its last line is
// lost. The caller holds mu.
func (f *file) unjoin() {
	if f.joined > 0 && f.pos.off <= f.size && f.next.state == done {
		f.joined = 0
	}
}

// firstLine is the length of the line of g at from with its newline; -1 when it
// is not complete but may become so; 0 when it is too long to be joined to a
// half of that length, begins with NULs, or will not be completed. It reports
// false when g is not what it was.
func (in *Input) firstLine(g *file, from int64, half int) (int64, bool) {
	buf := make([]byte, max(0, maxLine-half)+1)
	n, same := g.readHead(buf, from)
	switch {
	case !same:
		return 0, false
	case n < 0 || n > 0 && buf[0] == 0:
		return 0, true
	}
	if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
		return int64(i) + 1, true
	}
	if n == len(buf) || g.state != following {
		return 0, true
	}
	return -1, true
}

// holeOf is where the data of g begins, when nothing but size NULs are before it: its
// writer does not append, and went on behind a content of that size, which was
// truncated. It is 0 when that is not so, and reports false when g is not what it was.
func (g *file) holeOf(size int64) (at int64, same bool) {
	var first [1]byte
	if n, same := g.readHead(first[:], 0); n <= 0 || first[0] != 0 || size == 0 {
		return 0, same
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return 0, false
	}
	defer letGo()
	if at, err = head.FirstData(0); err != nil || at != size {
		return 0, true
	}
	return at, true
}

// readHead reads the bytes of g from off on, -1 when they cannot be read. It reports
// false when g is not what it was.
func (g *file) readHead(p []byte, off int64) (n int, same bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return 0, false
	}
	defer letGo()
	if n, err = head.Pread(p, off); err != nil {
		return -1, true
	}
	return n, g.unchanged(off + int64(n))
}

// preadJoined reads at off: the bytes of the file, and behind them what is joined
// to it. The caller holds mu.
func (f *file) preadJoined(p []byte, off int64) (n int, err error) {
	if f.joined == 0 {
		return f.content().Pread(p, off)
	}
	if own := min(int64(len(p)), f.size-off); own > 0 {
		if n, err = f.content().Pread(p[:own], off); err != nil || int64(n) < own {
			return n, err
		}
	}
	more, err := f.fillJoined(p[n:], off+int64(n))
	return n + more, err
}

// fillJoined reads what is joined to the end of the file, from offset off on.
func (f *file) fillJoined(p []byte, off int64) (int, error) {
	at := off - f.size
	if at < 0 || at >= f.joined || f.next == nil {
		return 0, nil
	}
	n, same, err := f.readJoined(p[:min(int64(len(p)), f.joined-at)], at)
	if !same && err == nil {
		f.queue.in.report(f.next, nil) // it was truncated once more
	}
	return n, err
}

// readJoined reads at the beginning of the next file, if that is the same as it was.
func (f *file) readJoined(p []byte, at int64) (n int, same bool, err error) {
	g := f.next
	g.mu.Lock() // files are locked in the order of their chain
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return 0, false, fmt.Errorf("the rest of the line at %q: %w", g.now, err)
	}
	defer letGo()
	if same, err = head.Matches(g.base, g.markBase()); same && err == nil {
		n, err = head.Pread(p, g.hole+at)
	}
	return n, same, err
}

// lostHalf is called when f is lost, which a file that breaks off in the middle of
// a line may be waiting for.
func (in *Input) lostHalf(f *file) {
	if p := in.files[f.prevID]; p != nil && p.next == f {
		p.mu.Lock()
		p.unjoin()
		p.mu.Unlock()
	}
}

// head gives the beginning of g, in which a line of the file before it ends, and
// how to let go of it. A compressed file is decompressed from its beginning, for
// this use alone. The caller holds mu.
func (g *file) head() (c content.Content, letGo func(), err error) {
	if !g.packed {
		letGo, err = g.openFor()
		return g.content(), letGo, err
	}
	in := g.queue.in
	fd, r, err := packed.Open(&in.disk, disk.Entry{Path: g.now, Key: g.key}, in.unpack)
	if err != nil {
		return c, nil, err
	}
	return content.OfPacked(&in.disk, fd, &content.Unpacked{Reader: r, Size: g.size}), func() {
		r.Close()
		unix.Close(fd)
	}, nil
}

// unchanged says that g, of which n bytes were read, is what it was. What is
// compressed is, as long as its inode is the same. The caller holds mu.
func (g *file) unchanged(n int64) bool {
	if g.packed {
		return true
	}
	ok, err := g.verify(n)
	return ok || err != nil
}

// shortJoined says that what is known of the first bytes of f has bytes of the
// next file, which are joined to its end. The caller holds mu.
func (f *file) shortJoined() bool {
	return f.joined > 0 && int64(f.pos.mark.PrefixLen) > f.pos.off-f.joined
}

// joinedPrefix is the bytes that are joined to f among the first that are known of it;
// nil when there are none, or they are not there any more.
func (f *file) joinedPrefix() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.shortJoined() {
		return nil
	}
	head, n := f.joinedHead(), int64(f.pos.mark.PrefixLen)-(f.pos.off-f.joined)
	if int64(len(head)) < n {
		return nil
	}
	return head[:n]
}

// joinedHead is the first of the bytes that are joined to f; nil when they are
// not where the next file is now. The caller holds mu.
func (f *file) joinedHead() []byte {
	if f.next == nil {
		return nil
	}
	p := make([]byte, min(f.joined, flow.PrefixMax))
	if n, _, err := f.readJoined(p, 0); err != nil || n < len(p) {
		return nil
	}
	return p
}

// comparable says that compressed files can be compared with f.
func (f *file) comparable() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.shortJoined() || f.joinedHead() != nil
}

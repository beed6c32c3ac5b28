package tail

import (
	"bytes"
	"fmt"

	"tailrace/agent/journal"
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
	case g.prevID != f.id, f.key == key{}: // it has not the bytes any more
	case g.base > 0:
		f.joined, f.next = g.base, g
		f.size = max(0, f.pos.off-f.joined)
	case f.state != done && newest > 0 && newest < f.birth:
		f.half, f.next = true, g
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
	n, same := in.rest(f, g)
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
	g.mu.Lock()
	head, letGo, err := g.head()
	if err == nil {
		m, ok, markErr := head.markAt(n)
		letGo()
		if err = markErr; ok {
			g.pos, g.searched = position{off: n, mark: m}, n
			g.base, g.baseMark = n, &m
		}
	}
	g.mu.Unlock()
	if err == nil {
		err = in.o.Journal.Write(journal.Record{File: g.journalFile()})
	}
	if err != nil || g.base == 0 {
		g.mu.Lock()
		g.pos, g.searched, g.base = position{}, 0, 0
		g.mu.Unlock()
		f.half = true // again later
		return
	}
	f.mu.Lock()
	f.joined = n
	f.mu.Unlock()
	in.wake(f)
}

// unjoin lets f end where it breaks off if the other half of its last line is
// lost. The caller holds mu.
func (f *file) unjoin() {
	if f.joined > 0 && f.pos.off <= f.size && f.next.state == done {
		f.joined = 0
	}
}

// firstLine is the length of the first line of g with its newline; -1 when it
// is not complete but may become so; 0 when it is too long to be joined to a
// half of that length, begins with NULs, or will not be completed. It reports
// false when g is not what it was.
func (in *Input) firstLine(g *file, half int) (int64, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return -1, false
	}
	defer letGo()
	buf := make([]byte, max(0, maxLine-half)+1)
	n, err := head.pread(buf, 0)
	if err != nil || n > 0 && buf[0] == 0 {
		return 0, true
	}
	if !g.unchanged(n) {
		return 0, false
	}
	if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
		return int64(i) + 1, true
	}
	if n == len(buf) || g.state != following {
		return 0, true
	}
	return -1, true
}

// preadJoined reads at off: the bytes of the file, and behind them what is joined
// to it. The caller holds mu.
func (f *file) preadJoined(p []byte, off int64) (n int, err error) {
	if f.joined == 0 {
		return f.content().pread(p, off)
	}
	if own := min(int64(len(p)), f.size-off); own > 0 {
		if n, err = f.content().pread(p[:own], off); err != nil || int64(n) < own {
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
	g := f.next
	g.mu.Lock() // files are locked in the order of their chain
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return 0, fmt.Errorf("the rest of the line at %q: %w", g.now, err)
	}
	defer letGo()
	if ok, err := head.matches(g.base, g.markBase()); err != nil || !ok {
		if err == nil {
			f.queue.in.report(g, nil) // it was truncated once more
		}
		return 0, err
	}
	return head.pread(p[:min(int64(len(p)), f.joined-at)], at)
}

// lostHalf is called when f is lost, which a file that breaks off in the middle of
// a line may be waiting for.
func (in *Input) lostHalf(f *file) {
	for p := range in.active {
		if p.next == f {
			p.mu.Lock()
			p.unjoin()
			p.mu.Unlock()
		}
	}
}

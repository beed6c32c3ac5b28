package tail

import (
	"bytes"
	"time"

	"tailrace/agent/journal"
)

// drainAll looks whether rotated files are at their end.
func (in *Input) drainAll() {
	in.record()
	for _, f := range byID(in.draining) {
		if f.packed && !f.isOpen() {
			in.drainPacked(f)
			continue
		}
		if f.sought {
			continue // until it is known where it is
		}
		if f.prev == nil && f.recorded && f.wrong == nil && !f.queue.busy(f) {
			in.drain(f)
		}
	}
}

// drain lets go of f when it was read to its end and nobody has written to it
// for a while. Before, its last line is given though it has no newline; or it
// is joined with its other half, if a copytruncate cut it.
func (in *Input) drain(f *file) {
	f.mu.Lock()
	var ok, grew bool
	err := f.open()
	if err == nil {
		ok, grew = f.observe()
	}
	partial := f.pos.off < f.size+f.joined
	quiet := min(time.Since(f.grown), time.Since(f.since))
	f.spare() // many may be rotated at once
	f.mu.Unlock()
	switch {
	case err != nil:
		in.troubled(f, err)
	case !ok:
		in.suspect(f)
	case grew:
		in.wake(f)
	case quiet < in.patience(f):
	case partial && (f.half || in.mayGoOn(f)):
		in.join(f)
	case partial && !f.final:
		f.mu.Lock()
		f.final = true
		f.mu.Unlock()
		in.wake(f)
	default:
		in.finish(f)
	}
}

// patience is how long f must have been without data before it is let go.
func (in *Input) patience(f *file) time.Duration {
	if f.settled {
		return 0
	}
	fd := f.descriptorInfo()
	if fd.nlink == 0 {
		return quietTime
	}
	for _, g := range f.followers {
		g.mu.Lock()
		size := g.size
		g.mu.Unlock()
		if size > 0 {
			return quietTime
		}
	}
	if f.late {
		return quietTime
	}
	return graceTime
}

func (f *file) descriptorInfo() entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, err := f.queue.in.disk.statFD(f.fd)
	if err != nil {
		e.nlink = 1
	}
	return e
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

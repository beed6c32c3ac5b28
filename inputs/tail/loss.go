package tail

import (
	"bytes"

	"tailrace/agent/journal"
)

// Why bytes of a file are never shipped.
const (
	lostTruncated  = "truncated"    // before they were read, and no copy is beside it
	lostDeleted    = "deleted"      // before they were read
	lostCompressed = "compressed"   // and the compressed file is damaged
	lostHeld       = "hold_deleted" // deleted, and more than may be held
	lostMissing    = "missing"      // deleted while nobody looked: whether any are is not known
	lostUnseen     = "unseen"       // the same, truncated or written anew
)

// lossSays is what is logged of a loss.
var lossSays = map[string]string{
	lostTruncated:  "lines are lost: the file was truncated before it was read to its end, and no copy of it was found; rotate it by renaming, or keep a copy",
	lostDeleted:    "lines are lost: the file was deleted before it was read to its end; keep rotated files for longer",
	lostCompressed: "lines are lost: the file was compressed before it was read to its end, and that file cannot be decompressed; repair it, or keep rotated files as they are for longer (delaycompress)",
	lostUnseen:     "lines may be lost: a file was truncated or written anew while nobody looked, no copy of it was found, and whether more was written to it before that, behind this offset, is not known; rotate it by renaming, or keep a copy",
	lostMissing:    "lines may be lost: a file that was followed is nowhere any more, and whether more was written to it behind this offset while nobody looked is not known; keep rotated files for longer",
	lostHeld:       "lines are lost: deleted files that wait to be read take more room than hold_deleted allows; look after the brokers, or raise it",
}

// Causes is why bytes may be lost, each in one word.
func Causes() []string { return sortedKeys(lossSays) }

// lose counts bytes of f that will never be shipped; 0: it is not known how many.
// more is what else is logged.
func (in *Input) lose(f *file, n int64, cause string, more ...any) {
	in.loseLines(f, n, 0, cause, more...)
}

// loseLines is lose where it is known how many lines they are; 0: unknown.
func (in *Input) loseLines(f *file, n, lines int64, cause string, more ...any) {
	lost := journal.Lost{File: f.id, Path: f.path, Bytes: n, Lines: lines, Cause: cause}
	in.mu.Lock()
	in.lost.Add(lost)
	in.mu.Unlock()
	f.lostBy = cause
	in.o.Journal.Note(journal.Record{Lost: &lost})
	args := []any{"cause", cause, "path", f.path, "offset", f.at()}
	if n > 0 {
		args = append(args, "bytes", n)
	}
	if lines > 0 {
		args = append(args, "lines", lines)
	}
	in.log.Error(lossSays[cause], append(args, more...)...)
}

// loseRest counts what is known to be lost of f, which is nowhere.
func (in *Input) loseRest(f *file, l *listing) {
	f.mu.Lock()
	rest := max(f.size, f.held) - f.pos.off
	f.ended = f.pos.off
	f.mu.Unlock()
	if p := in.spoilt(f, l); p != nil {
		in.losePacked(f, p.inside.size-f.at(), p.entry.size, p.entry.path, p.inside.err)
		return
	}
	switch {
	case rest > 0:
		in.loseLines(f, rest, f.linesBehind(), lostDeleted)
	case f.resumed && !f.deleting:
		in.lose(f, 0, lostMissing)
	}
}

// linesBehind is how many lines are behind the position, if they were counted;
// 0: unknown.
func (f *file) linesBehind() int64 {
	if !f.packed || f.behind.off != f.at() {
		return 0
	}
	return f.behind.lines
}

// losePacked counts what is lost with a damaged compressed file of size bytes at
// path: the plain bytes of it that are known of; when there are none its own
// bytes stand for them.
func (in *Input) losePacked(f *file, plain, size int64, path string, err error) {
	n, are := plain, "plain bytes, up to where it is damaged"
	if plain <= 0 {
		n, are = size, "the bytes of the compressed file; how many were in it is not known"
	}
	if n > 0 {
		in.lose(f, n, lostCompressed, "counted", are, "now", path, "error", err)
	}
}

// loseTruncated counts what was seen of f, which was truncated, up to the offset
// seen, and is neither read nor among the first left bytes, which there still are.
func (in *Input) loseTruncated(f *file, seen, left int64) {
	f.mu.Lock()
	rest := seen - max(f.pos.off, left)
	f.mu.Unlock()
	if rest > 0 {
		in.lose(f, rest, lostTruncated)
	}
}

// sizeForSure is how many bytes were seen that are f's for sure. fd is the
// descriptor of the inode that it had, or -1: what was seen while little had been
// read, and is still in there, is of what came after f.
func (f *file) sizeForSure(fd int) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fd >= 0 && f.early != nil {
		if same, err := f.queue.in.disk.content(fd).matches(f.early.off, f.early.mark); same && err == nil {
			return f.pos.off
		}
	}
	return f.certain
}

// left is how many bytes there are of f, which was truncated: all that is in its
// copy; or, when it is known up to its position p and so has only lost its end, what
// is in its inode, which at describes; otherwise none that were not read.
func (f *file) left(copied bool, p position, at entry) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case copied:
		return f.size
	case p.off > 0 && p.off == f.pos.off:
		return at.size
	}
	f.ended = f.pos.off
	return 0
}

// trust notes that the open file, which e describes, has the content that pos
// marks. If it has become shorter, what is cut off behind pos is lost, but for a
// line that was never complete. lines says that there may have been some. The
// caller holds mu.
func (f *file) trust(e entry, lines bool) {
	if f.copyPending {
		return // it may be what came after a truncation
	}
	if rest := f.certain - max(e.size, f.pos.off); rest > 0 && lines && f.joined == 0 {
		in := f.queue.in
		in.tell(task{do: func() { in.lose(f, rest, lostTruncated) }})
	}
	f.certain = e.size
}

// loseBack counts what the lane gave back of f, which is done and cannot be read
// again, after the rest was accounted for.
func (in *Input) loseBack(f *file) {
	f.mu.Lock()
	back := f.ended - f.pos.off
	f.ended = f.pos.off
	gone := f.key == (key{})
	f.mu.Unlock()
	if back <= 0 {
		return
	}
	cause := f.lostBy
	if cause == "" && gone {
		cause = lostTruncated
	} else if cause == "" {
		cause = lostDeleted
	}
	in.lose(f, back, cause)
}

// takeStock finds out how much of the files that wait to be read is theirs for
// sure, so that it can be counted should they be truncated.
func (in *Input) takeStock() {
	for _, f := range in.openFiles() {
		f.mu.Lock()
		same, err := true, error(nil)
		if f.fd >= 0 && f.unread() && f.size > f.certain && f.joined == 0 {
			same, err = f.compare()
		}
		f.mu.Unlock()
		if !same && err == nil {
			in.suspect(f)
		}
	}
}

// countMax is how many bytes are read, at most, to count lines that are lost.
const countMax = 64 << 20

// countLines is how many lines the open file has from off on, 0 when they are
// too many to count. The caller holds mu.
func (f *file) countLines(off int64) (lines int64) {
	if f.size-off > countMax {
		return 0
	}
	buf := make([]byte, readSize)
	last := byte('\n')
	for {
		n, err := f.content().pread(buf, off)
		if err != nil {
			return 0
		}
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		if n > 0 {
			last = buf[n-1]
		}
		if off += int64(n); n < len(buf) {
			break
		}
	}
	if last != '\n' {
		lines++
	}
	return lines
}

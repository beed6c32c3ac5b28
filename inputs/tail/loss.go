package tail

import (
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/rotation"
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
	f.lostBy = &cause
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
func (in *Input) loseRest(f *file, l *disk.Listing) {
	f.mu.Lock()
	rest := max(f.end()-f.joined, f.held, f.noted) - f.dataFrom()
	f.ended = f.pos.off
	f.mu.Unlock()
	if p := in.spoilt(f, l); p != nil {
		in.losePacked(f, p.inside.Size-f.at(), p.Entry.Size, p.Entry.Path, p.inside.Err)
		return
	}
	switch {
	case rest > 0:
		in.loseLines(f, rest, f.linesBehind(), lostDeleted, in.archiveOf(f, l)...)
	case f.resumed && !f.deleting && f.held == 0 && !in.wentIn(f, l):
		in.lose(f, 0, lostMissing, in.archiveOf(f, l)...)
	}
}

// archiveOf is what is logged of a file in l that f, which is nowhere, may have been put
// into, and that is not read: an archive that is called like it and came since.
func (in *Input) archiveOf(f *file, l *disk.Listing) []any {
	stem := strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path))
	for _, e := range l.Files {
		if strings.HasPrefix(filepath.Base(e.Path), stem) && pattern.IsArchive(e.Path) && in.sinceLife(e) {
			return []any{"archive", e.Path, "hint", "the lines may be in this archive, which is not read: " + pattern.Plainly}
		}
	}
	return nil
}

// wentIn says that f, which was empty when it was last seen, is in a rotated file of
// its path as far as anybody can tell: in a compressed one that came since and is read
// from its beginning. What is not compressed was renamed, and is another: see madeFrom.
func (in *Input) wentIn(f *file, l *disk.Listing) bool {
	return f.at() == 0 && !in.agedOut(f) && slices.ContainsFunc(in.family(l, f.path), func(m rotation.Member) bool {
		g := in.byKey[m.Key]
		switch {
		case !m.Gen.Packed:
			return false
		case g == nil:
			return m.Unread // it is adopted once this is decided
		}
		return g.id > f.id && g.path == f.path && g.base == 0 && (g.state != done || g.at() > 0)
	})
}

// agedOut says that f, which was empty when the run before ended, may have been deleted
// for its age since, whatever is taken for it: all that is known of its path from before
// it is gone.
func (in *Input) agedOut(f *file) bool {
	older := false
	for _, g := range in.filesOf(f.path) {
		switch {
		case !f.resumed || f.at() > 0 || f.noted > 0 || g.id > f.id && !g.isHistory() || g == f || g.original != nil:
		case g.key != disk.Key{} && in.present(g):
			return false
		default:
			older = older || g.at() > 0
		}
	}
	return older
}

// linesBehind is how many lines are behind the position, if they were counted;
// 0: unknown.
func (f *file) linesBehind() int64 {
	if !f.packed || f.inside == nil || f.inside.behind.Off != f.at() {
		return 0
	}
	return f.inside.behind.Lines
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
	rest := seen - max(f.dataFrom(), left)
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
		if same, err := f.queue.in.content(fd).Matches(f.early.off, f.early.mark); same && err == nil {
			return f.pos.off
		}
	}
	return f.certain
}

// copiedJustNow says that all that was seen of f, of which nothing was read, is in the
// file before it, or in one that was found since: that is its copy, made between two
// looks, which was taken for a generation of its own before f was truncated, or for what
// came to the copy before that, over which it was written.
func (in *Input) copiedJustNow(f *file) bool {
	f.mu.Lock()
	early, seen, begun := f.early, f.certain, f.pos.off > f.hole
	f.mu.Unlock()
	if early == nil || begun {
		return false
	}
	return slices.ContainsFunc(in.filesOf(f.path), func(p *file) bool {
		return (p.id == f.prevID || p.id > f.id && p.base == 0 && p.original == nil) && p.key.Birth > f.key.Birth && in.hasBeginning(p, *early, seen)
	})
}

// hasBeginning says that the file at p begins as early tells, and has at least size bytes.
func (in *Input) hasBeginning(p *file, early position, size int64) bool {
	fd, e, err := in.disk.OpenAs(p.now, p.key)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	same, err := in.content(fd).Matches(early.off, early.mark)
	return same && err == nil && e.Size >= size
}

// remaining is how many bytes there are of f, which was truncated and of which there is
// no copy: when it is known up to its position p, and so has only lost its end, what is
// in its inode, which at describes; otherwise none that were not read.
func (f *file) remaining(p position, at disk.Entry) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.off > 0 && p.off == f.pos.off {
		return at.Size
	}
	f.ended = f.pos.off
	return 0
}

// trust notes that the open file, which e describes, has the content that pos
// marks. If it has become shorter, what is cut off behind pos is lost, but for a
// line that was never complete. lines says that there may have been some; all up to
// end was read, or is. The caller holds mu.
func (f *file) trust(e disk.Entry, end int64, lines bool) {
	if f.has(young) {
		return // it may be what came after a truncation
	}
	if rest := f.certain - max(e.Size, f.dataFrom()); rest > 0 && lines && f.joined == 0 {
		in := f.queue.in
		in.tell(task{do: func() { in.lose(f, rest, lostTruncated) }})
	}
	f.certain = f.dataSeen(e.Size, end)
}

// dataSeen is up to where there is data in f, which has size bytes, and was read to end:
// space that its writer took in advance is none.
func (f *file) dataSeen(size, end int64) int64 {
	switch {
	case f.reserved:
		return f.searched
	case size-end < nulRun || f.joined > 0 || f.z != nil:
		return size
	}
	return f.content().SpaceAt(end, size)
}

// loseBack counts what the lane gave back of f, which is done and cannot be read
// again, after the rest was accounted for.
func (in *Input) loseBack(f *file) {
	f.mu.Lock()
	back := f.ended - f.pos.off
	f.ended = f.pos.off
	gone := f.key == (disk.Key{})
	f.mu.Unlock()
	if back <= 0 {
		return
	}
	cause := lostDeleted
	if f.lostBy != nil {
		cause = *f.lostBy
	} else if gone {
		cause = lostTruncated
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

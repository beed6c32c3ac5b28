package tail

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// look finds out what is in a directory: where the known files are, and which
// files are new.
func (in *Input) look(path string) {
	d := in.dir(path)
	delete(in.dirty, path)
	d.looked, d.again = time.Now(), time.Time{}
	defer func() { d.cost = time.Since(d.looked) }()
	l, err := in.snapshot(d, path)
	if errors.Is(err, errUnrest) {
		in.touched(path)
		return
	}
	if err != nil {
		in.dirFailed(path, d, err)
		return
	}
	if d.wrong != nil {
		in.log.Info("directory can be read again", "path", path)
		d.wrong = nil
	}
	in.locate(d, l)
	if l, err = in.truncatedAll(d, l); err != nil {
		return
	}
	in.copiedEarly(d, l)
	in.left(d, l)
	for _, e := range in.discover(l) {
		in.adopt(d, l, e)
	}
	if l, err = in.truncatedAll(d, l); err != nil {
		return
	}
	d.prior = l
	in.record()
}

// snapshot is what is in the directory d at path. Only the files that are known,
// and names that a pattern matches or that look like a rotated file's, matter.
func (in *Input) snapshot(d *dir, path string) (*listing, error) {
	l, err := in.disk.snapshot(path, d.last, func(e entry) bool {
		return in.byKey[e.key] != nil || in.pats.match(e.path) >= 0 || len(originals(filepath.Base(e.path))) > 0
	})
	d.last = l
	return l, err
}

// left adopts what came and went between two looks at paths where nothing is
// now.
func (in *Input) left(d *dir, l *listing) {
	for _, f := range byID(d.files) {
		if f.state != following && in.tails[f.path] == f && filepath.Dir(f.path) == l.dir && !l.has(filepath.Base(f.path)) && in.pats.match(f.path) >= 0 {
			if f.state != done && in.changed(f) {
				in.truncatedIn(f, l) // first, so that its copy is not taken for a generation
				continue
			}
			in.generations(d, l, f.path)
		}
	}
}

func (in *Input) dirFailed(path string, d *dir, err error) {
	if d.wrong == nil {
		in.log.Error(fmt.Sprintf("cannot list %q: %v: let the user that tailrace runs as read the directory", path, err))
	}
	d.wrong = err
}

// locate finds the known files of a directory, in it or elsewhere.
func (in *Input) locate(d *dir, l *listing) {
	var away []*file
	for _, f := range byID(d.files) {
		if f.key == (key{}) {
			continue
		}
		if e, ok := l.stat(filepath.Base(f.now)); ok && e.key == f.key {
			in.seen(f, e)
		} else {
			away = append(away, f)
		}
	}
	for _, f := range away {
		if e, ok := l.find(f.key); ok {
			in.seen(f, e)
		} else if e, ok := in.elsewhere(f); ok {
			in.seen(f, e)
		} else {
			in.missing(f, d, l)
		}
	}
}

func byID(files map[*file]bool) []*file {
	return slices.SortedFunc(maps.Keys(files), func(a, b *file) int { return int(a.id) - int(b.id) })
}

// elsewhere finds an open file that was moved to another directory.
func (in *Input) elsewhere(f *file) (entry, bool) {
	f.mu.Lock()
	fd := f.fd
	f.mu.Unlock()
	if fd < 0 {
		return entry{}, false
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return entry{}, false
	}
	e, err := in.disk.statPath(path)
	return e, err == nil && e.key == f.key
}

// seen notes that f is at e, which has its identity.
func (in *Input) seen(f *file, e entry) {
	f.misses, f.gone = 0, false
	if f.now != e.path {
		in.move(f, e.path)
		in.noteFile(f)
	}
	switch {
	case f.state == following && e.path != f.path:
		in.rotate(f)
	case f.state == rotated && e.path == f.path && in.tails[f.path] == f:
		f.state = following // its old name was given back to it
		delete(in.draining, f)
	}
	f.mu.Lock()
	shrunk := e.size+f.joined < f.pos.off || e.size < f.size && f.pos.off < flow.TailMax
	// as long as before, and yet written to: it may have been truncated
	rewritten := f.mtime != 0 && e.size == f.size && e.mtime != f.mtime && !f.held
	var more bool
	if !shrunk && f.joined == 0 {
		if e.size >= f.size {
			f.saw(e)
		}
		more = f.unread()
	}
	resumed := f.resumed && f.state != done && e.size > 0
	if f.resumed {
		f.resumed, f.grown = false, time.Now()
		if f.joined > 0 {
			f.size = e.size
			f.unjoin()
		}
		more = f.unread()
	}
	f.mu.Unlock()
	switch {
	case shrunk, rewritten && f.state != done, resumed:
		in.recheck(f)
	case more && f.state == done:
		in.belated(f)
	case more:
		in.wake(f)
	}
}

// recheck is called when f looks shorter than what was read of it, or otherwise
// changed. The look may be older than the read, so it is made again, with nobody
// reading.
func (in *Input) recheck(f *file) {
	f.mu.Lock()
	closed := f.fd < 0
	err := f.open()
	same := false
	if err == nil {
		same, err = f.verify(f.pos.off)
	}
	if closed && (same || f.state == done) {
		f.close() // it is opened again when it is read
	}
	more := same && f.unread()
	f.mu.Unlock()
	switch {
	case errors.Is(err, errMoved):
		in.touched(filepath.Dir(f.now))
	case err != nil:
		in.park(f, err)
	case !same:
		in.cut = append(in.cut, f)
	case more && f.state == done:
		in.belated(f)
	case more:
		in.wake(f)
	}
}

// rotate notes that f is no longer at its path.
func (in *Input) rotate(f *file) {
	if f.state == following {
		f.state, f.since = rotated, time.Now()
		in.draining[f] = true
	}
}

// missing is called when the directory has no file with the identity of f. A
// listing may miss a file that is renamed meanwhile, so one miss is no proof.
func (in *Input) missing(f *file, d *dir, l *listing) {
	in.rotate(f)
	f.mu.Lock()
	open := f.fd >= 0
	if open {
		e, err := in.disk.statFD(f.fd)
		f.gone = err == nil && e.nlink == 0
	}
	f.mu.Unlock()
	if open {
		return // it is read to its end, wherever it is
	}
	if f.state != done && in.found(f, l) {
		return
	}
	if f.misses++; f.misses < 2 {
		d.again = time.Now().Add(lookGap)
		in.touched(l.dir)
		return
	}
	f.gone = true
	if f.state == rotated {
		in.loseRest(f, l)
		in.finish(f)
	}
}

// found looks for the content of f under another identity: it was restored,
// or the file system numbers its inodes anew.
func (in *Input) found(f *file, l *listing) bool {
	if f.at() < flow.TailMax {
		return false // anything would match
	}
	e, err := in.search(f, l)
	if err == nil {
		in.rebind(f, e)
		in.seen(f, e)
	}
	return err == nil
}

// search finds the unknown file that has the content of f up to its position:
// one with the same first bytes, and the same before the position. When too
// few bytes are known to tell, only a new file of the rotation family counts. The
// error is errGone, or errMoved when the directory has changed since the look.
func (in *Input) search(f *file, l *listing) (entry, error) {
	at := f.at()
	short := at < flow.TailMax
	var candidates []entry
	for _, m := range l.family(f.path) {
		if g := in.byKey[m.key]; short && f.now != f.path {
			break // it was renamed: what is there may be its successor
		} else if short && g != nil && !g.copies {
			candidates = nil // this one and what is older was there before
		} else if !m.gen.packed {
			candidates = append(candidates, m.entry)
		}
	}
	n := len(candidates)
	if !short {
		candidates = append(candidates, in.strangers(l, f)...)
	}
	for i, e := range candidates {
		g := in.byKey[e.key]
		if g != nil && !g.copies || e.link || e.size < at || e.size == 0 || i >= n && temporary(e.path) {
			continue
		}
		same, err := in.sameContent(f, e)
		if same {
			return e, nil
		}
		if errors.Is(err, errMoved) || errors.Is(err, unix.ENOENT) {
			return entry{}, errMoved
		}
	}
	return entry{}, errGone
}

// maxStrangers is among how many unknown files one is looked for by content.
const maxStrangers = 64

// strangers is the files that may have the content of f whatever their name:
// the one at its path, and those that are not known unless they are so many
// that reading each of them for each that is missing would take too long.
func (in *Input) strangers(l *listing, f *file) []entry {
	if l.strange == nil {
		l.strange = []entry{}
		for _, e := range l.files {
			if g := in.byKey[e.key]; g == nil || g.copies {
				l.strange = append(l.strange, e)
			}
		}
	}
	if len(l.strange) <= maxStrangers {
		return l.strange
	}
	if e, ok := l.stat(filepath.Base(f.now)); ok {
		return []entry{e}
	}
	return nil
}

// temporary says that the name is one that editors and package managers give.
func temporary(path string) bool {
	return strings.HasSuffix(path, "~") || slices.Contains([]string{".bak", ".swp", ".tmp"}, filepath.Ext(path))
}

// sameContent says whether the file at e begins like f, up to f's position.
func (in *Input) sameContent(f *file, e entry) (bool, error) {
	f.mu.Lock()
	pos := f.pos
	f.mu.Unlock()
	fd, err := in.disk.openFile(e.path)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	now, err := in.disk.statFD(fd)
	if err != nil {
		return false, err
	}
	if now.key != e.key {
		return false, errMoved
	}
	return in.disk.matches(fd, pos.off, pos.mark)
}

// rebind gives f the identity of e.
func (in *Input) rebind(f *file, e entry) {
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	if g := in.byKey[e.key]; g != nil {
		in.drop(g) // it was known as a copy only
	}
	in.move(f, e.path)
	f.mu.Lock()
	f.close()
	f.key, f.dev, f.ino, f.birth = e.key, e.dev, e.ino, e.key.birth
	f.size, f.searched, f.grown = e.size, f.pos.off, time.Now()
	f.early = position{}
	f.mu.Unlock()
	in.byKey[e.key] = f
	in.noteFile(f)
}

// loseRest counts what is known to be lost of f, which is nowhere.
func (in *Input) loseRest(f *file, l *listing) {
	f.mu.Lock()
	rest := f.size - f.pos.off
	f.mu.Unlock()
	cause := lostDeleted
	if n, ok := packedRest(f, l); ok {
		rest, cause = n, lostCompressed
	}
	if rest > 0 {
		in.lose(f, rest, cause)
	}
}

// lose counts bytes of f that will never be shipped.
func (in *Input) lose(f *file, n int64, cause string) {
	in.mu.Lock()
	in.lost[cause] += n
	in.mu.Unlock()
	in.o.Journal.Note(journal.Record{Lost: &journal.Lost{File: f.id, Path: f.path, Bytes: n, Cause: cause}})
	in.log.Error("lines are lost: the file was "+cause+" before it was read to its end", "path", f.path, "bytes", n, "offset", f.at())
}

// finish lets go of f: it was read to its end, or is gone.
func (in *Input) finish(f *file) {
	f.mu.Lock()
	f.close()
	f.mu.Unlock()
	f.state, f.since = done, time.Now()
	f.queue.remove(f)
	delete(in.draining, f)
	in.mu.Lock()
	delete(in.active, f)
	in.unpark(f)
	in.mu.Unlock()
	in.noteFile(f)
	for _, g := range f.followers {
		if g.prev != f {
			continue
		}
		if g.prev = nil; f.prev != nil {
			g.after(f.prev) // f was gone before its turn came
		}
		in.wake(g)
	}
	f.followers = nil
}

// noteFile brings the journal's record of f up to date.
func (in *Input) noteFile(f *file) {
	if f.recorded {
		in.o.Journal.Note(journal.Record{File: f.journalFile()})
	}
}

func (f *file) journalFile() *journal.File {
	r := &journal.File{
		ID: f.id, Path: f.path, Topic: f.queue.topic, Dev: f.dev, Ino: f.ino, Birth: f.birth,
		Prev: f.prevID, Base: f.base, BaseMark: f.baseMark, Done: f.state == done,
	}
	if f.now != f.path {
		r.Now = f.now
	}
	return r
}

// belated reads what came to a file that was done.
func (in *Input) belated(f *file) {
	if f.copies {
		return
	}
	if next := in.tails[f.path]; next != f {
		in.stats.slips.Add(1)
		in.warnOnce("late:"+f.path, "lines were written to a rotated file after its successor was begun: they are shipped late", "path", f.now)
	}
	f.late, f.final = true, false
	f.state, f.since = rotated, time.Now()
	in.draining[f] = true
	in.mu.Lock()
	in.active[f] = true
	in.mu.Unlock()
	in.wake(f)
}

func (in *Input) warnOnce(key, msg string, args ...any) {
	if !in.warned[key] {
		in.warned[key] = true
		in.log.Warn(msg, args...)
	}
}

// drop forgets f.
func (in *Input) drop(f *file) {
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	if in.tails[f.path] == f {
		delete(in.tails, f.path)
	}
	in.displace(f)
	in.mu.Lock()
	delete(in.files, f.id)
	delete(in.active, f)
	in.mu.Unlock()
	if f.recorded {
		in.o.Journal.Note(journal.Record{Forget: &journal.Forget{ID: f.id}})
	}
}

// keepGone is how many identities of files that are gone are kept for each
// path: copies of them may still be around, and are known by them.
const keepGone = 16

// keepPath is how long the last identity of a path is kept at which nothing is
// any more.
const keepPath = time.Hour

// forget drops files that are gone, done and acked, but the last few of each
// path that still exists.
func (in *Input) forget() {
	gone := map[string][]*file{}
	for _, f := range in.files {
		if f.state == done && (f.gone || f.key == key{}) {
			gone[f.path] = append(gone[f.path], f)
		}
	}
	for _, path := range sortedKeys(gone) {
		files := gone[path]
		slices.SortFunc(files, func(a, b *file) int { return int(a.id) - int(b.id) })
		n := len(files)
		if tail := in.tails[path]; tail != nil && !tail.gone {
			n -= keepGone
		} else if time.Since(files[n-1].since) < keepPath {
			n-- // what appears there next is its successor
		}
		for _, f := range files[:max(0, n)] {
			if at, _ := in.o.Journal.Acked(f.id); at >= f.at() {
				in.drop(f)
			}
		}
	}
}

// park leaves f alone for a while, because it cannot be read.
func (in *Input) park(f *file, err error) {
	if f.state == done || errors.Is(err, errGone) {
		return
	}
	f.queue.remove(f)
	f.wait = min(max(2*f.wait, tickEvery), maxWait)
	f.retry = time.Now().Add(f.wait)
	if f.wrong == nil {
		in.sayWhy(f, err)
	}
	f.wrong = err
	in.mu.Lock()
	in.parked[f] = err.Error()
	in.mu.Unlock()
}

func (in *Input) sayWhy(f *file, err error) {
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		in.warnOnce("files", "too many open files: reading waits for idle ones to be closed; raise LimitNOFILE of the service", "path", f.now)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		in.log.Error(fmt.Sprintf("cannot read %q: %v: let the user that tailrace runs as read it, for instance with setfacl or a group; it is tried again", f.now, err))
	default:
		in.log.Error(fmt.Sprintf("cannot read %q: %v; it is tried again", f.now, err))
	}
}

// tryAgain takes a parked file up again.
func (in *Input) tryAgain(f *file) {
	f.mu.Lock()
	err := f.open()
	f.mu.Unlock()
	if err != nil && !errors.Is(err, errMoved) {
		in.park(f, err)
		return
	}
	in.mu.Lock()
	in.unpark(f)
	in.mu.Unlock()
	in.touched(filepath.Dir(f.now))
	in.wake(f)
}

// unpark ends what park began. The caller holds mu.
func (in *Input) unpark(f *file) {
	if f.wrong == nil {
		return
	}
	if f.state != done {
		in.log.Info("file can be read again", "path", f.now)
	}
	f.wrong, f.wait = nil, 0
	delete(in.parked, f)
}

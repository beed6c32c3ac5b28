package tail

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// look finds out what is in a directory: where the known files are, and which
// files are new. Files that it misses are looked for once more right away by the
// first scan, so that all that is there then is known when it ends.
func (in *Input) look(path string) {
	d := in.dir(path)
	in.lookOnce(path, d)
	if in.first && d.missing {
		in.lookOnce(path, d)
	}
}

// lookOnce goes from what is known to what is new: a file that is taken for new
// though it is known would be shipped twice.
func (in *Input) lookOnce(path string, d *dir) {
	delete(in.dirty, path)
	d.looked, d.again, d.missing, d.waits = time.Now(), time.Time{}, false, false
	defer func() { d.cost = time.Since(d.looked) }()
	l, err := in.snapshot(d, path)
	if errors.Is(err, errUnrest) {
		in.touched(path)
		return
	}
	if in.listed(path, err); err != nil {
		return
	}
	in.noteTargets(l)
	// where the known files are, and what became of those that are not there
	in.glanceAll(l)
	in.locate(d, l)
	in.cutWaiting(d)
	if l, err = in.truncatedAll(d, l); err != nil {
		return
	}
	// known content in other files
	l = in.recognise(d, l)
	in.copiedEarly(d, l)
	// new files: rotated ones of paths where nothing is, and what patterns match
	in.left(d, l)
	in.orphans(d, l)
	for _, e := range in.discover(l) {
		in.adopt(d, l, e)
	}
	in.ownPacked(d, l)
	if l, err = in.truncatedAll(d, l); err != nil {
		return
	}
	if !d.waits {
		d.prior = l
	}
	in.share(l)
	in.record()
}

// share lets the listing, which is kept, have the paths of known files in common
// with them: half of what it takes.
func (in *Input) share(l *listing) {
	for i := range l.files {
		if f := in.byKey[l.files[i].key]; f != nil && f.now == l.files[i].path {
			l.files[i].path = f.now
		}
	}
}

// snapshot is what is in the directory d at path. Only the files that are known,
// and names that a pattern matches or that look like a rotated file's, matter.
func (in *Input) snapshot(d *dir, path string) (*listing, error) {
	clear(in.others)
	clear(in.nearby)
	clear(in.unready)
	l, err := in.disk.snapshot(path, d.last, func(e entry) bool {
		return in.byKey[e.key] != nil || in.pats.match(e.path) >= 0 || len(originals(filepath.Base(e.path))) > 0
	})
	d.last = l
	return l, err
}

// left adopts what came and went between two looks at paths where nothing is
// now.
func (in *Input) left(d *dir, l *listing) {
	seen := map[*file]bool{}
	for f := range d.files {
		if f.state != following { // few, where there are many files
			seen[f] = true
		}
	}
	for path := range in.kin[l.dir] {
		if f := in.tails[path]; f != nil {
			seen[f] = true // it was rotated to another directory
		}
	}
	for _, f := range byID(seen) {
		if f.state != following && in.tails[f.path] == f && !f.missing && filepath.Dir(f.path) == l.dir && !l.has(filepath.Base(f.path)) && in.pats.match(f.path) >= 0 {
			if f.state != done && in.changed(f) {
				in.truncatedIn(f, l) // first, so that its copy is not taken for a generation
				continue
			}
			if in.unpacked(d, l, f.path) {
				in.generations(d, l, f.path)
			}
		}
	}
}

// locate finds the known files of a directory, in it or elsewhere.
func (in *Input) locate(d *dir, l *listing) {
	var away []*file
	found := false
	for _, f := range byID(d.files) {
		if f.key == (key{}) {
			continue
		}
		if e, ok := l.stat(filepath.Base(f.now)); ok && e.key == f.key {
			found = true
			in.seen(f, e)
		} else {
			away = append(away, f)
		}
	}
	if found {
		in.onDevice(d, l.dir)
	}
	for _, f := range away {
		if e, ok := l.find(f.key); ok {
			in.seen(f, e)
		} else if in.over(f) {
			continue
		} else if e, err := in.elsewhere(f, d, l); err == nil {
			in.seen(f, e)
		} else if err == errGone {
			in.missing(f, d, l)
		} else if f.deleting || !in.away(f, d, l) {
			in.rotate(f)
			f.missing = true
			in.seek(f, true)
		}
	}
}

// over says that f is kept for its identity only: it was read to its end, and
// was nowhere when it was looked for. Of a directory of many logs there are many
// more of these than of others, so only listings are searched for them.
func (in *Input) over(f *file) bool {
	return f.state == done && f.gone && !f.missing && !f.deleting && !f.sought && !in.waiting[f]
}

func byID(files map[*file]bool) []*file {
	return slices.SortedFunc(maps.Keys(files), func(a, b *file) int { return int(a.id) - int(b.id) })
}

// elsewhere finds a file that was moved to another directory: by its
// descriptor, by its handle, or by a search of those near. When only the
// descriptor is found it stays open. The error is errGone, or errMoved when the
// search has to wait.
func (in *Input) elsewhere(f *file, d *dir, l *listing) (entry, error) {
	f.mu.Lock()
	fd := f.fd
	f.mu.Unlock()
	if fd >= 0 {
		if e, ok := in.disk.pathOf(fd, f.key); ok {
			return e, nil
		}
		return entry{}, errGone
	}
	fd, err := in.byHandle(f)
	if errors.Is(err, errGone) {
		return entry{}, err
	}
	if err != nil {
		return in.nearest(f, d, l)
	}
	e, ok := in.disk.pathOf(fd, f.key)
	if !ok {
		e, err = in.nearest(f, d, l)
	}
	if err == nil || f.state == done || f.removed() || f.packed {
		unix.Close(fd)
		return e, err
	}
	f.mu.Lock()
	f.hold(fd)
	f.mu.Unlock()
	return e, errGone
}

// nearest finds f in a directory near.
func (in *Input) nearest(f *file, d *dir, l *listing) (entry, error) {
	if f.state == done {
		return entry{}, errGone
	}
	if !in.mayGoNear(d, l.dir) {
		d.again = in.nearAgain
		return entry{}, errMoved
	}
	for _, near := range in.near(l.dir) {
		if e, ok := near.find(f.key); ok {
			return e, nil
		}
	}
	return entry{}, errGone
}

// seen notes that f is at e, which has its identity.
func (in *Input) seen(f *file, e entry) {
	f.mu.Lock()
	f.away = false
	f.mu.Unlock()
	if e.dev != f.dev {
		in.renumbered[f.dev], f.dev = true, e.dev
	}
	if f.packed {
		in.seenPacked(f, e)
		return
	}
	f.misses, f.missing, f.gone, f.owner = 0, false, false, int64(e.uid)+1
	if f.deleting {
		in.keep(f)
	}
	if f.now != e.path {
		in.move(f, e.path)
		in.noteFile(f)
	}
	if f.removed() {
		return // what became of its content is found out when an input follows it again
	}
	switch {
	case f.state == following && e.path != f.path:
		in.rotate(f)
	case f.state == rotated && e.path == f.path && in.tails[f.path] == f && len(f.followers) == 0:
		f.state = following // its old name was given back to it
		f.mu.Lock()
		f.final = false
		f.mu.Unlock()
		delete(in.draining, f)
	}
	f.mu.Lock()
	f.sought = in.waiting[f]
	shrunk := e.size+f.joined < f.pos.off || e.size < f.size && f.joined == 0
	rewritten := f.rewritten(e)
	var more bool
	if !shrunk && f.joined == 0 {
		if e.size >= f.size {
			f.saw(e)
		}
		more = f.unread()
	}
	resumed := f.resumed && f.state != done && e.size > 0
	calm := resumed && f.joined == 0 && e.size == f.pos.off && e.ctime < in.o.Life.Add(-lookSlack).UnixNano()
	if f.resumed {
		f.resumed, f.grown = false, time.Now()
		if f.joined > 0 {
			if e.size <= f.size || !f.allJoined() {
				f.size = e.size
			}
			f.unjoin()
		}
		more = f.unread()
		if f.state == following && f.pos.off < flow.Enough {
			f.copyPending = true // until this look has found no copy of it: see copiedEarly
		}
	}
	late := f.lateBytes(e.size)
	f.mu.Unlock()
	switch {
	case late && f.state == done: // else drain sees to it
		in.splitLate(f, e)
	case calm:
		in.later = append(in.later, f) // nothing has happened to it
	case shrunk, rewritten, resumed, more && f.state == done:
		in.recheck(f) // what is at the name of a copy may be the next copy
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
		same, err = f.compare()
	}
	if closed && (same || f.state == done) {
		f.close() // it is opened again when it is read
	}
	more := same && f.unread()
	f.mu.Unlock()
	switch {
	case err != nil:
		in.unopened(f, err)
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
	if !f.isOpen() && !f.deleting && in.away(f, d, l) {
		return
	}
	in.rotate(f)
	f.mu.Lock()
	open := f.fd >= 0
	was := f.gone
	if open {
		e, err := in.disk.statFD(f.fd)
		f.gone = err == nil && e.nlink == 0
	}
	f.mu.Unlock()
	if open {
		if f.gone && !was && f.state != done {
			in.noteFile(f) // with its size, which the next run cannot know
		}
		return // it is read to its end, wherever it is
	}
	if f.state != done && !f.removed() && !f.deleting && in.found(f, l) {
		return
	}
	if !f.deleting && (f.state != done || !f.gone && in.unacked(f)) && in.soughtPacked(f, l) {
		return
	}
	in.seek(f, in.waiting[f])
	f.misses++
	if f.missing = f.misses < 2; f.missing {
		d.missing = true
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

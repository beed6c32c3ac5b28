package tail

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// A look is a snapshot of a directory at one instant, and all that follows from it.

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

// lookBy has the directory looked at again at t, or before.
func (d *dir) lookBy(t time.Time) {
	if d.again.IsZero() || t.Before(d.again) {
		d.again = t
	}
}

// lookOnce goes from what is known to what is new: a file that is taken for new
// though it is known would be shipped twice.
func (in *Input) lookOnce(path string, d *dir) {
	delete(in.dirty, path)
	d.looked, d.again, d.missing, d.waits = time.Now(), time.Time{}, false, false
	defer func() { d.cost = min(time.Since(d.looked), max(2*d.cost, lookGap/4)) }() // one slow look tells little: the machine may be busy
	l, err := in.snapshot(d, path)
	if errors.Is(err, disk.ErrUnrest) {
		in.touched(path)
		return
	}
	if in.listed(path, err); err != nil {
		return
	}
	in.noteTargets(l, false)
	// where the known files are, and what became of those that are not there
	in.glanceAll(l)
	in.locate(d, l)
	in.noteTargets(l, true) // a link that was switched tells before where its file is
	in.cutWaiting(d)
	if l, err = in.truncatedAll(d, l); err != nil {
		return
	}
	// known content in other files
	in.recognise(d, l)
	in.copiedEarly(d, l)
	// new files: rotated ones of paths where nothing is, and what patterns match
	in.cameAndWent(d, l)
	in.orphans(d, l)
	in.nameless(l)
	for _, e := range in.discover(l) {
		in.adopt(d, l, e)
	}
	in.ownPacked(l)
	if l, err = in.truncatedAll(d, l); err != nil {
		return
	}
	if !d.waits {
		d.prior = l
	}
	in.share(l)
	in.recordNew()
}

// share lets the listing, which is kept, have the paths of known files in common
// with them: half of what it takes.
func (in *Input) share(l *disk.Listing) {
	for i := range l.Files {
		if f := in.byKey[l.Files[i].Key]; f != nil && f.now == l.Files[i].Path {
			l.Files[i].Path = f.now
		}
	}
}

// forLook is what was found out once for the look that is made.
type forLook struct {
	others  map[string]*disk.Listing   // beside the directory that is looked at
	nearby  map[string][]*disk.Listing // near each: see Input.near
	unready map[string]bool            // paths that were not unpacked
	strange map[string][]disk.Entry    // files of a directory that were not known at the first search by content
}

func newForLook() forLook {
	return forLook{map[string]*disk.Listing{}, map[string][]*disk.Listing{}, map[string]bool{}, map[string][]disk.Entry{}}
}

// snapshot is what is in the directory d at path. Only the files that are known,
// and names that a pattern matches or that look like a rotated file's, matter.
func (in *Input) snapshot(d *dir, path string) (*disk.Listing, error) {
	in.forLook = newForLook()
	l, err := in.disk.Snapshot(path, d.last, func(e disk.Entry) bool {
		return in.byKey[e.Key] != nil || in.pats.Match(e.Path) >= 0 || len(rotation.Originals(filepath.Base(e.Path))) > 0
	})
	d.last = l
	return l, err
}

// cameAndWent adopts what came and went between two looks at paths where nothing is
// now.
func (in *Input) cameAndWent(d *dir, l *disk.Listing) {
	seen := map[*file]bool{}
	for f := range d.files {
		if f.state != following { // few, where there are many files
			seen[f] = true
		}
	}
	for path := range in.kin.At(l.Dir) {
		if f := in.tails[path]; f != nil {
			seen[f] = true // it was rotated to another directory
		}
	}
	for _, f := range byID(seen) {
		if f.state != following && in.tails[f.path] == f && !f.missing && filepath.Dir(f.path) == l.Dir && !l.Has(filepath.Base(f.path)) && in.pats.Match(f.path) >= 0 {
			if f.state != done && in.changed(f) {
				in.truncatedIn(f, l) // first, so that its copy is not taken for a generation
				continue
			}
			if in.unpacked(l, f.path) {
				in.generations(l, f.path)
			}
		}
	}
}

func byID(files map[*file]bool) []*file {
	return slices.SortedFunc(maps.Keys(files), olderFile)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

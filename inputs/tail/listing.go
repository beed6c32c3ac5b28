package tail

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// listing is what is in a directory, but directories.
type listing struct {
	dir   string
	files []entry // the regular files, by name
	odd   []oddity
	// strange is the files that were not known at the first search by
	// content; nil before it.
	strange []entry
	growing []entry // left out of files: see recognise
	// byKey is the numbers of the files, but links, in the order of their
	// identities; nil before the first is asked for.
	byKey []int32
}

// oddity is a name that does not lead to a file that may be followed.
type oddity struct {
	name string
	err  error
}

// collect lists a directory and looks at each name. Names may change meanwhile,
// so that what it returns need never have been so.
func (d *disk) collect(dir string) (*listing, error) { return d.collectAgain(dir, nil) }

// collectAgain is collect, with memory in common with last, an earlier listing
// of the directory, or nil.
func (d *disk) collectAgain(dir string, last *listing) (*listing, error) {
	l := &listing{dir: dir}
	paths, err := d.paths(dir, last)
	if err != nil {
		return l, err
	}
	l.files = make([]entry, 0, len(paths))
	for _, path := range paths {
		e, err := d.statPath(path)
		if err == nil {
			l.files = append(l.files, e)
		} else if !isMissing(err) {
			l.odd = append(l.odd, oddity{filepath.Base(path), err})
		}
	}
	return l, nil
}

// errUnrest says that a directory changes faster than it can be looked at.
var errUnrest = errors.New("the directory does not come to rest")

// maxCollect is how often a directory is listed to get a snapshot.
const maxCollect = 10

// snapshot is what was in the directory at one instant: two collections in a
// row that agree on which file is at which name were both true in between,
// since no file gets back a name that it lost while another had it. last, an
// earlier collection or nil, counts as the first. Where they differ matters
// only if matters says so of one of the files. When there is no snapshot, it
// returns errUnrest and the last collection, to be the first the next time.
func (d *disk) snapshot(dir string, last *listing, matters func(entry) bool) (*listing, error) {
	for range maxCollect {
		l, err := d.collectAgain(dir, last)
		if err != nil {
			return l, err
		}
		if last != nil && l.agrees(last, matters) {
			return l, nil
		}
		last = l
	}
	return last, errUnrest
}

// agrees says whether the same files are at the same names, as far as it
// matters.
func (l *listing) agrees(o *listing, matters func(entry) bool) bool {
	a, b := l.files, o.files
	for len(a) > 0 || len(b) > 0 {
		n := 0 // which of the two has the lower name
		if len(a) == 0 || len(b) == 0 {
			n = cmp.Compare(len(b), len(a))
		} else {
			n = strings.Compare(a[0].path, b[0].path)
		}
		switch {
		case n < 0 && matters(a[0]), n > 0 && matters(b[0]):
			return false
		case n == 0 && a[0].key != b[0].key && (matters(a[0]) || matters(b[0])):
			return false
		}
		if n <= 0 {
			a = a[1:]
		}
		if n >= 0 {
			b = b[1:]
		}
	}
	return true
}

// from is the index of the first file whose name is not below name.
func (l *listing) from(name string) int {
	i, _ := slices.BinarySearchFunc(l.files, name, func(e entry, name string) int {
		return strings.Compare(filepath.Base(e.path), name)
	})
	return i
}

// stat is the regular file at name.
func (l *listing) stat(name string) (entry, bool) {
	if i := l.from(name); i < len(l.files) && filepath.Base(l.files[i].path) == name {
		return l.files[i], true
	}
	return entry{}, false
}

// find is the file with that identity. Links to it do not count.
func (l *listing) find(k key) (entry, bool) {
	if l.byKey == nil {
		l.sortByKey()
	}
	i, ok := slices.BinarySearchFunc(l.byKey, k, func(n int32, k key) int { return l.files[n].key.compare(k) })
	if !ok {
		return entry{}, false
	}
	return l.files[l.byKey[i]], true
}

// sortByKey makes byKey: thousands of files may be asked for in one look. Of
// several names of one file the first comes first.
func (l *listing) sortByKey() {
	l.byKey = make([]int32, 0, len(l.files))
	for i := range l.files {
		if !l.files[i].link {
			l.byKey = append(l.byKey, int32(i))
		}
	}
	slices.SortStableFunc(l.byKey, func(a, b int32) int { return l.files[a].key.compare(l.files[b].key) })
}

// locate is where f is: at its old place if that is still its own.
func (l *listing) locate(f *file) (entry, bool) {
	if e, ok := l.stat(filepath.Base(f.now)); ok && e.key == f.key {
		return e, true
	}
	return l.find(f.key)
}

// has says whether a regular file is at name.
func (l *listing) has(name string) bool {
	_, ok := l.stat(name)
	return ok
}

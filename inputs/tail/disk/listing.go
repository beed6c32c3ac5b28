package disk

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// Listing is what is in a directory, but directories.
type Listing struct {
	Dir   string
	Files []Entry // the regular files, by name
	Odd   []Oddity
	// byKey is the numbers of the files, but links, in the order of their
	// identities; nil before the first is asked for.
	byKey []int32
}

// Oddity is a name that does not lead to a file that may be followed.
type Oddity struct {
	Name string
	Err  error
}

// Collect lists a directory and looks at each name. Names may change meanwhile,
// so that what it returns need never have been so.
func (d *Disk) Collect(dir string) (*Listing, error) { return d.collectAgain(dir, nil) }

// collectAgain is Collect, with memory in common with last, an earlier listing
// of the directory, or nil.
func (d *Disk) collectAgain(dir string, last *Listing) (*Listing, error) {
	l := &Listing{Dir: dir}
	paths, err := d.paths(dir, last)
	if err != nil {
		return l, err
	}
	l.Files = make([]Entry, 0, len(paths))
	for _, path := range paths {
		e, err := d.Stat(path)
		if err == nil {
			l.Files = append(l.Files, e)
		} else if !IsMissing(err) {
			l.Odd = append(l.Odd, Oddity{filepath.Base(path), err})
		}
	}
	return l, nil
}

// ErrUnrest says that a directory changes faster than it can be looked at.
var ErrUnrest = errors.New("the directory does not come to rest")

// maxCollect is how often a directory is listed to get a snapshot.
const maxCollect = 10

// Snapshot is what was in the directory at one instant: two collections in a
// row that agree on which file is at which name were both true in between,
// since no file gets back a name that it lost while another had it. last, an
// earlier collection or nil, counts as the first. Where they differ matters
// only if matters says so of one of the files. When there is no snapshot, it
// returns ErrUnrest and the last collection, to be the first the next time.
func (d *Disk) Snapshot(dir string, last *Listing, matters func(Entry) bool) (*Listing, error) {
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
	return last, ErrUnrest
}

// agrees says whether the same files are at the same names, as far as it
// matters.
func (l *Listing) agrees(o *Listing, matters func(Entry) bool) bool {
	a, b := l.Files, o.Files
	for len(a) > 0 || len(b) > 0 {
		n := 0 // which of the two has the lower name
		if len(a) == 0 || len(b) == 0 {
			n = cmp.Compare(len(b), len(a))
		} else {
			n = strings.Compare(a[0].Path, b[0].Path)
		}
		switch {
		case n < 0 && matters(a[0]), n > 0 && matters(b[0]):
			return false
		case n == 0 && a[0].Key != b[0].Key && (matters(a[0]) || matters(b[0])):
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

// From is the index of the first file whose name is not below name.
func (l *Listing) From(name string) int {
	i, _ := slices.BinarySearchFunc(l.Files, name, func(e Entry, name string) int {
		return strings.Compare(filepath.Base(e.Path), name)
	})
	return i
}

// Stat is the regular file at name.
func (l *Listing) Stat(name string) (Entry, bool) {
	if i := l.From(name); i < len(l.Files) && filepath.Base(l.Files[i].Path) == name {
		return l.Files[i], true
	}
	return Entry{}, false
}

// Find is the file with that identity. Links to it do not count.
func (l *Listing) Find(k Key) (Entry, bool) {
	if l.byKey == nil {
		l.sortByKey()
	}
	i, ok := slices.BinarySearchFunc(l.byKey, k, func(n int32, k Key) int { return l.Files[n].Key.Compare(k) })
	if !ok {
		return Entry{}, false
	}
	return l.Files[l.byKey[i]], true
}

// sortByKey makes byKey: thousands of files may be asked for in one look. Of
// several names of one file the first comes first.
func (l *Listing) sortByKey() {
	l.byKey = make([]int32, 0, len(l.Files))
	for i := range l.Files {
		if !l.Files[i].Link {
			l.byKey = append(l.byKey, int32(i))
		}
	}
	slices.SortStableFunc(l.byKey, func(a, b int32) int { return l.Files[a].Key.Compare(l.Files[b].Key) })
}

// Unseen says that something is at name, and what it is cannot be told now.
func (l *Listing) Unseen(name string) bool {
	return slices.ContainsFunc(l.Odd, func(o Oddity) bool {
		_, known := o.Err.(*Irregular)
		return o.Name == name && !known
	})
}

// Has says whether a regular file is at name.
func (l *Listing) Has(name string) bool {
	_, ok := l.Stat(name)
	return ok
}

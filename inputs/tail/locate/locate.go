// Package locate finds the files that a journal knows, by their identity or by what
// they are known to have, for who reads them beside the agent. It changes nothing.
package locate

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// Kept is one content of a path, and where it is now.
type Kept struct {
	journal.FileState        // without an ID: the journal does not know it
	At                string // empty: nowhere any more, or it cannot be told
	Input             int    // number of the input that follows Path; -1: none does

	key    disk.Key // of what is there
	joined int64    // how many of the bytes shipped as its last may be another's first
}

// Locator finds the files that a journal knows, for who reads them beside the
// agent. It changes nothing, and is for one goroutine.
type Locator struct {
	disk  disk.Disk
	pats  *pattern.Set
	lists map[string]*located
	found map[disk.Key]bool         // where what the journal knows was found
	marks map[int]map[uint64]string // the paths of contents, by their first bytes: how many, and their hash
}

// located is a directory.
type located struct {
	*disk.Listing
	by map[disk.Key]string // paths, of links only where there is nothing else
}

// New is one that knows these patterns.
func New(patterns *pattern.Set) *Locator {
	return &Locator{pats: patterns, lists: map[string]*located{}, found: map[disk.Key]bool{}, marks: map[int]map[uint64]string{}}
}

// Locate says where the files are, those of a path in the order in which their
// lines were written. A file is known by its identity and what it was read to
// have; one that was compressed or copied since, by the latter.
func (l *Locator) Locate(files []journal.FileState) []Kept {
	taken := map[disk.Key]bool{}
	for i := range files {
		taken[disk.MakeKey(files[i].Dev, files[i].Ino, files[i].Birth)] = true
	}
	chains := chainsOf(files)
	out := make([]Kept, 0, len(files))
	for _, path := range slices.Sorted(maps.Keys(chains)) {
		first := len(out)
		dirs := []string{filepath.Dir(path)}
		for _, i := range chains[path] {
			s := files[i]
			if dir := filepath.Dir(cmp.Or(s.Now, path)); !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
			out = append(out, Kept{FileState: s, Input: l.pats.Match(path)})
		}
		for n := range out[first:] {
			k := &out[first+n]
			if first+n+1 < len(out) && out[first+n+1].Prev == k.ID {
				k.joined = out[first+n+1].Joined()
			}
			if k.At = l.same(k, dirs); k.At == "" {
				l.alike(k, dirs, taken)
			}
			l.note(k)
		}
	}
	return out
}

// note keeps where a content is, and how it begins when it was shipped.
func (l *Locator) note(k *Kept) {
	if k.At != "" {
		l.found[k.key] = true
	}
	if m := k.AckedMark; k.Acked > k.Base && m.PrefixLen >= flow.Enough {
		if l.marks[m.PrefixLen] == nil {
			l.marks[m.PrefixLen] = map[uint64]string{}
		}
		l.marks[m.PrefixLen][m.Prefix] = k.Path
	}
}

// chainsOf is the numbers of the files by their path, in order, as Input.chains
// has it.
func chainsOf(files []journal.FileState) map[string][]int {
	out := map[string][]int{}
	for i := range files {
		s := &files[i]
		chain := out[s.Path]
		at := len(chain)
		if s.Done && s.Prev == 0 && s.Resume == s.Base {
			at = 0 // history: see file.isHistory
		}
		if n := slices.IndexFunc(chain, func(p int) bool { return files[p].ID == s.Prev }); n >= 0 {
			at = n + 1
		}
		out[s.Path] = slices.Insert(chain, at, i)
	}
	return out
}

// Unknown is the file at path, and with family its rotated files, oldest first,
// as contents of which the journal knows nothing. It gives none when there is no
// file.
func (l *Locator) Unknown(path string, family bool) []Kept {
	of, input := path, l.pats.Match(path)
	for _, base := range rotation.Originals(filepath.Base(path)) {
		if p := filepath.Join(filepath.Dir(path), base); input < 0 && l.pats.Match(p) >= 0 {
			of, input = p, l.pats.Match(p)
		}
	}
	var out []Kept
	dir := l.list(filepath.Dir(path))
	if family {
		out = append(l.rotated(path, dir, input), l.behind(path, input)...)
		for i := range out {
			out[i].Path = of
		}
	}
	if e, ok := dir.Stat(filepath.Base(path)); ok {
		out = append(out, stranger(e, of, input))
	}
	return out
}

// list is what is in a directory; nothing when it cannot be listed.
func (l *Locator) list(dir string) *located {
	if d := l.lists[dir]; d != nil {
		return d
	}
	all, err := l.disk.Collect(dir)
	if err != nil {
		all = &disk.Listing{Dir: dir}
	}
	d := &located{all, map[disk.Key]string{}}
	for _, e := range all.Files {
		if _, twice := d.by[e.Key]; !twice || !e.Link {
			d.by[e.Key] = e.Path
		}
	}
	l.lists[dir] = d
	return d
}

// same is where the inode of k is, if it still has that content.
func (l *Locator) same(k *Kept, dirs []string) string {
	id := disk.MakeKey(k.Dev, k.Ino, k.Birth)
	if id == (disk.Key{}) {
		return ""
	}
	for _, dir := range dirs {
		at := l.list(dir).by[id]
		if e, ok := l.list(dir).Stat(filepath.Base(cmp.Or(k.Now, k.Path))); ok && e.Key == id {
			at = e.Path
		}
		if at != "" && (unpack.Is(at) || l.has(k, at)) {
			k.key = id
			return at
		}
	}
	return ""
}

// alike finds a file of the family that has what was read of k, of those that are
// not known by themselves.
func (l *Locator) alike(k *Kept, dirs []string, taken map[disk.Key]bool) {
	if k.AckedMark.PrefixLen < flow.Enough {
		return
	}
	for _, dir := range dirs {
		for _, m := range rotation.Family(l.list(dir).Listing, k.Path) {
			if !taken[m.Key] && l.has(k, m.Path) {
				taken[m.Key] = true
				k.At, k.key = m.Path, m.Key
				return
			}
		}
	}
}

// Open opens the file, also when it was rotated since it was located: then At is
// set anew. Others than k are not touched. It is safe for any goroutine.
func (l *Locator) Open(k *Kept) (*os.File, error) {
	for try := 1; ; try++ {
		f, err := openKept(k)
		if try == openTries || !errors.Is(err, fs.ErrNotExist) || !l.again(k) {
			return f, err
		}
	}
}

// openTries is how often a file is opened that is rotated each time.
const openTries = 10

// again sets anew where k is, and says whether it is anywhere.
func (l *Locator) again(k *Kept) bool {
	now := New(l.pats)
	if k.ID == 0 {
		at := now.list(filepath.Dir(k.At)).by[k.key]
		k.At = cmp.Or(at, k.At)
		return at != ""
	}
	found := now.Locate([]journal.FileState{k.FileState})
	if found[0].At != "" {
		*k = found[0]
	}
	return found[0].At != ""
}

// openKept opens what is at the place of k. Another file than it was is an error
// as if there was none.
func openKept(k *Kept) (*os.File, error) {
	f, err := os.Open(k.At)
	if err != nil {
		return nil, err
	}
	if e, err := new(disk.Disk).StatFD(int(f.Fd())); err != nil || e.Key != k.key {
		f.Close()
		return nil, cmp.Or(err, error(&fs.PathError{Op: "open", Path: k.At, Err: fs.ErrNotExist}))
	}
	return f, nil
}

// has says whether the file at path has what was shipped of k.
func (l *Locator) has(k *Kept, path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return os.IsPermission(err) && k.Ino != 0 // whoever reads it is told
	}
	defer f.Close()
	c, size, letGo, err := l.content(f, path)
	if err != nil {
		return false
	}
	defer letGo()
	if unpack.Is(path) {
		if !c.BeginsWith(k.AckedMark) {
			return false
		}
		if size, err = plainEnd(c, k.Acked, k.joined); err != nil {
			return false
		}
	}
	if size == k.Acked-k.joined && k.joined > 0 {
		return c.BeginsWith(k.AckedMark) // the mark is of what was joined
	}
	ok, err := c.Matches(k.Acked, k.AckedMark)
	return ok && err == nil
}

// content is the plain bytes of an open file, its size as it is on the disk, and how
// to let go of what reads them.
func (l *Locator) content(f *os.File, path string) (c content.Content, size int64, letGo func(), err error) {
	info, err := f.Stat()
	if err != nil {
		return c, 0, nil, err
	}
	if !unpack.Is(path) {
		return content.Of(&l.disk, int(f.Fd())), info.Size(), func() {}, nil
	}
	z := unpack.NewReader(path, f, info.Size(), unpack.Standard)
	return content.OfPacked(&l.disk, int(f.Fd()), &content.Unpacked{Reader: z}), info.Size(), func() { z.Close() }, nil
}

// plainEnd is which of two sizes a compressed file has: off, or as much less as
// was joined to it. Of one that is longer it says off.
func plainEnd(c content.Content, off, joined int64) (int64, error) {
	if joined == 0 {
		return off, nil
	}
	var end [1]byte
	n, err := c.Pread(end[:], off-joined)
	return off - joined*int64(1-n), err
}

// Release drops what was found and listed, for who has all Kept that are wanted: only Open may be called.
func (l *Locator) Release() { *l = Locator{pats: l.pats} }

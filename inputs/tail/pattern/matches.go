package pattern

import (
	"path/filepath"
	"slices"
	"strings"

	"tailrace/inputs/tail/disk"
)

// Match is a name that the patterns of inputs match now.
type Match struct {
	Path    string
	Pattern string // of the input that takes it
	Input   int    // its number: the first that matches
	Also    []int  // the numbers of the others that match
	Link    bool   // it is a symbolic link
	Same    string // another name of the same file, under which it is read once
	Older   bool   // it is left alone for its age
	Err     error  // why it is not followed

	Entry disk.Entry // the file; zero with Err
}

// Matches lists the names that the patterns match now, those that lead
// to no file too, sorted by path. Directories that cannot be listed are left out:
// see Unlisted. Older is not set.
func (p *Set) Matches(d *disk.Disk) (all []Match) {
	p.Walk(d, func(dir string) {
		if l, err := d.Collect(dir); err == nil {
			all = append(all, p.matchesIn(d, l)...)
		}
	}, func(string, error) {})
	slices.SortFunc(all, func(a, b Match) int { return strings.Compare(a.Path, b.Path) })
	first := map[disk.Key]string{}
	for i := range all {
		m := &all[i]
		if same, ok := first[m.Entry.Key]; ok {
			m.Same = same
		} else if m.Err == nil {
			first[m.Entry.Key] = m.Path
		}
	}
	return all
}

// matchesIn is what the patterns match in one directory.
func (p *Set) matchesIn(d *disk.Disk, l *disk.Listing) (all []Match) {
	for _, e := range l.Files {
		if m, ok := p.matchAt(e.Path); ok {
			m.Entry, m.Link = e, e.Link
			all = append(all, m)
		}
	}
	for _, o := range append(l.Odd, d.Loose(l.Dir)...) {
		if odd, irregular := o.Err.(*disk.Irregular); irregular && odd.Kind == "directory" {
			continue
		}
		if m, ok := p.matchAt(filepath.Join(l.Dir, o.Name)); ok {
			m.Err = o.Err
			all = append(all, m)
		}
	}
	return all
}

// matchAt is which inputs match path, if any does.
func (p *Set) matchAt(path string) (m Match, ok bool) {
	m = Match{Path: path, Input: slices.IndexFunc(p.inputs, func(in Input) bool { return in.wants(path) })}
	if m.Input < 0 {
		return m, false
	}
	if IsArchive(path) {
		m.Err = ErrArchive
	}
	m.Pattern, _ = p.Which(m.Input, path)
	for i := m.Input + 1; i < len(p.inputs); i++ {
		if p.inputs[i].wants(path) {
			m.Also = append(m.Also, i)
		}
	}
	return m, true
}

// Unlisted is why directories that the patterns lead to, or through, cannot be
// listed.
func (p *Set) Unlisted(d *disk.Disk) map[string]error {
	out := map[string]error{}
	note := func(dir string, err error) {
		if err != nil {
			out[dir] = err
		}
	}
	p.Walk(d, func(dir string) {
		_, err := d.Names(dir)
		note(dir, err)
	}, note)
	return out
}

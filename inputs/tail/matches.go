package tail

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Match is a name that the patterns of inputs match now.
type Match struct {
	Path    string
	Pattern string // of the input that takes it
	Input   int    // its number: the first that matches
	Also    []int  // the numbers of the others that match
	Link    bool   // it is a symbolic link
	Same    string // another name of the same file, under which it is read once
	Older   bool   // it was not written to for longer than the input's IgnoreOlder
	Err     error  // why it is not followed

	key key
}

// Matches lists what an Input of these inputs would find if it were started for
// the first time now, sorted by path, and the names that match and lead to no
// file. Directories that cannot be listed are left out: see Unlisted.
func Matches(inputs []Config) []Match {
	in := &Input{o: Options{Inputs: inputs, FirstStart: true}, pats: newPatterns(inputs), first: true}
	var all []Match
	in.pats.walk(&in.disk, func(dir string) {
		if l, err := in.disk.collect(dir); err == nil {
			all = append(all, in.matches(l)...)
		}
	}, func(string, error) {})
	slices.SortFunc(all, func(a, b Match) int { return strings.Compare(a.Path, b.Path) })
	first := map[key]string{}
	for i := range all {
		m := &all[i]
		if same, ok := first[m.key]; ok {
			m.Same = same
		} else if m.Err == nil {
			first[m.key] = m.Path
		}
	}
	return all
}

// matches is what the patterns match in one directory.
func (in *Input) matches(l *listing) (all []Match) {
	for _, e := range l.files {
		if m, ok := in.pats.find(e.path); ok {
			m.key, m.Link, m.Older = e.key, e.link, in.leftAlone(e.path, e)
			all = append(all, m)
		}
	}
	for _, o := range append(l.odd, in.disk.loose(l.dir)...) {
		if odd, irregular := o.err.(*irregularError); irregular && odd.kind == "directory" {
			continue
		}
		if m, ok := in.pats.find(filepath.Join(l.dir, o.name)); ok {
			m.Err = o.err
			all = append(all, m)
		}
	}
	return all
}

// loose is the links in a directory that lead to nothing.
func (d *disk) loose(dir string) (out []oddity) {
	n, _ := d.names(dir) // it was listed just now
	for _, name := range n.links {
		if _, err := d.statPath(filepath.Join(dir, name)); isMissing(err) {
			target, _ := os.Readlink(filepath.Join(dir, name))
			out = append(out, oddity{name, errors.New("it is a symbolic link to " + target + ", where nothing is")})
		}
	}
	return out
}

// Unlisted is why directories that the patterns of these inputs lead to, or
// through, cannot be listed.
func Unlisted(inputs []Config) map[string]error {
	var d disk
	out := map[string]error{}
	note := func(dir string, err error) {
		if err != nil {
			out[dir] = err
		}
	}
	newPatterns(inputs).walk(&d, func(dir string) {
		_, err := d.names(dir)
		note(dir, err)
	}, note)
	return out
}

// find is which inputs match path, if any does.
func (p *patterns) find(path string) (m Match, ok bool) {
	m = Match{Path: path, Input: p.match(path)}
	if m.Input < 0 {
		return m, false
	}
	m.Pattern = firstMatch(p.inputs[m.Input].Paths, path)
	for i := m.Input + 1; i < len(p.inputs); i++ {
		if matchAny(p.inputs[i].Paths, path) && !matchAny(p.inputs[i].Exclude, path) {
			m.Also = append(m.Also, i)
		}
	}
	return m, true
}

package explain

import (
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// rotatedOf is the path that a pattern matches and of which path is a rotated
// file by its name; empty when there is none.
func (x *Explainer) rotatedOf(path string) string {
	for _, base := range rotation.Originals(filepath.Base(path)) {
		of := filepath.Join(filepath.Dir(path), base)
		if x.patterns.Match(of) >= 0 {
			return of
		}
	}
	return ""
}

// siblings finds the rotated files of e.Of, and what is in those that are
// compressed.
func (x *Explainer) siblings(e *Answer) error {
	var at Places
	if err := x.from.Ask(func() { at = x.from.Rotated(e.Of) }); err != nil {
		return err
	}
	byKey := map[disk.Key]flow.FileID{}
	for _, f := range e.Files {
		byKey[keyOf(&f)] = f.ID
	}
	family := x.family(e.Of, at)
	packed, err := x.unpacking(family, e)
	if err != nil {
		return err
	}
	old := map[disk.Key]bool{}
	err = x.from.Ask(func() {
		for _, m := range family {
			old[m.Key] = !at.Known && x.from.LeftAlone(e.Of, m.Entry)
		}
	})
	if err != nil {
		return err
	}
	for _, m := range family {
		e.Siblings = append(e.Siblings, Sibling{
			Path: m.Path, Size: m.Size, Modified: time.Unix(0, m.Mtime), Packed: m.Gen.Packed, File: byKey[m.Key],
			Foreign: byKey[m.Key] == 0 && !at.Owned(m.Entry), Old: old[m.Key], Unpacking: packed[m.Key],
		})
	}
	e.Unpacking = packed[keyAt(&e.At)]
	if e.Verdict == New && settledPacked(e.Unpacking) {
		e.Verdict = Packed
	}
	return nil
}

// family is the rotated files of path, oldest first, without what path, a link, leads to.
func (x *Explainer) family(path string, at Places) (family []rotation.Member) {
	home, behind := filepath.Dir(path), filepath.Dir(at.Target)
	elsewhere := at.Target != "" && behind != home
	for _, dir := range append([]string{home}, at.Dirs...) {
		if l, err := x.list(dir); err == nil && !(elsewhere && dir == behind) {
			family = append(family, rotation.Family(l, path)...)
		}
	}
	if elsewhere {
		if l, err := x.list(behind); err == nil {
			family = append(family, rotation.Family(l, at.Target)...)
		}
	}
	if l, err := x.list(home); err == nil {
		if e, ok := l.Stat(filepath.Base(path)); ok && e.Link {
			family = slices.DeleteFunc(family, func(m rotation.Member) bool { return m.Key == e.Key })
		}
	}
	rotation.Sort(family)
	return family
}

// unpacking is what is known of the compressed files among the members and of
// the file that e is about.
func (x *Explainer) unpacking(family []rotation.Member, e *Answer) (map[disk.Key]*Unpacking, error) {
	out := map[disk.Key]*Unpacking{}
	err := x.from.Ask(func() {
		found := map[disk.Key]*Unpacking{}
		for _, m := range family {
			found[m.Key] = x.from.Unpacking(m.Path)
		}
		if at := keyAt(&e.At); at != (disk.Key{}) {
			found[at] = x.from.Unpacking(e.Path)
		}
		out = found
	})
	return out, err
}

// settledPacked says that the lines of the compressed file are not shipped from it, or
// not now.
func settledPacked(u *Unpacking) bool {
	return u != nil && (u.Of != 0 || u.Error != "" || u.Plain != "")
}

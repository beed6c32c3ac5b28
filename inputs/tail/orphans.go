package tail

import "path/filepath"

// Rotated files of paths of which nothing is known: the path appeared and its
// file was rotated while nobody looked.

// orphans adopts those of paths at which nothing is now. Rotated files that a
// pattern matches are seen to by adopt.
func (in *Input) orphans(d *dir, l *listing) {
	seen := map[string]bool{}
	for _, e := range l.files {
		if in.byKey[e.key] != nil || e.link || d.prior != nil && d.prior.has(filepath.Base(e.path)) {
			continue
		}
		if in.pats.match(e.path) >= 0 {
			continue
		}
		for _, base := range originals(filepath.Base(e.path)) {
			path := filepath.Join(l.dir, base)
			if seen[path] || in.tails[path] != nil || l.has(base) || in.pats.match(path) < 0 {
				continue
			}
			seen[path] = true
			// at a first start they are noted as history: the next one could not
			// tell those that are young from what nobody saw
			if (in.o.FirstStart || in.anyUnseen(d, l, path)) && in.unpacked(d, l, path) {
				in.generations(d, l, path)
			}
		}
	}
}

// anyUnseen says that the family of path has a file that is no history.
func (in *Input) anyUnseen(d *dir, l *listing, path string) bool {
	family := in.family(l, path)
	for i := in.knownOf(family); i < len(family); i++ {
		if in.unseen(d, l, family, i, path) {
			return true
		}
	}
	return false
}

// searchKin finds the directories that files of path, of which nothing is known,
// were rotated to since the run before: of those that rotated files of other
// paths beside it are in. A directory where nothing was found so far has nothing
// to tell it by: what is called so there may be another program's.
func (in *Input) searchKin(l *listing, path string) {
	if !in.first || in.o.FirstStart || in.o.Life.IsZero() || l.dir != filepath.Dir(path) {
		return
	}
	var dirs []string
	for _, of := range in.kin[l.dir] {
		dirs = append(dirs, of...)
	}
	base := filepath.Base(path)
	for _, dir := range dirs {
		near := in.beside(dir)
		if near.has(base) || in.pats.match(filepath.Join(dir, base)) >= 0 {
			continue // they are of a path there
		}
		for _, m := range near.family(path) {
			if in.byKey[m.key] == nil && in.sinceLife(m.entry) {
				in.noteKin(path, dir)
				break
			}
		}
	}
}

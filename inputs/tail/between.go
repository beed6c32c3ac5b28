package tail

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// passedOver is the files that were at the path of e after t, the last one known, and
// before e, as far as no name of rotation tells: the path, or a directory above it, is
// a link that was switched more than once since it was looked at, or files are rotated
// to names of somebody's own. Nobody can be sure, but there is little doubt where two
// places are alike but for the number in one name (release-1/app.log and
// release-3/app.log, app.20261121 and app.20261123), and what is at a third such place,
// and no pattern matches, was made after t and before e and does not begin with all
// that was read of t. It comes in the order in which it was made.
func (in *Input) passedOver(t *file, e disk.Entry) (out []disk.Entry) {
	if t == nil || t.lost() || t.now == e.Path || t.key.Birth == 0 {
		return nil
	}
	dir, name, rest, ok := rotation.Numbered(t.now, e.Path)
	if !ok {
		return nil
	}
	all, err := in.disk.Names(dir)
	if err != nil {
		return nil // what is known is read all the same
	}
	for _, other := range append(all.Others, all.Dirs...) {
		path := filepath.Join(dir, other, rest)
		if rotation.WithoutNumber(other) != rotation.WithoutNumber(name) || in.pats.Match(path) >= 0 || unpack.Is(path) {
			continue
		}
		m, err := in.disk.Stat(path)
		if err != nil || m.Link || m.Size == 0 || m.Key == e.Key || in.byKey[m.Key] != nil || !t.owned(m) || m.Key.Birth <= t.key.Birth || m.Key.Birth > e.Key.Birth {
			continue
		}
		if same, err := in.sameContent(t, m); same && err == nil && t.at() > 0 {
			continue // its copy
		}
		in.log.Info("a file seems to have been at a path between two looks: it is read", "path", e.Path, "now", path)
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b disk.Entry) int { return cmp.Compare(a.Key.Birth, b.Key.Birth) })
	return out
}

// Rotated files of paths of which nothing is known: the path appeared and its
// file was rotated while nobody looked.

// orphans adopts those of paths at which nothing is now. Rotated files that a
// pattern matches are seen to by adopt.
func (in *Input) orphans(d *dir, l *disk.Listing) {
	seen := map[string]bool{}
	for _, e := range l.Files {
		if in.byKey[e.Key] != nil || e.Link || d.prior != nil && d.prior.Has(filepath.Base(e.Path)) {
			continue
		}
		if in.pats.Match(e.Path) >= 0 {
			continue
		}
		if of, ok := in.rotatedFrom(l, e.Path); ok && (in.tails[of] != nil || l.Has(filepath.Base(of))) {
			continue // app-20260131.log is of app.log, and of no app-.log
		}
		for _, path := range in.orphanOf(e) {
			if seen[path] || in.tails[path] != nil || l.Has(filepath.Base(path)) || in.pats.Match(path) < 0 {
				continue
			}
			seen[path] = true
			// at a first start they are noted as history: the next one could not
			// tell those that are young from what nobody saw
			if (in.o.FirstStart || in.anyUnseen(l, path)) && in.unpacked(l, path) {
				in.generations(l, path)
			}
		}
	}
}

// orphanOf is the paths that the file at e may have been rotated from. One that is
// compressed, and that a pattern matches without that, was itself at such a path.
func (in *Input) orphanOf(e disk.Entry) (paths []string) {
	if own := unpack.Plain(e.Path); own != e.Path && in.pats.Match(own) >= 0 {
		return []string{own}
	}
	for _, base := range rotation.Originals(filepath.Base(e.Path)) {
		paths = append(paths, filepath.Join(filepath.Dir(e.Path), base))
	}
	return paths
}

// anyUnseen says that the family of path has a file that is no history.
func (in *Input) anyUnseen(l *disk.Listing, path string) bool {
	family := in.family(l, path)
	for i := in.knownOf(family); i < len(family); i++ {
		if in.unseen(l, family, i, path) {
			return true
		}
	}
	return false
}

// searchKin finds the directories that files of path, of which nothing is known,
// were rotated to since the run before: of those that rotated files of other
// paths beside it are in. A directory where nothing was found so far has nothing
// to tell it by: what is called so there may be another program's.
func (in *Input) searchKin(l *disk.Listing, path string) {
	if !in.first || in.o.FirstStart || in.o.Life.IsZero() || l.Dir != filepath.Dir(path) {
		return
	}
	in.kinBeside(path)
}

// kinBeside has the family of path go on in the directories that rotated files of other
// paths beside it are in, where one of its own came since the run before. It reports
// whether there is one that was not known.
func (in *Input) kinBeside(path string) (found bool) {
	base := filepath.Base(path)
	for _, dir := range slices.Concat(slices.Collect(maps.Values(in.kin.At(filepath.Dir(path))))...) {
		near := in.beside(dir)
		if slices.Contains(in.kin.Of(path), dir) || near.Has(base) || in.pats.Match(filepath.Join(dir, base)) >= 0 {
			continue // they are of a path there
		}
		if slices.ContainsFunc(rotation.Family(near, path), func(m rotation.Member) bool { return in.byKey[m.Key] == nil && in.sinceLife(m.Entry) }) {
			in.noteKin(path, dir)
			found = true
		}
	}
	return found
}

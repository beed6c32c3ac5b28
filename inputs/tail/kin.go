package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// The directories beside its own in which rotated files of a path are, such as
// logrotate's olddir, belong to its family: once one file of the path was found
// there, so are those that nobody saw. The places of the known files tell which
// they are, over restarts, too.

// noteKin notes that a rotated file of path is in dir.
func (in *Input) noteKin(path, dir string) {
	home := filepath.Dir(path)
	if dir == home || in.pats.match(path) < 0 {
		return
	}
	paths := in.kin[home]
	if paths == nil {
		paths = map[string][]string{}
		in.kin[home] = paths
	}
	if slices.Contains(paths[path], dir) {
		return
	}
	paths[path] = append(paths[path], dir)
	for _, k := range kinNames(path, dir) {
		in.kinNames[k] = append(in.kinNames[k], path)
	}
}

// kinName is how the name of a rotated file begins that is in a directory.
type kinName struct{ dir, begin string }

// kinNames is how the names of rotated files of path in dir begin: with its name,
// or with that without its extension.
func kinNames(path, dir string) []kinName {
	base := filepath.Base(path)
	names := []kinName{{dir, base}}
	if stem, ext := extension(base); stem != "" && ext != "" {
		names = append(names, kinName{dir, stem})
	}
	if base == multilog {
		names = append(names, kinName{dir, "@"})
	}
	return names
}

// forgetKin is called when nothing is known of path any more.
func (in *Input) forgetKin(path string) {
	in.targets.forget(path)
	home := filepath.Dir(path)
	for _, dir := range in.kin[home][path] {
		for _, k := range kinNames(path, dir) {
			in.kinNames[k] = slices.DeleteFunc(in.kinNames[k], func(p string) bool { return p == path })
			if len(in.kinNames[k]) == 0 {
				delete(in.kinNames, k)
			}
		}
	}
	delete(in.kin[home], path)
	if len(in.kin[home]) == 0 {
		delete(in.kin, home)
	}
}

// family is the rotated files of path in all directories where there are any,
// oldest first. l is one of these directories, and the others are listed after
// it, at most once in a look: what is rotated from l meanwhile is in them.
func (in *Input) family(l *listing, path string) []member {
	home := filepath.Dir(path)
	out := l.family(path)
	for _, dir := range append([]string{home}, in.kin[home][path]...) {
		if dir != l.dir && (dir == home || dir != in.targets.home(path)) {
			out = append(out, in.beside(dir).family(path)...)
		}
	}
	out = append(out, in.rotatedAt(l, path)...)
	out = slices.DeleteFunc(out, in.intruder(l, path))
	for i := range out {
		f := in.byKey[out[i].key]
		out[i].known = f != nil && f.original == nil && !f.isHistory()
	}
	inOrder(out)
	return out
}

// intruder says of a file whether it is none of the family of path for all its
// name: a pattern matches it under the very name of path in another directory,
// or it has another owner than the newest file that is known of path, the file
// that is at path now, and root: another user has put it there.
func (in *Input) intruder(l *listing, path string) func(member) bool {
	tail := in.tails[path]
	at, ok := l.stat(filepath.Base(path))
	ok = ok && at.path == path
	return func(m member) bool {
		switch {
		case m.gen.kind == 3 && in.byKey[m.key] == nil && in.pats.match(m.path) >= 0:
			return true // a path of its own
		case m.uid == 0, tail != nil && tail.owned(m.entry), ok && at.uid == m.uid:
			return false
		}
		return tail != nil || ok
	}
}

// kinOf is the path of whose family the file at e, in another directory than
// the path's, is by its name; of several the first.
func (in *Input) kinOf(dir string, e entry) (of string, ok bool) {
	name := filepath.Base(e.path)
	for i := range len(name) {
		for _, path := range in.kinNames[kinName{dir, name[:i+1]}] {
			if ok && !before(path, of) {
				continue
			}
			g, is := parseGeneration(filepath.Base(path), name)
			if is && (g.kind != 0 || in.pats.match(e.path) < 0) {
				of, ok = path, true
			}
		}
	}
	if ok {
		return of, true
	}
	return in.targetOf(dir, e)
}

// before orders paths by their directories, and then by their names.
func before(a, b string) bool {
	return cmp.Or(strings.Compare(filepath.Dir(a), filepath.Dir(b)), strings.Compare(a, b)) < 0
}

// beside is a listing of another directory than the one that is looked at.
func (in *Input) beside(dir string) *listing {
	l := in.others[dir]
	if l == nil {
		// the last collection is good enough where the directory does not
		// come to rest, or cannot be read
		l, _ = in.disk.snapshot(dir, nil, func(entry) bool { return true })
		in.others[dir] = l
	}
	return l
}

// knownOf is the number of files of a family up to the newest known one.
func (in *Input) knownOf(family []member) int {
	known := 0
	for i, m := range family {
		if p := in.parcels[m.key]; in.byKey[m.key] != nil || p != nil && p.of != nil {
			known = i + 1
		}
	}
	return known
}

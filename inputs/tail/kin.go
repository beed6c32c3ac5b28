package tail

import (
	"path/filepath"
	"slices"
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
	if !slices.Contains(paths[path], dir) {
		paths[path] = append(paths[path], dir)
	}
}

// forgetKin is called when nothing is known of path any more.
func (in *Input) forgetKin(path string) {
	in.targets.forget(path)
	home := filepath.Dir(path)
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
// the path's, is by its name.
func (in *Input) kinOf(dir string, e entry) (string, bool) {
	for _, home := range sortedKeys(in.kin) {
		for _, path := range sortedKeys(in.kin[home]) {
			if !slices.Contains(in.kin[home][path], dir) {
				continue
			}
			g, ok := parseGeneration(filepath.Base(path), filepath.Base(e.path))
			if ok && (g.kind != 0 || in.pats.match(e.path) < 0) {
				return path, true
			}
		}
	}
	return in.targetOf(dir, e)
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

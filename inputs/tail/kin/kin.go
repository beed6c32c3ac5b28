// Package kin keeps where rotated files of a path are that are not in its directory,
// and finds the path of such a file by its name. What it keeps belongs to one goroutine.
package kin

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"tailrace/inputs/tail/rotation"
)

// Dirs is the directories beside its own in which rotated files of a path are, such as
// logrotate's olddir. The zero value has none.
type Dirs struct {
	paths map[string]map[string][]string // by the directory of the path, and the path
	names map[begin][]string             // the paths, by the names that are theirs there
}

// begin is how the name of a rotated file begins that is in a directory.
type begin struct{ dir, name string }

// begins is how the names of rotated files of path in dir begin.
func begins(path, dir string) (out []begin) {
	for _, name := range rotation.Beginnings(filepath.Base(path)) {
		out = append(out, begin{dir, name})
	}
	return out
}

// Note notes that a rotated file of path is in dir.
func (k *Dirs) Note(path, dir string) {
	home := filepath.Dir(path)
	if dir == home || slices.Contains(k.paths[home][path], dir) {
		return
	}
	if k.paths == nil {
		k.paths, k.names = map[string]map[string][]string{}, map[begin][]string{}
	}
	if k.paths[home] == nil {
		k.paths[home] = map[string][]string{}
	}
	k.paths[home][path] = append(k.paths[home][path], dir)
	for _, b := range begins(path, dir) {
		k.names[b] = append(k.names[b], path)
	}
}

// Forget is called when nothing is known of path any more.
func (k *Dirs) Forget(path string) {
	home := filepath.Dir(path)
	for _, dir := range k.paths[home][path] {
		for _, b := range begins(path, dir) {
			without(k.names, b, path)
		}
	}
	delete(k.paths[home], path)
	if len(k.paths[home]) == 0 {
		delete(k.paths, home)
	}
}

// without takes path out of the list at key.
func without[K comparable](lists map[K][]string, key K, path string) {
	lists[key] = slices.DeleteFunc(lists[key], func(p string) bool { return p == path })
	if len(lists[key]) == 0 {
		delete(lists, key)
	}
}

// Of is those of path. The caller does not change them.
func (k *Dirs) Of(path string) []string { return k.paths[filepath.Dir(path)][path] }

// At is the paths in the directory home of which there are any, with their directories.
func (k *Dirs) At(home string) map[string][]string { return k.paths[home] }

// Path is the path of whose family the file of that name in dir, none of its own, is; of
// several the first. followed says that a pattern matches the file: then the very name
// of a path makes it none.
func (k *Dirs) Path(dir, name string, followed bool) (of string, ok bool) {
	for i := range len(name) {
		for _, path := range k.names[begin{dir, name[:i+1]}] {
			if ok && !before(path, of) {
				continue
			}
			g, is := rotation.Parse(filepath.Base(path), name)
			if is && (g.Kind != 0 || !followed) {
				of, ok = path, true
			}
		}
	}
	return of, ok
}

// before orders paths by their directories, and then by their names.
func before(a, b string) bool {
	return cmp.Or(strings.Compare(filepath.Dir(a), filepath.Dir(b)), strings.Compare(a, b)) < 0
}

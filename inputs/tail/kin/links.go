package kin

import (
	"maps"
	"path/filepath"
	"slices"
)

// Links is where paths lead that are symbolic links to a file, and back. The zero value
// has none.
type Links struct {
	of   map[string]string   // by path: the file that it leads to, without any link
	into map[string][]string // by directory: the paths that lead to a file in it
}

// Note notes that path leads to target, and no longer elsewhere.
func (l *Links) Note(path, target string) {
	l.Forget(path)
	if l.of == nil {
		l.of, l.into = map[string]string{}, map[string][]string{}
	}
	dir := filepath.Dir(target)
	l.of[path] = target
	l.into[dir] = append(l.into[dir], path)
}

// Forget is called when nothing is known of path any more.
func (l *Links) Forget(path string) {
	if target, ok := l.of[path]; ok {
		delete(l.of, path)
		without(l.into, filepath.Dir(target), path)
	}
}

// Target is the file that path leads to; empty when it is no link.
func (l *Links) Target(path string) string { return l.of[path] }

// Into is the paths that lead to a file in dir.
func (l *Links) Into(dir string) []string { return l.into[dir] }

// Dirs is the directories in which there are such files, in any order.
func (l *Links) Dirs() []string { return slices.Collect(maps.Keys(l.into)) }

// Home is the directory in which the file at path is.
func (l *Links) Home(path string) string {
	if target, ok := l.of[path]; ok {
		path = target
	}
	return filepath.Dir(path)
}

// To is the path that leads to the file at target, or target when there is none.
func (l *Links) To(target string) string {
	for _, path := range l.into[filepath.Dir(target)] {
		if l.of[path] == target {
			return path
		}
	}
	return target
}

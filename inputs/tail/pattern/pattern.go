// Package pattern tells which paths the patterns of the inputs match, and in which
// directories such paths may be.
package pattern

import "github.com/bmatcuk/doublestar/v4"

// Input is what one input follows: absolute patterns, as doublestar has them.
type Input struct{ Paths, Exclude []string }

// Set knows which paths are followed. It is not changed, and safe for any
// goroutine.
type Set struct {
	inputs []Input
	dirs   []string // the directory parts of all patterns, each once
}

// New is what these inputs follow.
func New(inputs []Input) *Set {
	p := &Set{inputs: inputs}
	seen := map[string]bool{}
	for _, in := range inputs {
		for _, pattern := range in.Paths {
			for _, one := range braces(pattern) {
				dir := dirPart(one)
				if !seen[dir] {
					seen[dir] = true
					p.dirs = append(p.dirs, dir)
				}
			}
		}
	}
	return p
}

// Match is the number of the first input that follows path, or -1.
func (p *Set) Match(path string) int {
	for i := range p.inputs {
		if p.follows(i, path) {
			return i
		}
	}
	return -1
}

// follows says whether input i would follow path, were it the only one.
func (p *Set) follows(i int, path string) bool {
	return p.inputs[i].wants(path) && !IsArchive(path)
}

// firstMatch is the first of the patterns that matches path, or empty.
func firstMatch(patterns []string, path string) string {
	for _, p := range patterns {
		if ok, err := doublestar.Match(p, path); ok && err == nil {
			return p
		}
	}
	return ""
}

// Which is the first pattern of input i that matches path, and the first that excludes
// it; empty for none.
func (p *Set) Which(i int, path string) (pattern, excluded string) {
	return firstMatch(p.inputs[i].Paths, path), firstMatch(p.inputs[i].Exclude, path)
}

package locate

import (
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// Rotated is the rotated files of path, in its directory and in dirs, at which
// Locate found nothing, oldest first.
func (l *Locator) Rotated(path string, dirs ...string) (out []Kept) {
	for _, dir := range slices.Compact(append(dirs, filepath.Dir(path))) {
		out = append(out, l.rotated(path, l.list(dir), l.pats.Match(path))...)
	}
	out = append(out, l.behind(path, l.pats.Match(path))...)
	return slices.DeleteFunc(out, func(k Kept) bool { return l.found[k.key] })
}

// Found says that what is at the place of k is a file that Locate found, maybe at
// another of its names.
func (l *Locator) Found(k *Kept) bool { return l.found[k.key] }

// rotated is the rotated files of path in a directory, oldest first. One that is
// being compressed is there once.
func (l *Locator) rotated(path string, dir *located, input int) (out []Kept) {
	members := rotation.Family(dir.Listing, path)
	plain := map[string]bool{}
	for _, m := range members {
		plain[m.Path] = true
	}
	for _, m := range members {
		if !m.Gen.Packed || !plain[unpack.Plain(m.Path)] {
			out = append(out, stranger(m.Entry, path, input))
		}
	}
	return out
}

// behind is the rotated files of path, a link, that are in another directory, beside
// the file that it leads to. Those that a pattern matches are of paths of their own.
func (l *Locator) behind(path string, input int) []Kept {
	at, _ := l.list(filepath.Dir(path)).Stat(filepath.Base(path))
	target, err := filepath.EvalSymlinks(path)
	if !at.Link || err != nil || filepath.Dir(target) == filepath.Dir(path) || l.pats.Match(target) >= 0 {
		return nil
	}
	out := l.rotated(target, l.list(filepath.Dir(target)), input)
	out = slices.DeleteFunc(out, func(k Kept) bool { return l.pats.Match(k.At) >= 0 })
	for i := range out {
		out[i].Path = path
	}
	return out
}

// stranger is the file at e, as one of the files of path.
func stranger(e disk.Entry, path string, input int) Kept {
	return Kept{FileState: journal.FileState{File: journal.File{Path: path, Now: e.Path}}, At: e.Path, Input: input, key: e.Key}
}

// Original is the path whose lines a file has that begins as what was shipped of
// them: it may be a copy. Empty: there is none.
func (l *Locator) Original(k *Kept) string {
	f, err := openKept(k)
	if err != nil {
		return ""
	}
	defer f.Close()
	c, _, letGo, err := l.content(f, k.At)
	if err != nil {
		return ""
	}
	defer letGo()
	var first [flow.PrefixMax]byte
	n, err := c.Pread(first[:], 0)
	if err != nil {
		return ""
	}
	for size := n; size >= flow.Enough; size-- {
		if known := l.marks[size]; known != nil {
			if path := known[flow.PrefixSum(0, first[:size])]; path != "" {
				return path
			}
		}
	}
	return ""
}

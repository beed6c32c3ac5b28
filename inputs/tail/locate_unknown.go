package tail

import (
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/unpack"
)

// Rotated is the rotated files of path, in its directory and in dirs, at which
// Locate found nothing, oldest first.
func (l *Locator) Rotated(path string, dirs ...string) (out []Kept) {
	for _, dir := range slices.Compact(append(dirs, filepath.Dir(path))) {
		out = append(out, l.rotated(path, l.list(dir), l.pats.match(path))...)
	}
	return slices.DeleteFunc(out, func(k Kept) bool { return l.found[k.key] })
}

// rotated is the rotated files of path in a directory, oldest first. One that is
// being compressed is there once.
func (l *Locator) rotated(path string, dir *located, input int) (out []Kept) {
	members := dir.family(path)
	plain := map[string]bool{}
	for _, m := range members {
		plain[m.path] = true
	}
	for _, m := range members {
		if !m.gen.packed || !plain[unpack.Plain(m.path)] {
			out = append(out, stranger(m.entry, path, input))
		}
	}
	return out
}

// stranger is the file at e, as one of the files of path.
func stranger(e entry, path string, input int) Kept {
	return Kept{FileState: journal.FileState{File: journal.File{Path: path, Now: e.path}}, At: e.path, Input: input, key: e.key}
}

// Original is the path whose lines a file has that begins as what was shipped of
// them: it may be a copy. Empty: there is none.
func (l *Locator) Original(k *Kept) string {
	f, err := openKept(k)
	if err != nil {
		return ""
	}
	defer f.Close()
	c := l.disk.content(int(f.Fd()))
	if unpack.Is(k.At) {
		info, err := f.Stat()
		if err != nil {
			return ""
		}
		z := unpack.NewReader(k.At, f, info.Size(), unpack.Standard)
		defer z.Close()
		c.z = &unpacked{Reader: z}
	}
	var first [flow.PrefixMax]byte
	n, err := c.pread(first[:], 0)
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

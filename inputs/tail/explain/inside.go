package explain

import (
	"path/filepath"
	"slices"

	"github.com/bmatcuk/doublestar/v4"

	"tailrace/inputs/tail/disk"
)

// maxInside is how many of several files are told.
const maxInside = 1000

// inside tells of the files of a directory, or of those that a pattern leads
// to.
func (x *Explainer) inside(e *Answer) error {
	e.Verdict = Several
	paths := x.paths(e)
	e.More = max(0, len(paths)-maxInside)
	paths = paths[:len(paths)-e.More]
	ats, entries := make([]At, len(paths)), make([]disk.Entry, len(paths))
	for i, path := range paths {
		ats[i] = x.at(path)
		entries[i], _ = x.disk.Stat(path)
	}
	files, old, packed := make([][]File, len(paths)), make([]bool, len(paths)), make([]bool, len(paths))
	err := x.from.Ask(func() {
		found := make([][]File, len(paths))
		for i, path := range paths {
			old[i] = entries[i].Key != (disk.Key{}) && x.from.LeftAlone(path, entries[i])
			packed[i] = settledPacked(x.from.Unpacking(path))
			if ats[i].Kind != "file" {
				continue
			}
			if f, ok := x.from.File(keyAt(&ats[i])); ok {
				found[i] = []File{f}
			}
		}
		files = found
	})
	if err != nil {
		return err
	}
	for i, path := range paths {
		m := x.from.Match(path)
		one := Inside{Path: path, Verdict: verdict(&ats[i], &m, path, files[i]), Topic: m.Topic, Size: ats[i].Size}
		if len(files[i]) > 0 {
			f := &files[i][0]
			x.measure(f, ats[i].Size)
			one.Topic = f.Topic
			one.Unread = f.Unread()
		} else if one.Verdict == New && old[i] {
			one.Verdict = TooOld
		} else if one.Verdict == New && packed[i] {
			one.Verdict = Packed
		} else if one.Verdict == New {
			one.Unread = one.Size
		} else if one.Verdict == NoPattern {
			one.RotatedOf = x.rotatedOf(path)
		}
		e.Inside = append(e.Inside, one)
	}
	if e.Match.Pattern != "" {
		e.Of = e.Path
		e.Files, err = x.files(e.Path, disk.Key{}) // what was at the path before
	}
	return err
}

// paths is what is in the directory, but directories, or what matches the
// pattern.
func (x *Explainer) paths(e *Answer) []string {
	if e.At.Kind != "directory" {
		found, err := doublestar.FilepathGlob(e.Path, doublestar.WithFilesOnly())
		if err != nil {
			e.At.Error = err.Error()
		}
		return found
	}
	n, err := x.disk.Names(e.Path)
	if err != nil {
		e.At.Error = err.Error()
	}
	var out []string
	for _, name := range append(n.Others, n.Links...) {
		out = append(out, filepath.Join(e.Path, name))
	}
	slices.Sort(out)
	return out
}

package tail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/explain"
)

// keyAt is the identity of the file that a describes; zero when it is none.
func keyAt(a *explain.At) key {
	if a.Kind != "file" {
		return key{}
	}
	return makeKey(a.Device, a.Inode, nanosOf(a.Birth))
}

// keyOf is the identity of f; zero when its inode got other content.
func keyOf(f *explain.File) key {
	if f.Inode == 0 {
		return key{}
	}
	return makeKey(f.Device, f.Inode, nanosOf(f.Birth))
}

// nanosOf is t as Unix nanoseconds, 0 for the zero time.
func nanosOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// at looks at path, and tries to open it when it is a file.
func (x *explainer) at(path string) explain.At {
	var a explain.At
	if target, err := os.Readlink(path); err == nil {
		a.Link = target
	}
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, statMask, &st); err != nil {
		switch {
		case isMissing(err):
			a.Gone = firstGone(path)
		case err == unix.ELOOP:
			a.LinkRefused = circle
		case err == unix.EACCES:
			a.Error = fmt.Sprintf("permission denied: directory %s may not be entered", firstClosed(path))
		default:
			a.Error = err.Error()
		}
		return a
	}
	e := fromStatx(path, &st)
	a.Kind, a.Mode = fileKind(uint32(st.Mode)), os.FileMode(st.Mode&0o777).String()
	a.Device, a.Inode, a.Owner, a.Names = e.dev, e.ino, e.uid, e.nlink
	a.Size, a.Modified = e.size, time.Unix(0, e.mtime)
	if e.key.birth != 0 {
		a.Birth = time.Unix(0, e.key.birth)
	}
	if a.Kind == "file" {
		x.try(path, &a)
	}
	return a
}

// try finds out whether the file may be followed and read.
func (x *explainer) try(path string, a *explain.At) {
	_, err := x.disk.statPath(path)
	if odd, ok := errors.AsType[*irregularError](err); ok {
		a.LinkRefused = odd.why
		return
	}
	fd, err := x.disk.openFile(path)
	if err != nil {
		a.Error = err.Error()
		return
	}
	unix.Close(fd)
}

// firstGone is the first part of path that does not exist.
func firstGone(path string) string {
	for {
		dir := filepath.Dir(path)
		if _, err := os.Stat(dir); dir == path || err == nil || !isMissing(err) {
			return path
		}
		path = dir
	}
}

// firstClosed is the first directory on the way to path that may not be entered.
func firstClosed(path string) string {
	closed := filepath.Dir(path)
	for dir := closed; dir != "/"; dir = filepath.Dir(dir) {
		if unix.Access(dir, unix.X_OK) == unix.EACCES {
			closed = dir
		}
	}
	return closed
}

// maxInside is how many of several files are told.
const maxInside = 1000

// inside tells of the files of a directory, or of those that a pattern leads
// to.
func (x *explainer) inside(e *explain.Answer) error {
	e.Verdict = explain.Several
	paths := x.paths(e)
	e.More = max(0, len(paths)-maxInside)
	paths = paths[:len(paths)-e.More]
	ats, entries := make([]explain.At, len(paths)), make([]entry, len(paths))
	for i, path := range paths {
		ats[i] = x.at(path)
		entries[i], _ = x.disk.statPath(path)
	}
	files, old, packed := make([][]explain.File, len(paths)), make([]bool, len(paths)), make([]bool, len(paths))
	err := x.ask(func() {
		found := make([][]explain.File, len(paths))
		for i, path := range paths {
			old[i] = entries[i].key != (key{}) && x.in.pats.match(path) >= 0 && x.in.leftAlone(path, entries[i])
			packed[i] = settledPacked(x.in.packedFacts(path))
			if f := x.in.byKey[keyAt(&ats[i])]; f != nil && ats[i].Kind == "file" {
				found[i] = []explain.File{f.facts(x.live)}
			}
		}
		files = found
	})
	if err != nil {
		return err
	}
	for i, path := range paths {
		m := x.in.pats.explain(path)
		one := explain.Inside{Path: path, Verdict: verdict(&ats[i], &m, path, files[i]), Topic: m.Topic, Size: ats[i].Size}
		if len(files[i]) > 0 {
			f := &files[i][0]
			measured(f, ats[i].Size)
			one.Topic = f.Topic
			one.Unread = f.Unread()
		} else if one.Verdict == explain.New && old[i] {
			one.Verdict = explain.TooOld
		} else if one.Verdict == explain.New && packed[i] {
			one.Verdict = explain.Packed
		} else if one.Verdict == explain.New {
			one.Unread = one.Size
		} else if one.Verdict == explain.NoPattern {
			one.RotatedOf = x.in.rotatedOf(path)
		}
		e.Inside = append(e.Inside, one)
	}
	if e.Match.Pattern != "" {
		e.Of = e.Path
		e.Files, err = x.files(e.Path, key{}) // what was at the path before
	}
	return err
}

// paths is what is in the directory, but directories, or what matches the
// pattern.
func (x *explainer) paths(e *explain.Answer) []string {
	if e.At.Kind != "directory" {
		found, err := doublestar.FilepathGlob(e.Path, doublestar.WithFilesOnly())
		if err != nil {
			e.At.Error = err.Error()
		}
		return found
	}
	n, err := x.disk.names(e.Path)
	if err != nil {
		e.At.Error = err.Error()
	}
	var out []string
	for _, name := range append(n.others, n.links...) {
		out = append(out, filepath.Join(e.Path, name))
	}
	slices.Sort(out)
	return out
}

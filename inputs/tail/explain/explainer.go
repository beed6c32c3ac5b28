package explain

import (
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/pattern"
)

// Source is who knows files: an input that follows them.
type Source interface {
	// Ask calls do where the methods that say so may be called, and waits for it.
	// After an error nobody calls it any more, or it is still under way: what it
	// sets is not to be used.
	Ask(do func()) error
	// Match is what the configuration says of path.
	Match(path string) Match

	// The others are called within Ask.

	// Files is the files whose lines belong to path, and the one that has the
	// identity k, in the order in which they are read; File is that one alone.
	Files(path string, k disk.Key) []File
	File(k disk.Key) (File, bool)
	// LeftAlone says that the file at e, at path or rotated from it, is not known
	// since it is older than the input wants.
	LeftAlone(path string, e disk.Entry) bool
	// Looks says that dir is looked at, or would be; above is a directory on the way to
	// it that cannot be listed, and why.
	Looks(dir string) (looks bool, above string)
	// Rotated is where rotated files of path are.
	Rotated(path string) Places
	// Unpacking is what is known of the compressed file at path; nil when it is
	// none, or a file that is read from it.
	Unpacking(path string) *Unpacking
	// Awaited is what is waited for before the file with the identity k, which is at
	// path, is begun, and the path as which it will be followed: another one when
	// that was its name. Empty: it is known, or nothing matches it.
	Awaited(path string, k disk.Key) (of string, before []Await)
}

// Places is where rotated files of a path are.
type Places struct {
	Known  bool     // a file of the path is known
	Dirs   []string // other directories than the path's, in which some were found
	Target string   // the file that the path leads to, when it is a symbolic link
	// Owned says that a file has an owner as files of the path have.
	Owned func(disk.Entry) bool
}

// Explainer finds the facts: those of the disk itself, those of the files that
// are known by asking whoever has them. It is for one goroutine, and one question,
// since it lists a directory once.
type Explainer struct {
	from     Source
	patterns *pattern.Set
	disk     *disk.Disk
	// lists is the directories that were listed.
	lists map[string]*disk.Listing
}

// NewExplainer returns one that asks from, whose patterns and disk these are.
func NewExplainer(from Source, patterns *pattern.Set, d *disk.Disk) *Explainer {
	return &Explainer{from: from, patterns: patterns, disk: d, lists: map[string]*disk.Listing{}}
}

// Path tells all that is known of an absolute path. The error is that of Source.Ask.
func (x *Explainer) Path(path string) (Answer, error) {
	path = filepath.Clean(path)
	e := Answer{Path: path, At: x.at(path), Match: x.from.Match(path)}
	if real, err := filepath.EvalSymlinks(path); err == nil && e.Match.Pattern == "" && x.patterns.Match(real) >= 0 {
		e.At.Real = real
	}
	if e.At.Kind == "directory" || e.At.Kind == "" && strings.ContainsAny(path, `*?[{`) {
		err := x.inside(&e)
		return e, err
	}
	files, err := x.files(path, keyAt(&e.At))
	if err != nil {
		return e, err
	}
	e.Of, e.Files = path, files
	if f := e.Current(); f != nil {
		e.Of = f.Path
	} else if e.RotatedOf = x.rotatedOf(path); e.RotatedOf != "" {
		e.Of = e.RotatedOf
	}
	e.Verdict = verdict(&e.At, &e.Match, path, files)
	if err := x.awaited(&e); err != nil {
		return e, err
	}
	if e.Of != path {
		if e.Files, err = x.files(e.Of, disk.Key{}); err != nil {
			return e, err
		}
	}
	if e.Match.Followed() && e.At.Kind == "file" {
		err = x.directory(&e)
	}
	if e.Verdict == New && err == nil {
		if err = x.unknown(&e); e.Verdict == New && e.At.Unlisted != "" {
			e.Verdict = Unlisted
		}
	}
	if err == nil && e.Verdict != Archive {
		err = x.siblings(&e)
	}
	return e, err
}

// awaited finds out what a file waits for that is not begun yet, maybe since it had
// another name.
func (x *Explainer) awaited(e *Answer) error {
	if e.At.Kind != "file" || e.Current() != nil {
		return nil
	}
	var of string
	var before []Await
	if err := x.from.Ask(func() { of, before = x.from.Awaited(e.Path, keyAt(&e.At)) }); err != nil || of == "" {
		return err
	}
	e.Awaits = before
	if of != e.Path {
		e.Of, e.RotatedOf, e.Verdict, e.Match = of, "", New, x.from.Match(of)
	}
	return nil
}

// unknown finds out why a file that a pattern matches is not known.
func (x *Explainer) unknown(e *Answer) error {
	at, err := x.disk.Stat(e.Path)
	if err != nil {
		return nil // it is gone meanwhile
	}
	alone := new(bool)
	err = x.from.Ask(func() { *alone = x.from.LeftAlone(e.Path, at) })
	if err == nil && *alone {
		e.Verdict = TooOld
	}
	return err
}

// directory finds out whether the file's directory is looked at.
func (x *Explainer) directory(e *Answer) error {
	dir := filepath.Dir(e.Path)
	if _, err := x.list(dir); err != nil {
		e.At.Unlisted = dir + ": " + err.Error()
	}
	var seen bool
	var above string // that cannot be listed
	if err := x.from.Ask(func() { seen, above = x.from.Looks(dir) }); err != nil {
		return err
	}
	if e.At.Unseen = !seen; !seen && above != "" {
		e.At.Unlisted = above
	}
	return nil
}

// list is what is in a directory, collected once.
func (x *Explainer) list(dir string) (*disk.Listing, error) {
	if l := x.lists[dir]; l != nil {
		return l, nil
	}
	l, err := x.disk.Collect(dir)
	if err == nil {
		x.lists[dir] = l
	}
	return l, err
}

// Current is the one of Files that is at the path now; nil: none is.
func (a *Answer) Current() *File { return owner(a.Files, a.Path, keyAt(&a.At)) }

// owner is the file that is at path now: the one that has its identity.
func owner(files []File, path string, k disk.Key) *File {
	for i := range files {
		if f := &files[i]; k != (disk.Key{}) && keyOf(f) == k {
			return f
		}
	}
	for i := range files {
		if f := &files[i]; k == (disk.Key{}) && f.Path == path {
			return f
		}
	}
	return nil
}

// files is the files whose lines belong to path, and the one with the identity
// k, oldest first.
func (x *Explainer) files(path string, k disk.Key) ([]File, error) {
	var out []File
	err := x.from.Ask(func() { out = x.from.Files(path, k) })
	if err != nil {
		return nil, err
	}
	for i := range out {
		x.Present(&out[i])
	}
	return out, nil
}

// Present finds out where the file is now, and how large.
func (x *Explainer) Present(f *File) {
	e, err := x.disk.Stat(f.Now)
	if err == nil && e.Key == keyOf(f) {
		x.measure(f, e.Size)
		return
	}
	if l, err := x.list(filepath.Dir(f.Path)); err == nil && keyOf(f) != (disk.Key{}) {
		if e, ok := l.Find(keyOf(f)); ok {
			f.Now = e.Path
			x.measure(f, e.Size)
			return
		}
	}
	_, irregular := errors.AsType[*disk.Irregular](err)
	if err == nil || disk.IsMissing(err) || irregular {
		f.Now = ""
	}
}

// measure notes the size of a file, unless that is the size of what it was
// compressed to, and how much of it is space that its program took in advance.
func (x *Explainer) measure(f *File, size int64) {
	if f.Packed {
		return
	}
	if f.Size = size; f.Unread() > 0 {
		f.Space = x.space(f)
	}
}

// space is how many bytes at the end of a file are NUL, behind what was read of it.
func (x *Explainer) space(f *File) int64 {
	fd, _, err := x.disk.OpenAs(f.Now, keyOf(f))
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	c := content.Of(x.disk, fd)
	if at, err := c.FirstData(f.Read); err == nil && at < 0 {
		return f.Size - f.Read
	}
	return f.Size - c.SpaceAt(f.Read, f.Size)
}

// verdict sums up.
func verdict(at *At, m *Match, path string, files []File) Verdict {
	f := owner(files, path, keyAt(at))
	switch {
	case f == nil && at.Kind == "file" && m.Archive && m.Excluded == "":
		return Archive
	case f == nil && at.Kind == "" && m.Excluded != "":
		return Excluded
	case f == nil && at.Kind == "" && m.Pattern == "":
		return NoPattern
	case at.LinkRefused != "":
		return BadLink
	case at.Kind == "" && at.Error != "":
		return Unreadable
	case at.Kind == "" && f != nil:
		return Deleted
	case at.Kind != "" && at.Kind != "file":
		return NoFile
	case f != nil && (f.State == Followed || f.State == Draining) && (at.Error != "" || f.WaitsFor(ForRetry)):
		return Unreadable
	case at.Kind == "file" && f != nil:
		return f.State
	case m.Excluded != "":
		return Excluded
	case m.Pattern == "":
		return NoPattern
	case at.Kind == "":
		return Missing
	case at.Error != "":
		return Unreadable
	}
	return New
}

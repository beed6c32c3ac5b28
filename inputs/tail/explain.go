package tail

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/explain"
)

// errEnded says that Run has ended.
var errEnded = errors.New("the input has ended")

// Explain says what is known of the absolute path. It is safe for any
// goroutine while Run runs, and waits for it: the error is that of ctx, or says
// that Run has ended.
func (in *Input) Explain(ctx context.Context, path string) (explain.Answer, error) {
	x := in.explainer()
	x.ask = func(do func()) error { return in.ask(ctx, do) }
	x.live = true
	return x.explain(filepath.Clean(path))
}

// ExplainAtRest is Explain for an Input that was made from a journal and is not
// run.
func (in *Input) ExplainAtRest(path string) (explain.Answer, error) {
	x := in.explainer()
	x.ask = func(do func()) error { do(); return nil }
	return x.explain(filepath.Clean(path))
}

// ask has Run's goroutine call do, and waits until it did.
func (in *Input) ask(ctx context.Context, do func()) error {
	done := make(chan struct{})
	in.tell(task{do: func() { do(); close(done) }})
	select {
	case <-done:
		return nil
	case <-in.stopped:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// explainer finds the facts: those of the disk itself, those of the files that
// are known by asking whoever has them.
type explainer struct {
	in   *Input
	disk *disk
	ask  func(func()) error
	live bool // Run runs: what is waited for can be told
	// lists is the directories that were listed.
	lists map[string]*listing
}

func (in *Input) explainer() *explainer {
	return &explainer{in: in, disk: &in.disk, lists: map[string]*listing{}}
}

func (x *explainer) explain(path string) (explain.Answer, error) {
	e := explain.Answer{Path: path, At: x.at(path), Match: x.in.pats.explain(path)}
	if real, err := filepath.EvalSymlinks(path); err == nil && e.Match.Pattern == "" && x.in.pats.match(real) >= 0 {
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
	if f := owner(files, path, keyAt(&e.At)); f != nil {
		e.Of = f.Path
	} else if e.RotatedOf = x.in.rotatedOf(path); e.RotatedOf != "" {
		e.Of = e.RotatedOf
	}
	e.Verdict = verdict(&e.At, &e.Match, path, files)
	if e.Of != path {
		if e.Files, err = x.files(e.Of, key{}); err != nil {
			return e, err
		}
	}
	if e.Match.Followed() && e.At.Kind == "file" {
		err = x.directory(&e)
	}
	if e.Verdict == explain.New && err == nil {
		if err = x.unknown(&e); e.Verdict == explain.New && e.At.Unlisted != "" {
			e.Verdict = explain.Unlisted
		}
	}
	if err == nil {
		err = x.siblings(&e)
	}
	return e, err
}

// unknown finds out why a file that a pattern matches is not known.
func (x *explainer) unknown(e *explain.Answer) error {
	at, err := x.disk.statPath(e.Path)
	if err != nil {
		return nil // it is gone meanwhile
	}
	alone := new(bool)
	err = x.ask(func() { *alone = x.in.leftAlone(e.Path, at) })
	if err == nil && *alone {
		e.Verdict = explain.TooOld
	}
	return err
}

// directory finds out whether the file's directory is looked at.
func (x *explainer) directory(e *explain.Answer) error {
	dir := filepath.Dir(e.Path)
	if _, err := x.list(dir); err != nil {
		e.At.Unlisted = dir + ": " + err.Error()
	}
	if !x.live {
		return nil
	}
	var seen bool
	var above string // that cannot be listed
	err := x.ask(func() {
		seen = x.in.dirs[dir] != nil
		for path, why := range x.in.unlisted {
			if strings.HasPrefix(dir, strings.TrimSuffix(path, "/")+"/") {
				above = path + ": " + why
			}
		}
	})
	if err != nil {
		return err
	}
	if e.At.Unseen = !seen; !seen && above != "" {
		e.At.Unlisted = above
	}
	return nil
}

// list is what is in a directory, collected once.
func (x *explainer) list(dir string) (*listing, error) {
	if l := x.lists[dir]; l != nil {
		return l, nil
	}
	l, err := x.disk.collect(dir)
	if err == nil {
		x.lists[dir] = l
	}
	return l, err
}

// owner is the file that is at path now: the one that has its identity.
func owner(files []explain.File, path string, k key) *explain.File {
	for i := range files {
		if f := &files[i]; k != (key{}) && keyOf(f) == k {
			return f
		}
	}
	for i := range files {
		if f := &files[i]; k == (key{}) && f.Path == path {
			return f
		}
	}
	return nil
}

// files is the files whose lines belong to path, and the one with the identity
// k, oldest first.
func (x *explainer) files(path string, k key) ([]explain.File, error) {
	var out []explain.File
	err := x.ask(func() {
		var found []explain.File
		for _, f := range x.in.chainOf(path, k) {
			found = append(found, f.facts(x.live))
		}
		out = found
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		x.present(&out[i])
	}
	return out, nil
}

// present finds out where the file is now, and how large.
func (x *explainer) present(f *explain.File) {
	e, err := x.disk.statPath(f.Now)
	if err == nil && e.key == keyOf(f) {
		measured(f, e.size)
		return
	}
	if l, err := x.list(filepath.Dir(f.Path)); err == nil && keyOf(f) != (key{}) {
		if e, ok := l.find(keyOf(f)); ok {
			f.Now = e.path
			measured(f, e.size)
			return
		}
	}
	_, irregular := errors.AsType[*irregularError](err)
	if err == nil || isMissing(err) || irregular {
		f.Now = ""
	}
}

// measured notes the size of a file, unless that is the size of what it was
// compressed to.
func measured(f *explain.File, size int64) {
	if !f.Packed {
		f.Size = size
	}
}

// verdict sums up.
func verdict(at *explain.At, m *explain.Match, path string, files []explain.File) explain.Verdict {
	f := owner(files, path, keyAt(at))
	switch {
	case f == nil && at.Kind == "" && m.Excluded != "":
		return explain.Excluded
	case f == nil && at.Kind == "" && m.Pattern == "":
		return explain.NoPattern
	case at.LinkRefused != "":
		return explain.BadLink
	case at.Kind == "" && at.Error != "":
		return explain.Unreadable
	case at.Kind == "" && f != nil:
		return explain.Deleted
	case at.Kind != "" && at.Kind != "file":
		return explain.NoFile
	case f != nil && (f.State == explain.Followed || f.State == explain.Draining) && (at.Error != "" || f.WaitsFor(explain.ForRetry)):
		return explain.Unreadable
	case at.Kind == "file" && f != nil:
		return f.State
	case m.Excluded != "":
		return explain.Excluded
	case m.Pattern == "":
		return explain.NoPattern
	case at.Kind == "":
		return explain.Missing
	case at.Error != "":
		return explain.Unreadable
	}
	return explain.New
}

// fileKind names what mode says, as At.Kind has it.
func fileKind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFIFO:
		return "named pipe"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "device"
}

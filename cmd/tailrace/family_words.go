package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"tailrace/agent"
	"tailrace/inputs/tail/explain"
)

// formerShown is how many files that are gone are listed.
const formerShown = 5

// family lists the rotated files of the path, and those that are gone. now is
// what was told already.
func (w *words) family(e *agent.Explanation, now *explain.File) {
	files := map[uint64]*explain.File{}
	for i := range e.Files {
		files[uint64(e.Files[i].ID)] = &e.Files[i]
	}
	if now != nil {
		delete(files, uint64(now.ID))
	}
	if len(e.Siblings) > 0 {
		w.line("  Rotated files of %s, oldest first:", e.Of)
	} else if slices.ContainsFunc(e.Files, func(f explain.File) bool { return elsewhere(e, files[uint64(f.ID)]) }) {
		w.line("  Other files of %s:", e.Of)
	}
	for _, s := range e.Siblings {
		f := files[uint64(s.File)]
		delete(files, uint64(s.File))
		if s.Path == e.Path {
			w.line("    %s  is this one", name(s.Path, e.Of))
			continue
		}
		w.line("    %s  %s: %s", name(s.Path, e.Of), byteCount(s.Size), siblingText(&s, f))
	}
	w.former(e, files)
}

// elsewhere says that f is there under another name than its path.
func elsewhere(e *agent.Explanation, f *explain.File) bool {
	return f != nil && f.Now != "" && f.Now != e.Of && f.State != explain.History
}

// former lists the files of the path that are nowhere any more, the newest of
// them.
func (w *words) former(e *agent.Explanation, left map[uint64]*explain.File) {
	var gone []*explain.File
	for i := range e.Files {
		f := &e.Files[i]
		switch {
		case left[uint64(f.ID)] == nil:
		case f.Now == "" && f.Size == 0 && f.Read == 0:
			// there is nothing to tell of it
		case f.Now == "":
			gone = append(gone, f)
		case f.Now == e.Of:
			w.line("  At %s now: %s, %s", e.Of, byteCount(f.Size), siblingText(nil, f))
		case elsewhere(e, f):
			w.line("    %s  %s: %s", name(f.Now, e.Of), byteCount(f.Size), siblingText(nil, f))
		}
	}
	if len(gone) > formerShown {
		w.line("  and %d that are gone, the last of them:", len(gone))
		gone = gone[len(gone)-formerShown:]
	} else if len(gone) > 0 {
		w.line("  Gone, or overwritten:")
	}
	for _, f := range gone {
		made := ""
		if !f.Birth.IsZero() {
			made = " of " + clock(f.Birth)
		}
		text := "all " + byteCount(f.Read) + " that were seen of it were read"
		if n := f.Unread(); n > 0 {
			text = byteCount(n) + " were not read"
		}
		if n := f.Read - f.Acked; n > 0 {
			text += ", " + byteCount(n) + " of them not yet acknowledged"
		}
		w.line("    a file%s: %s", made, text)
	}
}

// siblingText says what is known of a rotated file. s may be nil, f too.
func siblingText(s *explain.Sibling, f *explain.File) string {
	switch {
	case f == nil && s.Foreign:
		return "belongs to another user and is left alone"
	case f == nil && s.Old:
		return "older than ignore_older, left alone until it grows"
	case f == nil && s.Unpacking != nil:
		return "compressed; " + unpackingText(s.Unpacking)
	case f == nil && s.Packed:
		return "compressed, and not known"
	case f == nil:
		return "not known: it was there before, or has not been seen yet"
	case f.State == explain.History:
		return "was there before, not shipped"
	case f.State == explain.Copied:
		return "a copy, not shipped twice"
	case f.State == explain.Packed:
		return "compressed and damaged; not all of it could be read"
	case f.Unread() > 0:
		return byteCount(f.Unread()) + " unread"
	case f.Acked < f.Read:
		return "read to its end, " + byteCount(f.Read-f.Acked) + " not yet acknowledged"
	}
	return "read to its end"
}

// unpackingText says what is known of a compressed file.
func unpackingText(u *explain.Unpacking) string {
	switch {
	case u.Of != 0:
		return "the lines are those of a file that is known, and not shipped twice"
	case u.Plain != "":
		return u.Plain + " is beside it: it is not read as long as that is there"
	case u.Error != "" && !u.Until.IsZero():
		return u.Error + "; tried again at " + clock(u.Until)
	case u.Error != "":
		return "it is damaged: " + u.Error
	case u.Busy:
		return "it is being decompressed, to find out what is in it"
	case !u.Until.IsZero():
		return "somebody may be writing to it; if not, it is looked into at " + clock(u.Until)
	}
	return "it is looked into soon"
}

// awaited says what an unknown file waits for: what is in compressed files of
// its rotation may come first.
func (w *words) awaited(e *agent.Explanation) {
	if u := e.Unpacking; u != nil {
		w.line("  Content:  %s", unpackingText(u))
	}
	if e.Verdict != explain.New {
		return
	}
	waits := false
	first := func(path string, u *explain.Unpacking) {
		if u != nil && u.Of == 0 && (u.Error == "" || !u.Until.IsZero()) && path != e.Path {
			w.line("  Waits:    for %s, whose lines may come first: %s", name(path, e.Of), unpackingText(u))
			waits = true
		}
	}
	for _, s := range e.Siblings {
		first(s.Path, s.Unpacking)
	}
	for _, a := range e.Awaits {
		first(a.Path, a.Unpacking)
	}
	switch {
	case waits || !e.Running || e.At.Unlisted != "" || e.At.Unseen:
	case len(e.Awaits) > 0:
		a := e.Awaits[0]
		w.line("  Waits:    until it is known what became of the file that was at %s, of which %s were read", name(a.Path, e.Of), byteCount(a.Read))
	default:
		w.line("  Waits:    for the next look at its directory, which comes within seconds")
	}
}

// name is path, shortened where it is beside of.
func name(path, of string) string {
	if filepath.Dir(path) == filepath.Dir(of) {
		return filepath.Base(path)
	}
	return path
}

// byteCount is a number of bytes for people: exact, and in a unit that can be read
// at a glance.
func byteCount(n int64) string {
	text := strconv.FormatInt(n, 10) + " bytes"
	if n == 1 {
		text = "1 byte"
	}
	for i, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		size := int64(1) << (10 * (i + 1))
		if n >= 10*size && (n < 10*size<<10 || unit == "TiB") {
			return fmt.Sprintf("%s (%d %s)", text, n/size, unit)
		}
	}
	return text
}

// lost says what is lost of what, and why.
func lost(l *agent.Loss) string {
	text := byteCount(l.Bytes)
	switch {
	case l.Bytes == 0:
		text = "perhaps lines"
	case l.Lines > 0:
		text += ", " + count(int(l.Lines), "line")
	}
	if l.Unknown > 1 {
		text += " of " + count(int(l.Unknown), "file")
	}
	if l.Path != "" {
		text += " of " + l.Path
	}
	return text + ", because " + causes(l.Cause)
}

// causes says why bytes are lost.
func causes(cause string) string {
	switch cause {
	case "truncated":
		return "the file was truncated before they were read"
	case "deleted":
		return "the file was deleted before they were read"
	case "unseen":
		return "the file was truncated or written anew: whether more was written to it before that, while no agent ran, is not known"
	case "missing":
		return "the file is nowhere any more: whether more was written to it while no agent ran is not known"
	case "compressed":
		return "the file was compressed before they were read, and cannot be unpacked"
	case "hold_deleted":
		return "deleted files that waited to be read took more room than hold_deleted allows"
	}
	return cause
}

// clock is a time for people: without the day when it is today.
func clock(t time.Time) string {
	t = t.Local()
	if y, m, d := time.Now().Date(); t.Year() == y && t.Month() == m && t.Day() == d {
		return t.Format("15:04:05")
	}
	return at(t)
}

package main

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"tailrace/agent"
	"tailrace/inputs/tail/explain"
	"tailrace/inputs/tail/pattern"
)

// explanation prints what is known of one path.
func (w *words) explanation(e *agent.Explanation) {
	w.line("%s %s", e.Path, headline(e))
	w.match(e)
	w.trouble(e)
	if e.Verdict == explain.Several {
		w.inside(e)
		w.family(e, nil)
		return
	}
	now := present(e)
	if now != nil {
		w.progress(e, now)
	} else {
		w.awaited(e)
	}
	w.facts(&e.At)
	w.family(e, now)
	for _, l := range e.Lost {
		w.line("  Lost:     %s", lost(&l))
	}
}

// headline is what becomes of the path, in half a sentence.
func headline(e *agent.Explanation) string {
	topic := e.Match.Topic
	now := present(e)
	if now != nil {
		topic = now.Topic
	}
	switch e.Verdict {
	case explain.Followed:
		if now != nil && now.Path != e.Path {
			return fmt.Sprintf("is the file that was followed as %s: its lines go to topic %s", now.Path, topic)
		}
		return fmt.Sprintf("is followed: its lines go to topic %s", topic)
	case explain.Finished, explain.Draining:
		if e.Of == e.Path && e.At.Link != "" {
			return fmt.Sprintf("leads to a file that was at it before: what comes to that goes to topic %s, behind what was read since", topic)
		}
		if e.Verdict == explain.Draining {
			return fmt.Sprintf("is a rotated file of %s: it is read to its end, then let go", e.Of)
		}
		return fmt.Sprintf("is a rotated file of %s: it was read to its end", e.Of)
	case explain.History:
		return fmt.Sprintf("is a rotated file of %s that was there before: its lines are not shipped", e.Of)
	case explain.Copied:
		return "is a copy of another file: its lines are shipped from there, and not twice"
	case explain.Packed:
		return "is a compressed file: its lines are not shipped from it"
	case explain.New:
		if e.Of != e.Path {
			return fmt.Sprintf("is the file that was at %s: it will be followed, and was not begun yet. Its lines will go to topic %s", e.Of, topic)
		}
		if e.Running {
			return fmt.Sprintf("will be followed, and was not begun yet. Its lines will go to topic %s", topic)
		}
		return fmt.Sprintf("will be followed once the agent runs. Its lines will go to topic %s", topic)
	case explain.NoPattern:
		if e.At.Real != "" {
			return "is not followed under this name, but as " + e.At.Real + ": ask for that"
		}
		return "is not followed: no pattern of the configuration matches it"
	case explain.Excluded:
		return "is not followed: it is excluded"
	case explain.Archive:
		return "is not followed: " + pattern.ErrArchive.Error()
	case explain.NoFile:
		return fmt.Sprintf("is not followed: it is a %s, and only regular files are", e.At.Kind)
	case explain.BadLink:
		return "is not followed: " + e.At.LinkRefused
	case explain.Unreadable:
		return "cannot be read; it is tried again and again"
	case explain.Unlisted:
		return "is not found, since a directory cannot be listed"
	case explain.Missing:
		if e.At.Link != "" {
			return fmt.Sprintf("is a symbolic link that leads to nothing. When it leads to a file, its lines will go to topic %s", topic)
		}
		return fmt.Sprintf("does not exist. When it does, its lines will go to topic %s", topic)
	case explain.Deleted:
		return "does not exist any more; it was followed"
	case explain.Dropped:
		return "was followed, and is no longer in the configuration"
	case explain.TooOld:
		return "is left alone until it grows: it is older than ignore_older"
	case explain.Several:
		if e.At.Kind == "directory" {
			return "is a directory"
		}
		return "is a pattern"
	}
	return "is " + string(e.Verdict)
}

// match says which pattern matches, or why none does.
func (w *words) match(e *agent.Explanation) {
	m := &e.Match
	if m.Pattern != "" {
		w.line("  Pattern:  %s%s", m.Pattern, in(m.Input))
	}
	if m.Excluded != "" {
		w.line("  Excluded: by %s", m.Excluded)
	}
	for _, other := range m.Also {
		w.line("  Also:     the input at %s matches it; each file goes to one topic, by the first input that matches", other)
	}
	if e.RotatedOf != "" && (e.At.Kind == "" || e.Unpacking != nil) {
		w.line("  By its name it is a rotated file of %s, which is followed", e.RotatedOf)
	} else if e.RotatedOf != "" {
		w.line("  By its name it is a rotated file of %s, which is followed. Nothing is known of this one:", e.RotatedOf)
		w.line("  %s.", unknownRotated(e))
	}
	if n := m.Near; n != nil && e.At.Real == "" && e.RotatedOf == "" && (e.Verdict == explain.NoPattern || e.Verdict == explain.Dropped) {
		w.line("  Nearest:  %s%s", n.Pattern, in(n.Input))
		w.line("            %s", nearest(n))
	}
	if e.At.Kind == "" && e.At.Gone != "" && e.At.Gone != e.Path {
		w.line("  Missing:  %s does not exist", e.At.Gone)
	} else if e.At.Kind == "" && e.At.Link != "" && e.At.LinkRefused == "" {
		w.line("  Missing:  the symbolic link leads to %s, which does not exist", e.At.Link)
	} else if e.Verdict == explain.NoPattern && e.At.Kind == "" {
		w.line("  Missing:  nothing is there")
	}
}

// nearest says how far a pattern matches.
func nearest(n *explain.Near) string {
	switch {
	case n.Matched == "/":
		return fmt.Sprintf("differs from the beginning: %q is not %q", n.Got, n.Want)
	case n.Got == "":
		return fmt.Sprintf("matches below %s, where it goes on with %q", n.Matched, n.Want)
	case n.Want == "":
		return fmt.Sprintf("ends at %s: %q is below what it matches; ** is any depth of directories", n.Matched, n.Got)
	}
	return fmt.Sprintf("matches up to %s; then %q does not match %q", n.Matched, n.Got, n.Want)
}

// in is where an input is written, in brackets.
func in(input string) string {
	if input == "" {
		return ""
	}
	return " (" + input + ")"
}

// trouble says what keeps the file, or its topic, from being shipped.
func (w *words) trouble(e *agent.Explanation) {
	at, m := &e.At, &e.Match
	if at.Error != "" && e.Verdict != explain.NoPattern && e.Verdict != explain.Excluded {
		w.line("  Error:    %s", at.Error)
		if strings.Contains(at.Error, "may not be entered") || e.Verdict == explain.Several {
			w.line("            let the user that tailrace runs as list and enter it (r and x)")
		} else if strings.Contains(at.Error, "permission denied") {
			w.line("            let the user that tailrace runs as read it, for instance with setfacl or a group")
		}
	}
	if at.Unlisted != "" {
		w.line("  Error:    a directory cannot be listed, %s", at.Unlisted)
		w.line("            let the user that tailrace runs as list and enter it (r and x)")
	} else if at.Unseen {
		w.line("  Error:    its directory is not looked at: it is new, or a symbolic link leads there that belongs")
		w.line("            neither to root nor to the owner of the directory")
	}
	switch e.Verdict {
	case explain.NoFile:
		w.line("            have what writes to it write to a file")
	case explain.TooOld:
		w.line("            when anything is written to it, or it is touched, all of it is shipped")
	}
	if e.Verdict == explain.Several && m.Pattern != "" && at.Kind == "directory" {
		w.line("            but it is a directory: what is in it is followed when a pattern matches that")
	}
	if o := e.Output; o != nil && o.Trouble != "" {
		w.line("  Error:    topic %s waits since %s: %s", o.Topic, clock(o.Since), o.Trouble)
	}
	if o := e.Output; o != nil && o.Pause != "" {
		w.line("  Waits:    topic %s waits %s", o.Topic, pause(o))
	}
}

// present is the content that is at the path now, or was last.
func present(e *agent.Explanation) *explain.File {
	var last *explain.File
	for i := range e.Files {
		f := &e.Files[i]
		if e.At.Kind == "file" && f.Inode == e.At.Inode && f.Device == e.At.Device && f.Birth.Equal(e.At.Birth) {
			return f
		}
		if f.Path == e.Path {
			last = f
		}
	}
	switch {
	case e.At.Kind != "", e.Verdict == explain.New, e.Verdict == explain.Unlisted:
		return nil // what is there is none of them
	}
	return last
}

// progress says how far a file is, and what it waits for.
func (w *words) progress(e *agent.Explanation, f *explain.File) {
	if f.State == explain.History || f.State == explain.Copied {
		return
	}
	w.line("  Size:     %s%s", byteCount(f.Size), plain(f))
	w.line("  Read:     %s", upTo(f.Read, f.From, "all of it", f.Unread(), "to go"))
	w.line("  Shipped:  %s", upTo(f.Acked, f.From, "all that was read", max(0, f.Read-f.Acked), "more were read"))
	label := "Waits:   "
	for _, wait := range f.Waits {
		if wait.For == explain.ForTurn && e.Output != nil && e.Output.Pause != "" {
			continue // what the topic waits for is said above
		}
		w.line("  %s %s", label, waitText(e, &wait))
		label = "and:     "
	}
	if e.Running && len(f.Waits) == 0 && f.State == explain.Followed {
		w.line("  Waits:    for new lines")
	}
	if n := f.Unread(); f.State == explain.Dropped && n > 0 {
		w.line("  Waits:    for an input that matches it: until then %s are not shipped", byteCount(n))
	}
	if d := f.Deletion; d != nil {
		w.line("  Deletion: %s", deletionText(d))
	}
	if f.Late {
		w.line("  Late:     lines were written to it after its successor was begun: they are shipped behind those")
	}
}

// deletionText says why a file that is to be deleted is still there.
func deletionText(d *explain.Deletion) string {
	switch {
	case d.Why == "":
		return "by delete_after_ack, within seconds"
	case !d.Until.IsZero():
		return "by delete_after_ack, not before " + clock(d.Until) + ": " + d.Why
	}
	return "by delete_after_ack, not yet: " + d.Why
}

// unknownRotated says why nothing is known of a file that is called like a rotated
// one.
func unknownRotated(e *agent.Explanation) string {
	for _, s := range e.Siblings {
		switch {
		case s.Path != e.Path:
		case s.Foreign:
			return "it belongs to " + owner(e.At.Owner) + " and " + e.Of + " does not, so it is left alone"
		case s.Old:
			return "it is older than ignore_older, and left alone until it grows"
		}
	}
	return "it was there before, or has not been seen yet"
}

func plain(f *explain.File) string {
	if f.Packed {
		return " before compression, as all that follows"
	}
	return ""
}

// upTo says how far something is that began at from, and that it is all or that
// there is a rest.
func upTo(n, from int64, all string, rest int64, more string) string {
	text := "up to byte " + strconv.FormatInt(n, 10)
	switch {
	case n == from && rest > 0:
		return "nothing yet, " + byteCount(rest) + " " + more
	case n == from:
		return "nothing yet"
	case from > 0:
		text += fmt.Sprintf(", from byte %d on", from)
	}
	if rest > 0 {
		return text + ", " + byteCount(rest) + " " + more
	}
	return text + ": " + all
}

// waitText says what has to happen.
func waitText(e *agent.Explanation, w *explain.Wait) string {
	switch w.For {
	case explain.ForJournal:
		return "for the disk with " + e.StateDir + ": the file is not noted there yet, and is not read before"
	case explain.ForUnpacking:
		return "for a compressed file beside it: its lines may come first, or be in it"
	case explain.ForRetry:
		return fmt.Sprintf("it cannot be read: %s; tried again at %s", w.Error, clock(w.Until))
	case explain.ForPredecessor:
		return fmt.Sprintf("for %s, which was at the path before: first %s, in case somebody still writes to it",
			w.Path, rest(w.Bytes))
	case explain.ForTurn:
		return fmt.Sprintf("for its turn with %s: the output takes what it can, file by file", byteCount(w.Bytes))
	case explain.ForAnswer:
		return fmt.Sprintf("for the acknowledgement of %s", byteCount(w.Bytes))
	case explain.ForNewline:
		return fmt.Sprintf("for a newline: the last %s are the beginning of a line", byteCount(w.Bytes))
	case explain.ForRecord:
		return fmt.Sprintf("for the end of its last record: its %s are shipped at %s if nothing comes", byteCount(w.Bytes), clock(w.Until))
	case explain.ForData:
		return fmt.Sprintf("for data: the last %s are NUL, space that the program took in advance", byteCount(w.Bytes))
	case explain.ForHalf:
		return fmt.Sprintf("for the rest of its last line, whose beginning (%s) a copytruncate cut off", byteCount(w.Bytes))
	case explain.ForQuiet:
		text := "in case somebody still writes to it, until " + clock(w.Until)
		if w.Bytes > 0 {
			text += fmt.Sprintf("; then its last %s are shipped, though they do not end in a newline", byteCount(w.Bytes))
		}
		return text
	}
	return "for " + string(w.For)
}

// rest is what is missing of a file that comes first.
func rest(n int64) string {
	if n == 0 {
		return "it is looked at for a moment more"
	}
	return "its last " + byteCount(n) + " are read"
}

// facts says what is at the path.
func (w *words) facts(at *explain.At) {
	if at.Kind == "" {
		return
	}
	made := ""
	if !at.Birth.IsZero() {
		made = ", made " + clock(at.Birth)
	}
	w.line("  Identity: inode %d on device %d:%d%s, owner %s, mode %s", at.Inode, at.Device>>8&0xfff, at.Device&0xff, made, owner(at.Owner), at.Mode)
	if at.Link != "" {
		w.line("  Link:     to %s", at.Link)
	}
	if at.Names > 1 {
		w.line("  Names:    it has %d (hard links), and is read once", at.Names)
	}
	w.line("  Written:  last at %s", clock(at.Modified))
}

// owner is the name of a user.
func owner(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

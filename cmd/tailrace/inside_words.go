package main

import (
	"path/filepath"

	"tailrace/agent"
	"tailrace/inputs/tail/explain"
)

// inside prints a line for each of several files.
func (w *words) inside(e *agent.Explanation) {
	if e.At.Error != "" {
		return
	}
	if len(e.Inside) == 0 {
		w.line("  with no files now")
		return
	}
	for _, f := range e.Inside {
		text := insideText(&f)
		if f.Unread > 0 {
			text += ", " + byteCount(f.Unread) + " unread"
		}
		name := f.Path
		if e.At.Kind == "directory" {
			name = filepath.Base(f.Path)
		}
		w.line("  %s  %s", name, text)
	}
	if e.More > 0 {
		w.line("  and %d more", e.More)
	}
}

// insideText is a verdict in a few words.
func insideText(f *explain.Inside) string {
	switch f.Verdict {
	case explain.Followed:
		return "followed, to topic " + f.Topic
	case explain.New:
		return "will be followed, to topic " + f.Topic
	case explain.Draining:
		return "rotated: read to its end, then let go"
	case explain.Finished:
		return "rotated: read to its end"
	case explain.History:
		return "rotated: was there before, not shipped"
	case explain.Copied:
		return "a copy, not shipped twice"
	case explain.Packed:
		return "compressed, not shipped from there"
	case explain.NoPattern:
		if f.RotatedOf != "" {
			return "a rotated file of " + filepath.Base(f.RotatedOf) + " by its name; nothing is known of it"
		}
		return "no pattern matches it"
	case explain.Excluded:
		return "excluded"
	case explain.Archive:
		return "an archive, or compressed in a way that is not read"
	case explain.NoFile:
		return "not a regular file"
	case explain.Missing:
		return "a link that leads to nothing"
	case explain.BadLink:
		return "a link that is not followed"
	case explain.Unreadable:
		return "cannot be read"
	case explain.Dropped:
		return "no longer in the configuration"
	case explain.TooOld:
		return "older than ignore_older"
	}
	return string(f.Verdict)
}

// Package explain tells of one path what is there, which input follows it or why
// none does, how far it was read, and what it waits for: an Answer, as plain data,
// which an Explainer finds.
package explain

import (
	"time"

	"tailrace/agent/flow"
)

// Answer is all that is known of one path, as plain data.
type Answer struct {
	Path    string  `json:"path"`
	Verdict Verdict `json:"verdict"`
	// At is what is at the path now; Match is what the configuration says.
	At    At    `json:"at"`
	Match Match `json:"match"`
	// Of is the path whose lines the file's are: another one when path is the
	// name of a rotated file; empty for several, unless a pattern matches the
	// directory that they are in. Files is the contents that this path has and
	// had, as far as they are still known, oldest first.
	Of    string `json:"of,omitempty"`
	Files []File `json:"files,omitempty"`
	// RotatedOf is the followed path of which this one, of which nothing is
	// known, is a rotated file by its name.
	RotatedOf string `json:"rotated_of,omitempty"`
	// Unpacking is set of a compressed file as long as its lines are not known
	// to be shipped from it.
	Unpacking *Unpacking `json:"unpacking,omitempty"`
	// Awaits is set of a file that is not begun yet: what has to be known before,
	// beside what is in compressed ones of Siblings.
	Awaits []Await `json:"awaits,omitempty"`
	// Siblings is the rotated files of Of that are there now, in its own
	// directory and in others where some were found, oldest first.
	Siblings []Sibling `json:"siblings,omitempty"`
	// Inside is what a directory holds, or a pattern leads to; More is how
	// much is left out of it.
	Inside []Inside `json:"inside,omitempty"`
	More   int      `json:"more,omitempty"`
}

// Verdict is what becomes of the lines at a path, in one word.
type Verdict string

// The verdicts.
const (
	Followed   Verdict = "followed"
	Draining   Verdict = "rotated"       // read to its end, then let go
	Finished   Verdict = "finished"      // read to its end and let go
	History    Verdict = "history"       // there before its path was followed: not shipped
	Copied     Verdict = "copy"          // of another file: not shipped
	Packed     Verdict = "compressed"    // the same lines as another file, or damaged
	New        Verdict = "new"           // will be followed once it was found
	NoPattern  Verdict = "no_pattern"    // nothing matches it
	Excluded   Verdict = "excluded"      // matched, and excluded
	Archive    Verdict = "archive"       // matched, and never followed
	NoFile     Verdict = "not_a_file"    // nothing that is followed
	BadLink    Verdict = "link"          // that may not be followed
	Unreadable Verdict = "unreadable"    // it is tried again and again
	Unlisted   Verdict = "unlisted"      // it is not found, since a directory cannot be listed
	Missing    Verdict = "missing"       // nothing is there, and nothing was
	Deleted    Verdict = "deleted"       // it was followed
	Dropped    Verdict = "not_followed"  // it was, before the configuration was changed
	TooOld     Verdict = "too_old"       // for ignore_older, until it grows
	Several    Verdict = "several_files" // a directory, or a pattern
)

// File is what is known of one content: that of one inode, from its creation
// or its truncation on.
type File struct {
	ID     flow.FileID `json:"id"`
	Path   string      `json:"path"`             // the header "path" of its lines
	Now    string      `json:"now,omitempty"`    // where it is; empty: nowhere, or overwritten
	Output string      `json:"output,omitempty"` // of several
	Topic  string      `json:"topic,omitempty"`
	State  Verdict     `json:"state"`
	Device uint64      `json:"device"`
	Inode  uint64      `json:"inode,omitempty"`
	Birth  time.Time   `json:"birth,omitzero"`
	// Size is its present size in bytes; the last known one when it is gone.
	Size  int64 `json:"size"`
	From  int64 `json:"from,omitempty"` // where reading began
	Read  int64 `json:"read"`           // all below was read
	Acked int64 `json:"acked"`          // all below is in the topic
	Open  bool  `json:"open,omitempty"`
	// Space is how many bytes at its end, behind Read, are NUL, which the program took
	// in advance.
	Space int64 `json:"space,omitempty"`
	// Packed says that it is compressed: sizes and positions count the bytes
	// before that.
	Packed bool   `json:"compressed,omitempty"`
	Late   bool   `json:"late,omitempty"` // lines came after it was let go
	Waits  []Wait `json:"waits,omitempty"`
	// Deletion is set of a file that is to be deleted when it was shipped.
	Deletion *Deletion `json:"deletion,omitempty"`
}

// Deletion is why a file that is to be deleted when it was shipped is still there.
type Deletion struct {
	Why string `json:"why"` // empty: its turn comes within seconds
	// Until is when that ends, or it is tried again, if nothing else happens.
	Until time.Time `json:"until,omitzero"`
}

// Unread is how many bytes are there and were not read.
func (f *File) Unread() int64 {
	if f.State == History || f.State == Copied {
		return 0
	}
	return max(0, f.Size-f.Read-f.Space)
}

// WaitsFor says whether what is among what it waits for.
func (f *File) WaitsFor(what WaitFor) bool {
	for _, w := range f.Waits {
		if w.For == what {
			return true
		}
	}
	return false
}

// Wait is something that has to happen before more of a file is shipped.
type Wait struct {
	For WaitFor `json:"for"`
	// Path is the file that comes first; Bytes is how many bytes wait.
	Path  string `json:"path,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	Error string `json:"error,omitempty"`
	// Until is when it ends, or is tried again, if nothing else happens.
	Until time.Time `json:"until,omitzero"`
}

// WaitFor is what is waited for, in one word.
type WaitFor string

// What a file may wait for.
const (
	ForUnpacking   WaitFor = "unpacking"   // a compressed file of the rotation, that may come first
	ForJournal     WaitFor = "journal"     // the disk with the state
	ForRetry       WaitFor = "retry"       // it cannot be read now
	ForPredecessor WaitFor = "predecessor" // what was at its path before
	ForTurn        WaitFor = "turn"        // the output takes no more at present
	ForAnswer      WaitFor = "answer"      // the output has not acknowledged
	ForNewline     WaitFor = "newline"     // its last line is not complete
	ForRecord      WaitFor = "record"      // its last record may go on
	ForData        WaitFor = "data"        // NULs follow: space taken in advance
	ForHalf        WaitFor = "half"        // the other half of its last line
	ForQuiet       WaitFor = "quiet"       // nobody may write to it any more
)

// Sibling is one file of the rotation family.
type Sibling struct {
	Path     string      `json:"path"`
	Size     int64       `json:"size"`
	Modified time.Time   `json:"modified"`
	Packed   bool        `json:"compressed,omitempty"`
	File     flow.FileID `json:"file,omitempty"` // of Files; 0: it is not known
	// Foreign says that it has another owner than the path's files, and so is
	// nothing of theirs.
	Foreign bool `json:"foreign,omitempty"`
	// Old says that it is left alone since it is older than ignore_older.
	Old bool `json:"old,omitempty"`
	// Unpacking is set of a compressed file as long as its lines are not known
	// to be shipped from it.
	Unpacking *Unpacking `json:"unpacking,omitempty"`
}

// Unpacking is what is known of a compressed file. While that is not all, what
// is newer waits.
type Unpacking struct {
	Of    flow.FileID `json:"of,omitempty"`    // the file of which it is the compressed form
	Busy  bool        `json:"busy,omitempty"`  // it is being decompressed
	Plain string      `json:"plain,omitempty"` // the file that it may be made from just now
	Until time.Time   `json:"until,omitzero"`  // it is left alone: somebody may be writing to it
	Error string      `json:"error,omitempty"` // why it cannot be decompressed
}

// Await is a file of which something has to be known before a new one is begun: a
// known one that is not where it was, or a compressed one that may have its lines.
type Await struct {
	Path      string     `json:"path"`                // where it is, or was
	Read      int64      `json:"read,omitempty"`      // of a known one
	Unpacking *Unpacking `json:"unpacking,omitempty"` // of a compressed one
}

// Inside is one of several files.
type Inside struct {
	Path    string  `json:"path"`
	Verdict Verdict `json:"verdict"`
	Topic   string  `json:"topic,omitempty"`
	Size    int64   `json:"size"`
	Unread  int64   `json:"unread,omitempty"`
	// RotatedOf is as in Answer.
	RotatedOf string `json:"rotated_of,omitempty"`
}

// At is what is at a path now.
type At struct {
	// Kind is "file", "directory", "named pipe", "socket" or "device"; empty
	// when nothing is there, or it cannot be told.
	Kind string `json:"kind,omitempty"`
	// Link is what the path points to, when it is a symbolic link;
	// LinkRefused is why it is not followed.
	Link        string `json:"link,omitempty"`
	LinkRefused string `json:"link_refused,omitempty"`
	// Real is where the path leads to through links to directories, when that is
	// a path that is followed and this one is not.
	Real string `json:"real,omitempty"`
	// Gone is the first part of the path that does not exist.
	Gone string `json:"gone,omitempty"`
	// Unlisted is why the directory of a file that a pattern matches, or one
	// above it through which the pattern goes, cannot be listed. Unseen says
	// that the agent does not look at that directory: it is new, or a symbolic
	// link that may not be followed leads there.
	Unlisted string `json:"unlisted,omitempty"`
	Unseen   bool   `json:"unseen,omitempty"`
	// Error is why it cannot be looked at, or read.
	Error    string    `json:"error,omitempty"`
	Device   uint64    `json:"device,omitempty"`
	Inode    uint64    `json:"inode,omitempty"`
	Birth    time.Time `json:"birth,omitzero"`
	Owner    uint32    `json:"owner"` // user id
	Mode     string    `json:"mode,omitempty"`
	Names    uint32    `json:"names,omitempty"` // hard links to it
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified,omitzero"`
}

// Match is what the configuration says of a path.
type Match struct {
	// Pattern is the one that matches it, of the input that follows it or
	// would if it was not excluded; empty when none does.
	Pattern string `json:"pattern,omitempty"`
	Input   string `json:"input,omitempty"`  // where that input is written
	Output  string `json:"output,omitempty"` // of several
	Topic   string `json:"topic,omitempty"`
	// Excluded is the pattern that excludes it, when no input follows it.
	Excluded string `json:"excluded,omitempty"`
	// Archive says that it is not followed since it is an archive of files, or
	// compressed in a way that is not read, as its name says.
	Archive bool `json:"archive,omitempty"`
	// Also is the other inputs that match: the first one follows it.
	Also []string `json:"also,omitempty"`
	// Near is the pattern that comes nearest when none matches.
	Near *Near `json:"near,omitempty"`
}

// Near says how far a pattern matches a path.
type Near struct {
	Pattern string `json:"pattern"`
	Input   string `json:"input,omitempty"`
	Matched string `json:"matched"` // the beginning of the path that it matches
	// Got is the next part of the path, and Want the part of the pattern that
	// does not match it. Got is empty when the path ends too early, Want when
	// the pattern does.
	Got  string `json:"got,omitempty"`
	Want string `json:"want,omitempty"`
}

// Followed says that an input follows the path.
func (m *Match) Followed() bool { return m.Pattern != "" && m.Excluded == "" && !m.Archive }

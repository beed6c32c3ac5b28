package lines

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
)

// A Log is a program that writes a log, together with who rotates it. As real
// programs do it keeps one descriptor and writes to that, whatever the file is
// called by now, until it opens the path again. It is for one goroutine.
type Log struct {
	Path  string
	Chain *Chain

	r     *rand.Rand
	f     *os.File
	mode  int    // O_APPEND, or 0
	size  int64  // of the file behind f, with what is in rest
	rest  []byte // the end of a line that is not written yet
	file  int    // index of the present file in the chain
	names []old  // the rotated files, the newest first
}

// old is a rotated file.
type old struct {
	path string
	file int    // index in the chain
	ext  string // of a compressed one
}

// NewLog opens a new log.
func NewLog(path string, chain *Chain, seed uint64) (*Log, error) {
	l := &Log{Path: path, Chain: chain, r: rand.New(rand.NewPCG(seed, 1)), mode: os.O_APPEND, file: -1}
	return l, l.Reopen()
}

// Write writes n more lines. Now and then it stops in the middle of the last,
// as a buffer does that is full: the next Write, Flush or Reopen goes on there.
func (l *Log) Write(n int) error {
	text := l.rest
	l.rest = nil
	for range n {
		line := l.Chain.next(l.size)
		l.size += int64(len(line))
		text = append(text, line...)
	}
	if n > 0 && l.r.IntN(4) == 0 {
		cut := len(text) - 1 - l.r.IntN(min(len(text), 40))
		text, l.rest = text[:cut], append([]byte(nil), text[cut:]...)
	}
	return l.put(text)
}

// Half writes the first half of one more line.
func (l *Log) Half() error {
	line := l.Chain.next(l.size)
	l.size += int64(len(line))
	text := append(l.rest, line...)
	cut := len(text) - len(line)/2
	l.rest = append([]byte(nil), text[cut:]...)
	return l.put(text[:cut])
}

// Flush writes what Write held back.
func (l *Log) Flush() error {
	text := l.rest
	l.rest = nil
	return l.put(text)
}

func (l *Log) put(text []byte) error {
	if _, err := l.f.Write(text); err != nil {
		return fmt.Errorf("write %s: %w", l.Path, err)
	}
	return nil
}

// Rename renames the file to a path; the descriptor stays as it is.
func (l *Log) Rename(path string) error {
	if err := os.Rename(l.Path, path); err != nil {
		return err
	}
	l.Chain.named(l.file, path)
	return nil
}

// Rotate renames the file to "path.1", what is there to "path.2", and so on,
// and deletes what is beyond keep.
func (l *Log) Rotate(keep int) error {
	if err := l.shift(keep); err != nil {
		return err
	}
	return l.Rename(l.Path + ".1")
}

// RotateCopy is like Rotate, but copies and truncates the present file.
func (l *Log) RotateCopy(keep int) error {
	if err := l.shift(keep); err != nil {
		return err
	}
	return l.CopyTruncate(l.Path + ".1")
}

// shift makes the name "path.1" free, which the present file is to get.
func (l *Log) shift(keep int) error {
	if len(l.names) == keep {
		if err := os.Remove(l.names[keep-1].path); err != nil {
			return err
		}
		l.names = l.names[:keep-1]
	}
	for i := len(l.names) - 1; i >= 0; i-- {
		to := fmt.Sprintf("%s.%d%s", l.Path, i+2, l.names[i].ext)
		if err := os.Rename(l.names[i].path, to); err != nil {
			return err
		}
		l.names[i].path = to
		l.Chain.named(l.names[i].file, to)
	}
	l.names = append([]old{{path: l.Path + ".1", file: l.file}}, l.names...)
	return nil
}

// Compressors are commands that put a compressed file in the place of a plain
// one, by what they append to its name.
var Compressors = map[string][]string{
	".gz":  {"gzip"},
	".zst": {"zstd", "-q", "--rm"},
	".xz":  {"xz", "-1"},
	".bz2": {"bzip2"},
}

// Compress compresses the n-th rotated file, 0 for the newest.
func (l *Log) Compress(n int, ext string) error {
	command := append(slices.Clone(Compressors[ext]), l.names[n].path)
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%q: %w\n%s", command, err, out)
	}
	l.names[n].path += ext
	l.names[n].ext = ext
	return nil
}

// Create makes an empty file at the path, as logrotate's "create" does. The
// descriptor stays as it is.
func (l *Log) Create() error {
	f, err := os.OpenFile(l.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// Reopen closes the descriptor and opens the path again, which is a new file
// or an empty one.
func (l *Log) Reopen() error {
	if err := l.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(l.Path, os.O_CREATE|l.mode|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	l.f, l.size = f, 0
	l.file++
	l.Chain.begin(l.Path)
	return nil
}

// NoAppend makes the program write at its own position, not at the end of the
// file, as one does that opens without O_APPEND. Nothing was written yet.
func (l *Log) NoAppend() error {
	l.mode = 0
	if err := l.f.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(l.Path, os.O_WRONLY, 0)
	l.f = f
	return err
}

// At says that the file holds size bytes already, of something else.
func (l *Log) At(size int64) { l.size = size }

// Hole makes the file n bytes longer without writing.
func (l *Log) Hole(n int64) error {
	if err := l.Flush(); err != nil {
		return err
	}
	l.size += n
	return l.f.Truncate(l.size)
}

// CopyTruncate copies the file to a path and empties it. Nothing is written in
// between: that would be lost by whoever does this.
func (l *Log) CopyTruncate(path string) error {
	if err := l.Flush(); err != nil {
		return err
	}
	return l.CopyTruncateHalf(path)
}

// CopyTruncateHalf is CopyTruncate while the program is in the middle of a
// line, the end of which comes to the emptied file.
func (l *Log) CopyTruncateHalf(path string) error {
	if err := copyFile(l.Path, path); err != nil {
		return err
	}
	l.Chain.named(l.file, path)
	return l.truncate()
}

// Truncate empties the file.
func (l *Log) Truncate() error {
	if err := l.Flush(); err != nil {
		return err
	}
	return l.truncate()
}

func (l *Log) truncate() error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	l.Truncated()
	return nil
}

// Truncated notes that somebody has emptied the file.
func (l *Log) Truncated() {
	if l.mode == os.O_APPEND {
		l.size = int64(len(l.rest))
	}
	l.file++
	l.Chain.begin(l.Path)
}

// Restore puts a copy in the place of the file, as a backup does: another inode
// with the same bytes.
func (l *Log) Restore() error {
	copied := l.Path + ".restored"
	if err := copyFile(l.Path, copied); err != nil {
		return err
	}
	if err := os.Rename(copied, l.Path); err != nil {
		return err
	}
	if err := l.f.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(l.Path, l.mode|os.O_WRONLY, 0)
	l.f = f
	return err
}

// Also notes one more name of the file.
func (l *Log) Also(path string) { l.Chain.named(l.file, path) }

// Moved notes that a directory above the file has another name.
func (l *Log) Moved(path string) {
	l.Path = path
	l.Chain.named(l.file, path)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return err
	}
	return dst.Close()
}

// Delete removes the file; the descriptor stays as it is.
func (l *Log) Delete() error { return os.Remove(l.Path) }

// Close writes what Write held back and closes the descriptor.
func (l *Log) Close() error {
	if l.f == nil {
		return nil
	}
	if err := l.Flush(); err != nil {
		return err
	}
	err := l.f.Close()
	l.f = nil
	return err
}

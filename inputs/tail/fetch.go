package tail

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// After a crash the bytes of spans are read again, from wherever they are now.

// errEnded says that Run has ended.
var errEnded = errors.New("the input has ended")

// Fetch implements flow.Fetcher. It waits for the first scan.
func (in *Input) Fetch(s flow.Span, c *flow.Chunk) error {
	select {
	case <-in.scanned:
	case <-in.stopped:
		return errEnded
	}
	in.mu.Lock()
	f := in.files[s.File]
	in.mu.Unlock()
	if f == nil {
		return flow.ErrGone
	}
	err := in.fetch(f, s, c)
	if err == nil {
		f.mu.Lock()
		f.missed = 0 // it may hide once more
		f.mu.Unlock()
		c.File, c.Path, c.Start = f.id, f.path, s.Start
		c.Part, c.Final, c.Reading = s.Part, s.Final, 0
		c.Form = in.formOf(f, s.Form)
		if s.Reading == 0 {
			c.Split()
			return nil
		}
		if err = in.book.Again(s, c); err != nil {
			in.log.Error("lines cannot be sent again", "path", f.path, "from", s.Start, "to", s.End, "error", err)
		}
		return err
	}
	if !errors.Is(err, flow.ErrGone) {
		return fmt.Errorf("read %q from %d to %d again: %w", f.path, s.Start, s.End, err)
	}
	return in.giveUp(f, s)
}

// giveUp says that a span is gone once a full scan was made since it was first
// missed: a file that is being renamed can hide from a listing.
func (in *Input) giveUp(f *file, s flow.Span) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.has(sought|young) || f.joinedSought() {
		return fmt.Errorf("read %q from %d to %d again: %w: the compressed files beside it are looked into", f.path, s.Start, s.End, flow.ErrSought)
	}
	if f.away {
		return fmt.Errorf("read %q from %d to %d again: the file system that it is on is not mounted", f.path, s.Start, s.End)
	}
	if f.missed == 0 {
		f.missed = int32(in.begun.Load())
		in.tell(task{})
	}
	if in.scans.Load() <= int64(f.missed) {
		return fmt.Errorf("read %q from %d to %d again: %w: nothing is where the file was last seen (%q); a full scan of the directories was asked for, and they are given up if that does not find it either",
			f.path, s.Start, s.End, flow.ErrSought, f.now)
	}
	return flow.ErrGone
}

// joinedSought says that the next file, which what is joined to f is in, is looked for in
// compressed files. The caller holds mu.
func (f *file) joinedSought() bool {
	if f.joined == 0 || f.next == nil {
		return false
	}
	f.next.mu.Lock()
	defer f.next.mu.Unlock()
	return f.next.has(sought | young)
}

// fetch reads the bytes of s into c.Data: from the file's descriptor or its
// place, else from whatever file beside it has them.
func (in *Input) fetch(f *file, s flow.Span, c *flow.Chunk) error {
	f.mu.Lock()
	if f.packed {
		f.mu.Unlock()
		return in.fetchPacked(f, s, c)
	}
	letGo, err := f.openFor()
	if err == nil {
		err = content.Fill(s, c, f.preadJoined)
	}
	letGo() // nobody else may know that it is open
	paths := []string{f.now, f.path}
	f.mu.Unlock()
	if err == nil || in.fetchAppended(f, s, c) == nil {
		return nil
	}
	dirs := slices.Compact([]string{filepath.Dir(paths[0]), filepath.Dir(paths[1])})
	failed := err
	for _, dir := range dirs {
		l, err := in.disk.Snapshot(dir, nil, func(disk.Entry) bool { return true })
		if err != nil {
			failed = err
			continue
		}
		for _, e := range l.Files {
			if e.Size < s.End {
				continue
			}
			if in.fetchFrom(e.Path, s, c) == nil {
				return nil
			}
		}
	}
	if errors.Is(failed, disk.ErrMoved) || errors.Is(failed, errGone) || errors.Is(failed, flow.ErrGone) {
		return flow.ErrGone
	}
	return failed
}

// fetchFrom reads s from the file at path, if it is known by its mark.
func (in *Input) fetchFrom(path string, s flow.Span, c *flow.Chunk) error {
	fd, err := in.disk.Open(path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return fetchKnown(in.content(fd), s, c)
}

// fetchKnown reads s from what is known by its mark.
func fetchKnown(of content.Content, s flow.Span, c *flow.Chunk) error {
	known := func() bool {
		ok, err := of.Matches(s.End, s.Mark)
		return err == nil && ok
	}
	if !known() {
		return flow.ErrGone // before all of the span is read: there may be many files beside it
	}
	if err := content.Fill(s, c, of.Pread); err != nil {
		return err
	}
	if !known() {
		return flow.ErrGone // it has changed meanwhile
	}
	return nil
}

// fetchPacked reads s from f, a compressed file. It does not hold the file's
// lock, since decompression takes time, nor disturb who reads the file.
func (in *Input) fetchPacked(f *file, s flow.Span, c *flow.Chunk) error {
	f.mu.Lock()
	e := disk.Entry{Path: f.now, Key: f.key}
	f.mu.Unlock()
	err := in.replay.Read(&in.disk, e, in.unpack, func(r *unpack.Reader) error {
		return content.Fill(s, c, func(b []byte, off int64) (int, error) {
			n, err := r.Pread(b, off)
			if err == nil && n < len(b) {
				var m int
				m, err = f.fetchJoined(b[n:], off+int64(n))
				n += m
			}
			return n, err
		})
	})
	select {
	case <-in.jobs.Quit(): // Run, when it ended, may not have waited for this
		in.replay.LetGo(0)
	default:
	}
	return gone(err)
}

// gone gives an error of reading a compressed file again its meaning.
func gone(err error) error {
	if errors.Is(err, disk.ErrMoved) || errors.Is(err, errGone) || errors.Is(err, unpack.ErrDamaged) || errors.Is(err, unpack.ErrLimit) {
		return flow.ErrGone
	}
	return err
}

// fetchJoined reads what is joined to the end of f.
func (f *file) fetchJoined(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.joined == 0 {
		return 0, nil
	}
	return f.fillJoined(p, off)
}

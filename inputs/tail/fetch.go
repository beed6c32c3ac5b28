package tail

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

var errStopped = errors.New("tail: stopped")

// Fetch implements flow.Fetcher. It waits for the first scan.
func (in *Input) Fetch(s flow.Span, c *flow.Chunk) error {
	select {
	case <-in.scanned:
	case <-in.stopped:
		return errStopped
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
		if err := in.cutAgain(s, c); err != nil {
			in.log.Error("lines cannot be sent again", "path", f.path, "from", s.Start, "to", s.End, "error", err)
			return err
		}
		return nil
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
	if f.sought || f.copyPending {
		return fmt.Errorf("read %q from %d to %d again: it is being looked for in the compressed files beside it", f.path, s.Start, s.End)
	}
	if f.away {
		return fmt.Errorf("read %q from %d to %d again: the file system that it is on is not mounted", f.path, s.Start, s.End)
	}
	if f.missed == 0 {
		f.missed = in.begun.Load()
		in.tell(task{})
	}
	if in.scans.Load() <= f.missed {
		return fmt.Errorf("read %q from %d to %d again: not found where it was last seen (%q); these lines wait for the full scan of the directories that was asked for, and are given up if that does not find it either",
			f.path, s.Start, s.End, f.now)
	}
	return flow.ErrGone
}

// fetch reads the bytes of s into c.Data: from the file's descriptor or its
// place, else from whatever file beside it has them.
func (in *Input) fetch(f *file, s flow.Span, c *flow.Chunk) error {
	f.mu.Lock()
	if f.packed {
		f.mu.Unlock()
		return in.fetchPacked(f, s, c)
	}
	closed := f.fd < 0
	err := f.open()
	if err == nil {
		err = f.fetch(s, c)
	}
	if closed {
		f.close() // nobody else may know that it is open
	}
	paths := []string{f.now, f.path}
	f.mu.Unlock()
	if err == nil {
		return nil
	}
	dirs := slices.Compact([]string{filepath.Dir(paths[0]), filepath.Dir(paths[1])})
	failed := err
	for _, dir := range dirs {
		l, err := in.disk.snapshot(dir, nil, func(entry) bool { return true })
		if err != nil {
			failed = err
			continue
		}
		for _, e := range l.files {
			if e.size < s.End {
				continue
			}
			if in.disk.fetchFrom(e.path, s, c) == nil {
				return nil
			}
		}
	}
	if errors.Is(failed, errMoved) || errors.Is(failed, errGone) || errors.Is(failed, flow.ErrGone) {
		return flow.ErrGone
	}
	return failed
}

// fetch reads s from the open file. The caller holds mu.
func (f *file) fetch(s flow.Span, c *flow.Chunk) error {
	return fill(s, c, f.preadJoined)
}

// fill reads s into c, and what the marks within s need: the bytes before it,
// and the hash of the file's first. read is as pread.
func fill(s flow.Span, c *flow.Chunk, read func(p []byte, off int64) (int, error)) error {
	lead := leadLen(s.Start)
	size := lead + int(s.End-s.Start)
	c.Buf = slices.Grow(c.Buf[:0], size)[:size]
	c.Lead, c.Data = c.Buf[:lead], c.Buf[lead:]
	n, err := read(c.Buf, s.Start-int64(lead))
	if err != nil {
		return err
	}
	if n < len(c.Buf) || flow.Sum(c.Data) != s.Sum {
		return flow.ErrGone
	}
	c.PrefixLen, c.Prefix = s.Mark.PrefixLen, s.Mark.Prefix
	if s.Start < flow.PrefixMax {
		var buf [flow.PrefixMax]byte
		p := buf[:s.Start]
		if _, err := read(p, 0); err != nil {
			return err
		}
		c.PrefixLen, c.Prefix = len(p), flow.PrefixSum(0, p)
	}
	return nil
}

// fetchFrom reads s from the file at path, if it is known by its mark.
func (d *disk) fetchFrom(path string, s flow.Span, c *flow.Chunk) error {
	fd, err := d.openFile(path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	known := func() bool {
		ok, err := d.content(fd).matches(s.End, s.Mark)
		return err == nil && ok
	}
	if !known() {
		return flow.ErrGone // before all of the span is read: there may be many files beside it
	}
	if err := fill(s, c, func(p []byte, off int64) (int, error) { return d.content(fd).pread(p, off) }); err != nil {
		return err
	}
	if !known() {
		return flow.ErrGone // it has changed meanwhile
	}
	return nil
}

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
		c.File, c.Path, c.Start = f.id, f.path, s.Start
		c.Part, c.Final = s.Part, s.Final
		c.Lead, c.PrefixLen, c.Prefix = nil, 0, 0
		c.Split()
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
	scans := in.scans.Load()
	if f.missed == 0 {
		f.missed = scans
		in.tell(task{})
	}
	if scans <= f.missed {
		return fmt.Errorf("read %q from %d to %d again: not found yet", f.path, s.Start, s.End)
	}
	return flow.ErrGone
}

// fetch reads the bytes of s into c.Data: from the file's descriptor or its
// place, else from whatever file beside it has them.
func (in *Input) fetch(f *file, s flow.Span, c *flow.Chunk) error {
	n := int(s.End - s.Start)
	c.Buf = slices.Grow(c.Buf[:0], n)[:n]
	c.Data = c.Buf
	f.mu.Lock()
	closed := f.fd < 0
	err := f.open()
	if err == nil {
		err = f.fetch(s, c.Data)
	}
	if closed {
		f.close() // nobody else may know that it is open
	}
	paths := []string{f.now, f.path}
	known := f.key
	f.mu.Unlock()
	if err == nil {
		return nil
	}
	dirs := slices.Compact([]string{filepath.Dir(paths[0]), filepath.Dir(paths[1])})
	failed := err
	for _, dir := range dirs {
		l, err := list(dir)
		if err != nil {
			failed = err
			continue
		}
		for _, e := range l.files() {
			if e.size < s.End || e.key != known && !in.trusted(f, s, e) {
				continue
			}
			if fetchFrom(e.path, s, c.Data) == nil {
				return nil
			}
		}
	}
	if errors.Is(failed, errMoved) || errors.Is(failed, errGone) || errors.Is(failed, flow.ErrGone) {
		return flow.ErrGone
	}
	return failed
}

// trusted says whether enough is known of s, or of its file, to tell by content
// that e has its bytes.
func (in *Input) trusted(f *file, s flow.Span, e entry) bool {
	if s.Mark.PrefixLen >= flow.TailMax {
		return true
	}
	f.mu.Lock()
	off := f.pos.off
	f.mu.Unlock()
	if off < flow.TailMax || e.size < off {
		return false
	}
	same, err := in.sameContent(f, e)
	return same && err == nil
}

// fetch reads s from the open file. The caller holds mu.
func (f *file) fetch(s flow.Span, p []byte) error {
	n, err := pread(f.fd, p, s.Start)
	if err != nil {
		return err
	}
	if n < len(p) && f.joined > 0 {
		m, err := f.fillJoined(p[n:], s.Start+int64(n))
		if err != nil {
			return err
		}
		n += m
	}
	if n < len(p) || flow.Sum(p) != s.Sum {
		return flow.ErrGone
	}
	return nil
}

// fetchFrom reads s from the file at path, if it is known by its mark.
func fetchFrom(path string, s flow.Span, p []byte) error {
	fd, err := openFile(path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n, err := pread(fd, p, s.Start)
	if err != nil {
		return err
	}
	if n < len(p) || flow.Sum(p) != s.Sum {
		return flow.ErrGone
	}
	if ok, err := matches(fd, s.End, s.Mark); err != nil || !ok {
		return flow.ErrGone
	}
	return nil
}

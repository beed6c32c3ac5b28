package journal

import (
	"errors"
	"fmt"
)

// ErrClosed is the error of a write after Close.
var ErrClosed = errors.New("the journal is closed")

// Write appends the records, all in one write(2). After an error none of them
// counts, and the caller tries again later; the journal logs it when it begins
// and when it ends.
func (j *Journal) Write(recs ...Record) error { return j.write(recs, j.o.Sync == 0) }

// WriteSync is Write, and what was written is durable before it returns.
func (j *Journal) WriteSync(recs ...Record) error { return j.write(recs, true) }

func (j *Journal) write(recs []Record, sync bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if err := j.flush(recs, sync); err != nil {
		return fmt.Errorf("journal %s: %w", j.dir, err)
	}
	for _, r := range recs {
		j.fold.apply(r)
	}
	j.compact()
	return nil
}

// Note records what has happened already and cannot be refused: Ack, Done,
// Lost, Forget, File. It counts at once; what cannot be written now is written
// before anything else later.
func (j *Journal) Note(recs ...Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range recs {
		if j.fold.apply(r) { // else it would count as damage at the next start
			j.notes = appendLine(j.notes, r)
		}
	}
	switch {
	case j.closed:
	// While the disk is full, notes wait for the next Write, or for run:
	// each would try all that wait.
	case !j.writing.on && j.flush(nil, false) == nil:
		j.compact()
	default:
		j.keep()
	}
}

// keep sees that the notes that wait are written in the end.
func (j *Journal) keep() {
	if len(j.notes) > notesMax {
		// The fold has them: a new generation has them too.
		j.notes, j.must = nil, true
	}
	j.rouse()
}

// flush appends the notes that wait and recs, and makes them durable when sync
// is set. After an error the notes wait on, and nothing of recs is left.
func (j *Journal) flush(recs []Record, sync bool) error {
	if err := j.ready(sync); err != nil {
		return err
	}
	j.buf = append(j.buf[:0], j.notes...)
	for _, r := range recs {
		j.buf = appendLine(j.buf, r)
	}
	if len(j.buf) > 0 {
		err := j.out.write(j.buf)
		j.writing.check(err)
		if err != nil {
			return err
		}
		j.dirty = true
		j.written += int64(len(j.buf))
		j.rouse()
	}
	if sync {
		if err := j.sync(); err != nil {
			j.out.undo(len(j.buf))
			return err
		}
	}
	if len(j.buf) > 0 {
		j.noteLength()
	}
	j.notes = j.notes[:0]
	if j.aside != nil {
		j.aside.tail = append(j.aside.tail, j.buf...)
	}
	if cap(j.buf) > bufMax {
		j.buf = nil // a scan that finds many files writes them at once
	}
	return nil
}

// ready makes the new generation without which nothing can be written, or
// nothing can be made durable.
func (j *Journal) ready(sync bool) error {
	if j.out != nil && j.out.mend() != nil {
		j.must = true
	}
	if !j.must && !(sync && j.doubt) {
		return nil
	}
	err := j.renew()
	j.writing.check(err)
	return err
}

// sync makes what was written durable.
func (j *Journal) sync() error {
	err := j.syncDir()
	if err == nil && j.dirty {
		if err = j.timed(j.out.file); err != nil {
			// The kernel may have dropped the pages: a second sync that
			// succeeds would prove nothing.
			j.doubt = true
		} else {
			j.dirty = false
		}
	}
	j.syncing.check(err)
	return err
}

func (j *Journal) syncDir() error {
	if !j.dirtyDir {
		return nil
	}
	err := j.o.disk.SyncDir(j.dir)
	j.dirtyDir = err != nil
	return err
}

package tail

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// An input with DeleteAfter deletes its files: those that one of its patterns
// matches under the name that they have now, of which every byte was shipped
// and acked, that end with a line, and that nobody has written to for so long.
//
//  1. The journal says that the file is being deleted, and makes that durable,
//     with all acks before it: whatever happens now, the file is not shipped
//     again, nor is it missed.
//  2. The file is opened, and compared with what was read of it. Nobody may
//     have it open for writing: a lease, which the kernel gives for a file only
//     that has no writer, holds new ones off until the name is gone.
//  3. In its directory, held open so that it cannot be exchanged, the name must
//     lead to the very inode, of the very size, and must be the only one.
//  4. The name is removed. What somebody still managed to append, where there
//     are no leases, is read from the descriptor, as of any file that was
//     deleted.
//
// Then the journal forgets the file.

const (
	deleteEvery = scanEvery
	deleteBatch = 100         // files at most in one turn of the loop
	deleteAgain = time.Minute // after a file could not be deleted
)

// deletions is what Run knows of files to be deleted.
type deletions struct {
	wanted bool // by any input
	next   time.Time
	failed map[*file]failure
}

// failure is why a file could not be deleted, and when that is tried again.
type failure struct {
	why   string
	again time.Time
}

// deleteAll deletes the files whose time has come.
func (in *Input) deleteAll(now time.Time) {
	if !in.del.wanted || now.Before(in.del.next) {
		return
	}
	in.del.next = now.Add(deleteEvery)
	var files []*file
	var recs []journal.Record
	for _, f := range in.files {
		if f.conf.DeleteAfter == 0 || f.deleting || in.full() {
			continue
		}
		if why, _ := in.keeps(f, now); why != "" {
			continue
		}
		if len(files) == deleteBatch {
			in.del.next = now // the rest at the next tick
			break
		}
		f.deleting = true
		files = append(files, f)
		recs = append(recs, journal.Record{File: f.journalFile()})
	}
	if len(files) == 0 {
		return
	}
	err := in.o.Journal.WriteSync(recs...)
	for _, f := range files {
		if err == nil && in.delete(f) {
			continue
		}
		in.keep(f)
	}
}

// keep ends the deletion of f, which is still there.
func (in *Input) keep(f *file) {
	f.deleting = false
	in.noteFile(f)
}

// keeps says why f, whose input wants it deleted, is not deleted yet, and until
// when, if that is known. Empty: as far as is known without looking, its time has
// come.
func (in *Input) keeps(f *file, now time.Time) (why string, until time.Time) {
	f.mu.Lock()
	off, end, half, written := f.pos.off, f.end(), f.pos.mark.Part != 0 || f.joined > 0, time.Unix(0, f.mtime)
	f.mu.Unlock()
	due := written.Add(f.conf.DeleteAfter)
	switch failed := in.del.failed[f]; {
	case f.packed:
		return "compressed files are not deleted", until
	case f.original != nil:
		return "it is a copy", until
	case f.base > 0:
		return "it was not shipped from its beginning", until
	case f.gone || f.resumed || !f.recorded || f.wrong != nil || f.prev != nil || f.queue.Busy(f):
		return "it is not read to its end", until
	case off == 0 && end == 0:
		return "it is empty", until
	case f.state == rotated:
		return "somebody may still write to it", until
	case f.state != following && f.state != done, off == 0, off != end:
		return "it is not read to its end", until
	case half:
		return "its last line is not complete", until
	case in.unacked(f):
		return "not all of it is acknowledged", until
	case !due.Before(now):
		return "it was written to", due
	case !in.matchesNow(f):
		return "no pattern of its input matches its present name", until
	case in.hasCopy(f):
		return "a copy of it is beside it, which is not shipped for that reason alone", until
	case now.Before(failed.again):
		return failed.why, failed.again
	}
	return "", until
}

// matchesNow says that a pattern of the input of f matches its present name.
func (in *Input) matchesNow(f *file) bool {
	i := in.pats.Match(f.now)
	return i >= 0 && &in.o.Inputs[i] == f.conf
}

// hasCopy says that a copy of f may be beside it that is not shipped for that
// reason alone.
func (in *Input) hasCopy(f *file) bool {
	d := in.dirs[filepath.Dir(f.now)]
	if d == nil || d.last == nil {
		return true // not looked at yet
	}
	return slices.ContainsFunc(rotation.Family(d.last, f.path), func(m rotation.Member) bool {
		g := in.byKey[m.Key]
		return g != nil && g.original != nil
	})
}

// shippedWhole says that all of f was read, that it ends with a line, and that
// it was last written to before t. The caller holds mu.
func (f *file) shippedWhole(t time.Time) bool {
	return f.pos.off > 0 && f.pos.off == f.end() && f.pos.mark.Part == 0 && f.joined == 0 && f.mtime < t.UnixNano()
}

// delete removes the name of f, which the journal knows to be wanted, and says
// whether it did.
func (in *Input) delete(f *file) (deleted bool) {
	dir, err := in.disk.OpenDir(filepath.Dir(f.now))
	if err != nil {
		return in.notDeleted(f, err)
	}
	defer unix.Close(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		defer func() {
			if !deleted {
				f.close()
			}
		}()
	}
	if err := f.open(); err != nil {
		return in.notDeleted(f, err)
	}
	same, err := f.verify(f.pos.off)
	if err != nil || !same || !f.shippedWhole(time.Now().Add(-f.conf.DeleteAfter)) {
		return in.notDeleted(f, err) // a look finds out what it is now
	}
	switch err := in.disk.Lease(f.fd); err {
	case nil:
		defer unix.FcntlInt(uintptr(f.fd), unix.F_SETLEASE, unix.F_UNLCK)
	case unix.EAGAIN:
		return in.notDeleted(f, errWritten)
	}
	if at, err := f.content().FirstData(f.pos.off); err != nil || at >= 0 {
		return in.notDeleted(f, err) // it was written to since, where there was space
	}
	if err := in.disk.RemoveAt(dir, filepath.Base(f.now), f.key, f.size); err != nil {
		return in.notDeleted(f, err)
	}
	f.gone = true
	in.log.Info("deleted, since it was shipped and delete_after_ack is over", "path", f.now, "bytes", f.size)
	in.unfollow(f)
	return true
}

// unfollow lets the file whose name was removed come to its end like any that
// was rotated.
func (in *Input) unfollow(f *file) {
	if _, ok := in.said[undeletable(f)]; ok {
		delete(in.said, undeletable(f))
		in.log.Info("files can be deleted again", "directory", filepath.Dir(f.now))
	}
	in.readOut(f)
}

func undeletable(f *file) string { return "delete:" + filepath.Dir(f.now) }

// errWritten says that a file is not deleted because somebody has it open to
// write to it.
var errWritten = errors.New("a program has it open to write to it")

// notDeleted leaves f alone for a while, and says why, once for a directory. It
// returns false.
func (in *Input) notDeleted(f *file, err error) bool {
	why := "it has changed"
	if errors.Is(err, errWritten) {
		why = err.Error()
	} else if err != nil {
		why = "it could not be deleted: " + err.Error()
	}
	in.del.failed[f] = failure{why, time.Now().Add(deleteAgain)}
	if err == nil || errors.Is(err, errWritten) || errors.Is(err, disk.ErrMoved) || errors.Is(err, errGone) || !in.once(undeletable(f)) {
		return false // it changes, which a look sees to
	}
	if errors.Is(err, disk.ErrLinked) {
		in.log.Warn("a shipped file is not deleted: it is a link, or has several names", "path", f.now)
		return false
	}
	in.log.Error(fmt.Sprintf("cannot delete %q, which was shipped: %v: let the user that tailrace runs as write to its directory, or remove delete_after_ack; it is tried again, also for the other files of the directory", f.now, err))
	return false
}

// deleted says that f was deleted by us, is acked, and need not be known any
// more: nothing is beside it that may have been made of it.
func (in *Input) deleted(f *file) bool {
	if !f.deleting || f.state != done || !f.gone {
		return false
	}
	if acked, _ := in.o.Journal.Acked(f.id); acked < f.at() {
		return false
	}
	d := in.dirs[filepath.Dir(f.path)]
	return d == nil || d.last == nil || len(rotation.Family(d.last, f.path)) == 0
}

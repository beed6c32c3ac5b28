package tail

import (
	"cmp"
	"maps"
	"slices"

	"tailrace/inputs/tail/content"
)

// How many files are open, and which of those were deleted: they take disk space that
// only we hold.

// opened and closed keep count of the files that have a descriptor.
func (in *Input) opened(f *file) {
	in.stats.open.Add(1)
	in.openMu.Lock()
	defer in.openMu.Unlock()
	in.open[f] = true
}

func (in *Input) closed(f *file) {
	in.stats.open.Add(-1)
	in.openMu.Lock()
	defer in.openMu.Unlock()
	delete(in.open, f)
}

// openFiles is those that have a descriptor now, in any order.
func (in *Input) openFiles() []*file {
	in.openMu.Lock()
	defer in.openMu.Unlock()
	return slices.Collect(maps.Keys(in.open))
}

// full says whether no more files are to be held open.
func (in *Input) full() bool { return in.stats.open.Load() >= in.maxOpen }

// spare closes the file when too many are open, unless no name leads to it: it
// could not be opened again. The caller holds mu.
func (f *file) spare() {
	if f.fd < 0 || f.z != nil || f.queue.in.stats.open.Load() <= f.queue.in.maxOpen {
		return
	}
	if e, err := f.content().Describe(); err == nil && e.Nlink > 0 {
		f.close()
	}
}

// content is that of the open file fd, which is not compressed.
func (in *Input) content(fd int) content.Content { return content.Of(&in.disk, fd) }

// content is that of f, which must be open. The caller holds mu.
func (f *file) content() content.Content { return content.OfPacked(&f.queue.in.disk, f.fd, f.z) }

// giveUpHeld keeps the disk space of deleted files that wait to be read below
// Options.HoldDeleted: the ones that were deleted first are given up.
func (in *Input) giveUpHeld() {
	if in.o.HoldDeleted == 0 {
		return
	}
	var held int64
	deleted := in.heldDeleted()
	for _, space := range deleted {
		held += space
	}
	for held > in.o.HoldDeleted {
		oldest := (*file)(nil)
		for f := range deleted {
			if oldest == nil || cmp.Or(cmp.Compare(f.since, oldest.since), olderFile(f, oldest)) < 0 {
				oldest = f
			}
		}
		held -= deleted[oldest]
		delete(deleted, oldest)
		in.giveUpUnread(oldest)
	}
}

// heldDeleted is the open files that were deleted, and what each takes on the disk.
func (in *Input) heldDeleted() map[*file]int64 {
	deleted := map[*file]int64{}
	for _, f := range in.openFiles() {
		f.mu.Lock()
		if f.fd >= 0 {
			if e, err := f.content().Describe(); err == nil && e.Nlink == 0 {
				deleted[f] = in.disk.SpaceFD(f.fd)
				if e.Size > f.size && f.joined == 0 {
					f.saw(e)
				}
			}
		}
		f.mu.Unlock()
	}
	return deleted
}

// noteHeld notes, when the agent ends, how long the deleted files are that it was not
// done with: the next run finds their rest compressed, or counts it as lost.
func (in *Input) noteHeld() {
	for f := range in.heldDeleted() {
		if f.state != done {
			f.gone = true
			in.noteFile(f)
		}
	}
}

// giveUpUnread lets go of a deleted file that was not read to its end.
func (in *Input) giveUpUnread(f *file) {
	if f.state == done {
		f.mu.Lock()
		f.close() // somebody opened it for another reason
		f.mu.Unlock()
		return
	}
	f.queue.Remove(f)
	f.mu.Lock()
	rest, lines := f.end()-f.joined-f.dataFrom(), int64(0)
	if rest > 0 && f.fd >= 0 {
		lines = f.content().CountLines(f.pos.off, f.size)
	}
	f.gone, f.ended = true, f.pos.off
	f.close() // now: a Next that waits for the lock must not ship what is lost
	f.mu.Unlock()
	if rest > 0 {
		in.loseLines(f, rest, lines, lostHeld)
	}
	in.finish(f)
	in.lostHalf(f)
}

package tail

import "cmp"

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
			if oldest == nil || cmp.Or(f.since.Compare(oldest.since), cmp.Compare(f.id, oldest.id)) < 0 {
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
			if e, err := f.content().describe(); err == nil && e.nlink == 0 {
				deleted[f] = e.space
				if e.size > f.size {
					f.saw(e)
				}
			}
		}
		f.mu.Unlock()
	}
	return deleted
}

// noteHeld notes, when the agent ends, how long the deleted files are that were not
// read: the next run finds their rest compressed, or counts it as lost.
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
	f.queue.remove(f)
	f.mu.Lock()
	rest, lines := f.size-f.pos.off, int64(0)
	if rest > 0 && f.fd >= 0 {
		lines = f.countLines(f.pos.off)
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

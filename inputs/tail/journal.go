package tail

import (
	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// What is kept over restarts: the identities of files, before a line of them is given,
// and what changes of them. How far each was shipped is noted by who ships it.

// Journal is where identities are kept over restarts.
type Journal interface {
	// Write records what must be on file before what follows from it.
	Write(recs ...journal.Record) error
	// WriteSync is Write, and all that was recorded so far survives a power cut.
	WriteSync(recs ...journal.Record) error
	// Note records what may come later, and never fails.
	Note(recs ...journal.Record)
	// Acked is the position up to which the file's lines are acked.
	Acked(id flow.FileID) (int64, flow.Mark)
	// NewFile is the next unused id.
	NewFile() flow.FileID
	// Ladder is places below the position by which it is known again.
	Ladder(id flow.FileID) journal.Ladder
	// Reading is the number of a way in which bytes are cut into records, and
	// is on file before any span that names it.
	Reading(spec string) int
}

// recordNew writes the files that are new to the journal. Until that succeeds none
// of their lines is given.
func (in *Input) recordNew() {
	if len(in.fresh) == 0 {
		in.looked()
		return
	}
	var recs []journal.Record
	for _, f := range in.fresh {
		recs = append(recs, journal.Record{File: f.journalFile()})
	}
	if err := in.o.Journal.Write(recs...); err != nil {
		in.warnOnce("journal", "new files wait until the journal can be written", "error", err)
		return
	}
	delete(in.said, "journal")
	fresh := in.fresh
	in.fresh = nil
	for _, f := range fresh {
		f.recorded = true
	}
	in.looked()
	in.wakeAll(fresh)
}

// looked notes, once, that all files were looked at and those that are new are
// in the journal: what is younger than that and not known was not seen. What waits
// to be known was not: the next run could not tell it from history.
func (in *Input) looked() {
	if in.noted || in.first || len(in.fresh) > 0 {
		return
	}
	for _, d := range in.dirs {
		if d.waits && d.prior == nil {
			return
		}
	}
	in.noted = true
	in.o.Journal.Note(journal.Record{Looked: &journal.Looked{Done: true}})
}

// noteFile brings the journal's record of f up to date.
func (in *Input) noteFile(f *file) {
	if f.recorded {
		in.o.Journal.Note(journal.Record{File: f.journalFile()})
	}
}

// noteSpace notes that f ends in space that was taken in advance, lest the next run take
// that for lines that are lost, should f be gone.
func (in *Input) noteSpace(f *file) {
	f.mu.Lock()
	known := f.spaceKnown
	f.spaceKnown = f.reserved && f.recorded
	f.mu.Unlock()
	if !known && in.files[f.id] == f {
		in.noteFile(f)
	}
}

func (f *file) journalFile() *journal.File {
	r := &journal.File{
		ID: f.id, Path: f.path, Output: f.queue.output, Topic: f.queue.topic, Dev: f.dev, Ino: f.key.Ino, Birth: f.key.Birth, Owner: int64(f.owner), Handle: f.handle,
		Prev: f.prevID, Base: f.base, BaseMark: f.baseMark, Alike: f.alike, Done: f.state == done, Deleting: f.deleting,
	}
	if f.now != f.path {
		r.Now = f.now
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Hole = f.hole
	switch {
	case r.Done:
		r.End = f.pos.off
	case f.gone:
		r.Size = f.end() - f.joined
		fallthrough
	default:
		r.End = max(f.end()-f.joined, f.noted)
	}
	return r
}

// unacked says that not all that was read of f is acked.
func (in *Input) unacked(f *file) bool {
	at, _ := in.o.Journal.Acked(f.id)
	return at < f.at()
}

package tail

import (
	"path/filepath"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/record"
)

// await has Run see to it that records are given though their end is not known,
// when nothing comes for a while.
func (f *file) await() {
	r := f.rec
	if f.pos.off < f.size && !f.unread() && (r.how.wait > 0 && r.tried[record.Quiet] != f.size ||
		r.how.stall > 0 && r.tried[record.Stalled|record.Quiet] != f.size) {
		f.tellOnce(&r.told.waits, func(in *Input) { in.waits[f] = true })
	}
}

// overdue says what is to be told of the records that wait; More: nothing yet.
// The caller holds mu.
func (f *file) overdue() record.End {
	r, end := f.rec, record.More
	if !f.unread() && time.Since(f.grown) >= r.how.wait {
		end = record.Quiet
	}
	if r.how.stall > 0 && !r.stuck.IsZero() && time.Since(r.stuck) >= r.how.stall {
		end |= record.Stalled
	}
	if end == record.Quiet && r.how.wait == 0 || r.tried[end] == f.size {
		return record.More
	}
	return end
}

// endQuiet asks for the last records of the files that have been quiet. When
// what comes next at the path may go on with one, drain decides.
func (in *Input) endQuiet() {
	for _, f := range byID(in.waits) {
		may := f.state != done && (f.state != rotated || !f.followed()) && in.stays(f)
		f.mu.Lock()
		r := f.rec
		waits, end := f.state != done && f.pos.off < f.size, record.More
		if waits && may {
			end = f.overdue()
		}
		if end != record.More {
			r.flush = end
		}
		if end != record.More || !waits || f.unread() {
			r.told.waits = false
			delete(in.waits, f)
		}
		f.mu.Unlock()
		if end != record.More {
			in.wake(f)
		}
	}
}

// stays says that f is still where it was last seen. If it is not, a look that
// finds out about its successor comes first.
func (in *Input) stays(f *file) bool {
	if f.gone || in.present(f) {
		return true
	}
	in.touched(filepath.Dir(f.now))
	return false
}

// noteSkips notes that what was left out was read, where nothing before it is
// under way: else a file of which nothing is shipped would be read from its
// beginning at each start.
func (in *Input) noteSkips() {
	for _, f := range byID(in.skips) {
		if in.files[f.id] != f { // it is forgotten
			delete(in.skips, f)
			continue
		}
		acked, _ := in.o.Journal.Acked(f.id)
		f.mu.Lock()
		r := f.rec
		s := flow.Span{File: f.id, Start: r.given, End: f.pos.off, Mark: f.pos.mark}
		note := s.End > s.Start && acked >= s.Start
		if note {
			r.given = s.End
		}
		if r.given >= s.End {
			r.told.skips = false
			delete(in.skips, f)
		}
		f.mu.Unlock()
		if note {
			in.o.Journal.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{s}}})
		}
	}
}

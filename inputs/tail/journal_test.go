package tail

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// fakeJournal keeps what is written in memory, as the real one folds it.
type fakeJournal struct {
	mu      sync.Mutex
	recs    []journal.Record
	durable int // records that survive a crash; the rest are notes
	next    flow.FileID
	fail    error
	dead    bool // the process is gone: nothing is written any more
	// first, life and run are what the last run began with: that none before
	// has looked at all files, up to when all was seen, how many records
	// there were. written is when the last was written.
	begun, first  bool
	life, written time.Time
	run           int
	specs         []string // of the readings
}

// realNow is the time by the clock of the file system, which is not that of
// the test.
func realNow() time.Time {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_REALTIME, &t)
	return time.Unix(t.Unix())
}

// begin is what a run that begins now finds of the runs before, as the real
// journal says it; but when the very first began it does not know, so that what
// was there before that may be younger.
func (j *fakeJournal) begin() (life time.Time, first bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.begun {
		j.begun, j.first = true, true
		return time.Time{}, true
	}
	for _, r := range j.recs[min(j.run, len(j.recs)):] {
		if r.Looked != nil {
			j.first, j.life = false, j.written
		}
	}
	j.run = len(j.recs)
	return j.life, j.first
}

var errDead = errors.New("the process is gone")

func (j *fakeJournal) Write(recs ...journal.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		return errDead
	}
	if j.fail != nil {
		return j.fail
	}
	j.recs = append(j.recs, recs...)
	j.durable, j.written = len(j.recs), realNow()
	return nil
}

func (j *fakeJournal) WriteSync(recs ...journal.Record) error { return j.Write(recs...) }

func (j *fakeJournal) Note(recs ...journal.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.dead {
		j.recs, j.written = append(j.recs, recs...), realNow()
	}
}

func (j *fakeJournal) Reading(spec string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.Index(j.specs, spec)
	if i < 0 {
		i, j.specs = len(j.specs), append(j.specs, spec)
	}
	return i + 1
}

// readings is what the journal has of them.
func (j *fakeJournal) readings() map[int]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := map[int]string{}
	for i, spec := range j.specs {
		m[i+1] = spec
	}
	return m
}

func (j *fakeJournal) NewFile() flow.FileID {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	return j.next
}

func (j *fakeJournal) Acked(id flow.FileID) (int64, flow.Mark) {
	for _, f := range j.files() {
		if f.ID == id {
			return f.Acked, f.AckedMark
		}
	}
	return 0, flow.Mark{}
}

func (j *fakeJournal) Ladder(id flow.FileID) journal.Ladder {
	j.mu.Lock()
	defer j.mu.Unlock()
	var l journal.Ladder
	var last flow.Span
	for _, r := range j.recs {
		if r.Done == nil {
			continue
		}
		for _, s := range r.Done.Spans {
			if s.File == id && s.End > last.End {
				l, last = l.Add(last.End, last.Mark), s
			}
		}
	}
	return l
}

// intent and ack stand for the lane: spans that are about to be sent, and
// those that were taken.
func (j *fakeJournal) intent(s flow.Span) {
	_ = j.Write(journal.Record{Intent: &journal.Intent{Spans: []flow.Span{s}}})
}

func (j *fakeJournal) ack(s flow.Span) {
	j.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{s}}})
}

// unacked is the spans of intents without an ack, oldest first.
func (j *fakeJournal) unacked() []flow.Span {
	j.mu.Lock()
	defer j.mu.Unlock()
	acked := map[flow.Span]bool{}
	for _, r := range j.recs {
		if r.Done != nil {
			acked[r.Done.Spans[0]] = true
		}
	}
	var out []flow.Span
	for _, r := range j.recs {
		if r.Intent != nil && !acked[r.Intent.Spans[0]] {
			out = append(out, r.Intent.Spans[0])
		}
	}
	return out
}

// crash drops the notes that were not followed by a write; keep of them stay.
// Nothing is written any more, until the next start.
func (j *fakeJournal) crash(keep int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dead = true
	j.recs = j.recs[:min(len(j.recs), j.durable+keep)]
}

// files folds the records.
func (j *fakeJournal) files() []journal.FileState {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := map[flow.FileID]*journal.FileState{}
	for _, r := range j.recs {
		switch {
		case r.File != nil:
			s := m[r.File.ID]
			if s == nil {
				s = &journal.FileState{}
				m[r.File.ID] = s
			}
			s.File = *r.File
			if s.Base > s.Acked {
				s.Acked, s.AckedMark = s.Base, *s.BaseMark
			}
			if s.Base > s.Resume {
				s.Resume, s.ResumeMark = s.Base, *s.BaseMark
			}
		case r.Forget != nil:
			delete(m, r.Forget.ID)
		case r.Intent != nil:
			for _, sp := range r.Intent.Spans {
				if s := m[sp.File]; s != nil && sp.End > s.Resume {
					s.Resume, s.ResumeMark = sp.End, sp.Mark
				}
			}
		case r.Done != nil:
			for _, sp := range r.Done.Spans {
				if s := m[sp.File]; s != nil && sp.End > s.Acked {
					s.Acked, s.AckedMark = sp.End, sp.Mark
				}
				if s := m[sp.File]; s != nil && sp.End > s.Resume {
					s.Resume, s.ResumeMark = sp.End, sp.Mark
				}
			}
		}
	}
	var out []journal.FileState
	for _, f := range byFileID(m) {
		out = append(out, *f)
	}
	return out
}

func byFileID(m map[flow.FileID]*journal.FileState) []*journal.FileState {
	return slices.SortedFunc(maps.Values(m), func(a, b *journal.FileState) int { return cmp.Compare(a.ID, b.ID) })
}

func (j *fakeJournal) failWith(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail = err
}

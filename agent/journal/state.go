package journal

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"tailrace/agent/flow"
)

// State is what a journal held when it was opened.
type State struct {
	// Fresh says that there was no journal, or, when Damaged is above 0,
	// that nothing of it could be read.
	Fresh bool
	// Prior is the header of the run before; zero when Fresh.
	Prior Header
	// SameBoot says that the machine was not started again since, as far as
	// can be proved; SameMachine and SameDir that the journal was written on
	// this machine, in this directory and to these files. All are false when Fresh.
	SameBoot, SameMachine, SameDir bool
	// SentUp is up to when a former run may have sent, as Doubt.Up; LanesUp up
	// to when it was on a lane that is not in Lanes.
	SentUp, LanesUp int64
	// Damaged counts what could not be read or does not fit: records, and
	// files that could not be read at all.
	Damaged int
	// Life is up to when all that happened to files was seen: the last write
	// of the last run that looked at all files. FirstStart says that no run
	// did; then Life is when the first one began.
	Life       time.Time
	FirstStart bool
	Files      []FileState // sorted by ID
	Lanes      []LaneState // sorted by ID
	// Readings is the spec of each reading that an un-acked span or a stretch may
	// name.
	Readings map[int]string
	// Lost is the bytes that were given up as lost since the journal began,
	// by cause.
	Lost map[string]int64
	// Losses is the same by path and cause, with lines, sorted.
	Losses []Loss
}

// FileState is one file and how far it was shipped.
type FileState struct {
	File
	Acked      int64 // position: all below is acked, or not to be shipped
	AckedMark  flow.Mark
	Resume     int64 // the largest End of acked and un-acked spans; Base when there are none
	ResumeMark flow.Mark
	// Stretches is how the bytes up to Acked were cut into records, ascending;
	// what is before the first of them as lines.
	Stretches []Stretch
}

// LaneState is one lane and what it had under way.
type LaneState struct {
	Lane
	PID     *PID
	Intents []Intent // un-acked, oldest first
	Acked   *Ack     // the last
	Warm    int64    // time of the last ack of a batch with PID, Unix milliseconds, 0 none
	Offset  int64    // of the last record known to be acked, so the highest; -1 none
	// Doubt says why more may have been sent on the lane than the journal
	// knows of; empty: it knows all. DoubtFrom is an offset of the partition
	// before all of that, -1 unknown; DoubtUp up to when it may have been sent,
	// as Doubt.Up.
	Doubt     string
	DoubtFrom int64
	DoubtUp   int64
	// Settling says that the doubt is only which of Intents arrived.
	Settling bool
}

// found is State before it is sorted out for a caller: entries are shared with
// the fold, which never changes them.
type found struct {
	State          // without Files
	files []*entry // sorted by ID
}

// found is what a run that begins at here finds.
func (l *loaded) found(here Header) found {
	st := State{Fresh: !l.any, Prior: l.header, Damaged: l.damage}
	if l.any {
		st.compare(here, l.copied)
	}
	st.SentUp = st.sentUp(here, max(l.life, st.Prior.Time))
	cause := ""
	if l.any {
		cause = st.doubt(l.closed, l.missing())
		l.fold.suspect(cause, &st)
	}
	st.LanesUp = st.lanesUp(cause)
	l.fold.looked = l.begin(here)
	v := l.fold.view()
	v.FirstStart, v.Life = l.fold.looked.First, time.UnixMilli(l.fold.looked.Time)
	v.Fresh, v.Prior, v.Damaged = st.Fresh, st.Prior, st.Damaged
	v.SameBoot, v.SameMachine, v.SameDir = st.SameBoot, st.SameMachine, st.SameDir
	v.SentUp, v.LanesUp = st.SentUp, st.LanesUp
	return v
}

// begin is up to when all is known when a run begins at here.
func (l *loaded) begin(here Header) Looked {
	switch seen := l.fold.looked; {
	case !l.any:
		return Looked{Time: here.Time, First: true}
	case !seen.Done:
		return seen // the run before ended too early
	case l.life == 0:
		return Looked{Time: l.header.Time}
	}
	return Looked{Time: l.life}
}

// view keeps what the fold holds now.
func (f *fold) view() found {
	v := found{files: f.sortedFiles()}
	v.Losses = f.lost.List()
	v.Lost, v.Readings = f.lost.Bytes(), maps.Clone(f.readings.specs)
	for _, s := range f.sortedLanes() {
		v.Lanes = append(v.Lanes, s.state())
	}
	return v
}

// state is what is known of the lane now. What it points to is never changed.
func (s *stream) state() LaneState {
	return LaneState{
		Lane: s.Lane, PID: s.pid, Intents: cloneIntents(s.intents),
		Acked: s.acked, Warm: s.warm, Offset: s.offset,
		Doubt: s.doubt.Cause, DoubtFrom: s.doubt.From, DoubtUp: s.doubt.Up, Settling: s.doubt.Settling,
	}
}

// state makes a copy that the caller may change.
func (v *found) state() State {
	st := v.State
	st.Losses = slices.Clone(v.Losses)
	st.Lost, st.Readings = maps.Clone(v.Lost), maps.Clone(v.Readings)
	st.Lanes = slices.Clone(v.Lanes)
	at := map[flow.FileID]flow.Span{} // un-acked span with the largest End
	for n := range st.Lanes {
		l := &st.Lanes[n]
		l.Intents = cloneIntents(l.Intents)
		l.PID, l.Acked = clone(l.PID), clone(l.Acked)
		for _, i := range l.Intents {
			for _, s := range i.Spans {
				if s.End > at[s.File].End {
					at[s.File] = s
				}
			}
		}
	}
	st.Files = make([]FileState, 0, len(v.files))
	for _, e := range v.files {
		st.Files = append(st.Files, e.state(at[e.ID]))
	}
	return st
}

// state describes the file, of which un is the last un-acked span.
func (e *entry) state(un flow.Span) FileState {
	s := FileState{File: e.File, Stretches: slices.Clone(e.stretches())}
	s.Acked, s.AckedMark = e.position()
	s.Resume, s.ResumeMark = s.Acked, s.AckedMark
	if un.End > s.Resume {
		s.Resume, s.ResumeMark = un.End, un.Mark
	}
	return s
}

func (f *fold) sortedFiles() []*entry {
	return slices.SortedFunc(maps.Values(f.files), func(a, b *entry) int { return cmp.Compare(a.ID, b.ID) })
}

func (f *fold) sortedLanes() []*stream {
	return slices.SortedFunc(maps.Values(f.lanes), func(a, b *stream) int { return cmp.Compare(a.ID, b.ID) })
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

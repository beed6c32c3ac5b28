package journal

import (
	"tailrace/agent/flow"
)

// snapshot gives yield the records that the fold can be built from again,
// without header and end, until yield returns false.
func (f *fold) snapshot(yield func(Record) bool) {
	if !f.numbers(yield) {
		return
	}
	for _, e := range f.sortedFiles() {
		if !e.snapshot(yield) {
			return
		}
	}
	f.rest(yield)
}

// numbers is what comes before the files in a snapshot.
func (f *fold) numbers(yield func(Record) bool) bool {
	looked := f.looked
	return yield(Record{Highest: f.highest()}) && yield(Record{Looked: &looked})
}

// rest is what comes behind the files.
func (f *fold) rest(yield func(Record) bool) {
	for _, id := range f.needed() {
		if !yield(Record{Reading: &Reading{ID: id, Spec: f.readings.specs[id]}}) {
			return
		}
	}
	for _, s := range f.sortedLanes() {
		if !s.snapshot(yield) {
			return
		}
	}
	for _, l := range f.lost.List() {
		if !yield(Record{Lost: &Lost{Path: l.Path, Bytes: l.Bytes, Lines: l.Lines, Unknown: l.Unknown, Cause: l.Cause}}) {
			return
		}
	}
}

func (f *fold) highest() *Highest {
	return &Highest{File: flow.FileID(f.highFile.Load()), Lane: f.highLane.Load(), Reading: f.readings.highest}
}

func (e *entry) snapshot(yield func(Record) bool) bool {
	if !yield(Record{File: &e.File}) {
		return false
	}
	return e.end < 0 || yield(Record{Position: &Position{ID: e.ID, End: e.end, Mark: e.mark, Ladder: e.ladder, Stretches: e.stretches()}})
}

func (s *stream) snapshot(yield func(Record) bool) bool {
	if !yield(Record{Lane: &s.Lane}) {
		return false
	}
	if s.pid != nil && !yield(Record{PID: s.pid}) {
		return false
	}
	if s.acked != nil && !yield(Record{Progress: &Progress{
		Lane: s.ID, Acked: s.acked, Warm: s.warm, Offset: s.offset,
	}}) {
		return false
	}
	if s.doubt.Cause != "" && !yield(Record{Doubt: &s.doubt}) {
		return false
	}
	for n := range s.intents {
		if !yield(Record{Intent: &s.intents[n]}) {
			return false
		}
	}
	return true
}

package journal

import (
	"slices"

	"tailrace/agent/flow"
)

// entry is one file. It is never changed, only replaced, so that the state
// found at Open costs a pointer per file to keep.
type entry struct {
	File
	end  int64 // of the acked spans, -1 when there are none
	mark flow.Mark
	// ladder is steps below end. It alone is changed in place: only the
	// newest entry of a file has it right.
	ladder Ladder
	// cut is the stretches; nil for the many files that were never cut by a reading.
	cut *[]Stretch
}

// position is how far the file is acked, and the mark there.
func (e *entry) position() (int64, flow.Mark) {
	if e.end > e.Base {
		return e.end, e.mark
	}
	if e.BaseMark == nil {
		return e.Base, flow.Mark{}
	}
	return e.Base, *e.BaseMark
}

func (f *fold) file(n File) bool {
	if n.ID == 0 || n.Base < 0 || n.Hole < 0 {
		return false
	}
	n.Output, n.Topic = f.once(n.Output), f.once(n.Topic)
	if n.Now == n.Path {
		n.Now = n.Path // one string for both
	}
	f.sawFile(n.ID)
	e := &entry{File: n, end: -1}
	if old := f.files[n.ID]; old != nil {
		e.end, e.mark, e.ladder, e.cut = old.end, old.mark, old.ladder, old.cut
	}
	f.replace(e)
	return true
}

func (f *fold) forget(id flow.FileID) {
	f.mu.Lock()
	delete(f.files, id)
	f.mu.Unlock()
}

// move takes a file's position forward to the end of a span, never back. A file
// that is forgotten has none.
func (f *fold) move(s *flow.Span) {
	old := f.files[s.File]
	if old == nil || s.End <= old.end {
		return
	}
	e := *old
	if old.end > 0 {
		e.ladder = e.ladder.Add(old.end, old.mark)
	}
	e.read(s.Reading)
	e.end, e.mark = s.End, s.Mark
	f.replace(&e)
}

// position takes over what a snapshot has, unless more is known.
func (f *fold) position(p *Position) {
	old := f.files[p.ID]
	if old == nil || p.End < old.end {
		return
	}
	e := *old
	e.end, e.mark = p.End, p.Mark
	e.ladder = slices.Clone(p.Ladder)
	e.setStretches(slices.Clone(p.Stretches))
	f.replace(&e)
}

func (f *fold) replace(e *entry) {
	f.mu.Lock()
	f.files[e.ID] = e
	f.mu.Unlock()
}

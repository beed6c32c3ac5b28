package journal

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"tailrace/agent/flow"
)

// fold is the state that the records add up to. One goroutine at a time
// changes it; acked, nextFile and nextLane are for any.
type fold struct {
	mu    sync.RWMutex // guards files, for acked alone
	files map[flow.FileID]*entry
	lanes map[int32]*stream
	lost  Losses
	// looked is as if all had been seen when the journal does not say, as
	// older ones do not.
	looked Looked

	highFile atomic.Uint64 // the highest numbers that were given out or seen
	highLane atomic.Int32
	names    map[string]string // of outputs and topics: each once, not once per file

	readings readings
}

// stream is one lane.
type stream struct {
	Lane
	pid     *PID
	intents []Intent // un-acked, oldest first
	acked   *Ack
	warm    int64
	offset  int64
	doubt   Doubt
}

func newFold() *fold {
	return &fold{
		files: map[flow.FileID]*entry{}, lanes: map[int32]*stream{},
		names: map[string]string{}, looked: Looked{Done: true},
		readings: newReadings(),
	}
}

// acked is the position of a file; 0 when it is not known.
func (f *fold) acked(id flow.FileID) (int64, flow.Mark) {
	f.mu.RLock()
	e := f.files[id]
	f.mu.RUnlock()
	if e == nil {
		return 0, flow.Mark{}
	}
	return e.position()
}

func (f *fold) nextFile() flow.FileID { return flow.FileID(f.highFile.Add(1)) }
func (f *fold) nextLane() int32       { return f.highLane.Add(1) }

// sawFile keeps id from being given out. The highest number there is stays
// unused, so that the next one is never 0.
func (f *fold) sawFile(id flow.FileID) {
	for id < math.MaxUint64 {
		old := f.highFile.Load()
		if uint64(id) <= old || f.highFile.CompareAndSwap(old, uint64(id)) {
			return
		}
	}
}

func (f *fold) sawLane(id int32) {
	for id < math.MaxInt32 {
		old := f.highLane.Load()
		if id <= old || f.highLane.CompareAndSwap(old, id) {
			return
		}
	}
}

// apply adds one record, and reports whether it fits what is known: a record
// that does not fit changes nothing.
func (f *fold) apply(r Record) bool {
	switch {
	case r.File != nil:
		return f.file(*r.File)
	case r.Forget != nil:
		f.forget(r.Forget.ID)
	case r.Position != nil:
		f.position(r.Position)
	case r.Lane != nil:
		return f.lane(*r.Lane)
	case r.Lost != nil:
		f.lost.Add(*r.Lost)
	case r.Looked != nil:
		f.look(*r.Looked)
	case r.Done != nil:
		return f.done(r.Done.Spans)
	case r.Reading != nil:
		return f.readings.add(*r.Reading)
	case r.Highest != nil:
		f.sawFile(r.Highest.File)
		f.sawLane(r.Highest.Lane)
		f.readings.saw(r.Highest.Reading)
	default:
		return f.applyLane(r)
	}
	return true
}

// applyLane adds a record of a lane that must be known.
func (f *fold) applyLane(r Record) bool {
	switch {
	case r.PID != nil:
		s := f.lanes[r.PID.Lane]
		return s != nil && s.rename(*r.PID)
	case r.Intent != nil:
		s := f.lanes[r.Intent.Lane]
		return s != nil && s.intend(*r.Intent)
	case r.Split != nil:
		s := f.lanes[r.Split.Lane]
		return s != nil && s.split(r.Split)
	case r.Progress != nil:
		s := f.lanes[r.Progress.Lane]
		return s != nil && s.progress(*r.Progress)
	case r.Ack != nil:
		s := f.lanes[r.Ack.Lane]
		return s != nil && f.ack(s, *r.Ack)
	case r.Doubt != nil:
		s := f.lanes[r.Doubt.Lane]
		if s != nil {
			s.doubt = *r.Doubt
		}
		return s != nil
	case r.Rebind != nil:
		s := f.lanes[r.Rebind.Lane]
		return s != nil && f.rebind(s, r.Rebind)
	}
	return true
}

// once is a name in the memory of the first that was the same.
func (f *fold) once(name string) string {
	if _, known := f.names[name]; !known {
		f.names[name] = name
	}
	return f.names[name]
}

func (f *fold) done(spans []flow.Span) bool {
	if !sound(spans) {
		return false
	}
	for i := range spans {
		if s := &spans[i]; s.Take == 0 { // else records of the same bytes are in a later span
			f.move(s)
		}
	}
	return true
}

// look notes that all files were looked at, or what a snapshot says of it.
func (f *fold) look(l Looked) {
	if l.Done {
		l = Looked{Done: true}
	}
	f.looked = l
}

func (f *fold) lane(n Lane) bool {
	if n.ID < 0 {
		return false
	}
	f.sawLane(n.ID)
	if s := f.lanes[n.ID]; s != nil {
		s.Lane = n
		return true
	}
	f.lanes[n.ID] = &stream{Lane: n, offset: -1}
	return true
}

// ack acks s up to the intent that begins at a.First.
func (f *fold) ack(s *stream, a Ack) bool {
	n := s.find(a.First)
	if n < 0 {
		return false
	}
	for _, i := range s.intents[:n+1] {
		f.done(i.Spans)
	}
	last := s.intents[n]
	if s.pid != nil && last.PID == s.pid.PID && last.Epoch == s.pid.Epoch {
		s.warm = a.Time
	}
	if a.Offset >= 0 {
		s.offset = a.Offset + int64(last.Count) - 1
	}
	s.acked = &a
	s.intents = slices.Delete(s.intents, 0, n+1)
	return true
}

func (f *fold) rebind(s *stream, r *Rebind) bool {
	if !sound(r.Lost) {
		return false
	}
	for _, i := range r.Intents {
		if !i.sound() {
			return false
		}
	}
	for _, i := range s.intents {
		for _, sp := range i.Spans {
			if !overlaps(sp, r.Intents) {
				f.move(&sp)
			}
		}
	}
	f.done(r.Lost)
	s.pid, s.warm = &PID{Lane: r.Lane, PID: r.PID, Epoch: r.Epoch}, 0
	s.intents = cloneIntents(r.Intents)
	if s.doubt.Settling {
		s.doubt = Doubt{}
	}
	return true
}

// overlaps reports whether bytes of sp are in the intents.
func overlaps(sp flow.Span, in []Intent) bool {
	for _, i := range in {
		for _, o := range i.Spans {
			if o.File == sp.File && o.Start < sp.End && sp.Start < o.End {
				return true
			}
		}
	}
	return false
}

func (s *stream) rename(p PID) bool {
	if s.pid == nil || *s.pid != p {
		s.pid, s.warm = &p, 0
	}
	return true
}

// intend adds an intent, or replaces the one with the same numbers, which is
// then to be built in another way.
func (s *stream) intend(i Intent) bool {
	if !i.sound() {
		return false
	}
	for n := range s.intents {
		if o := &s.intents[n]; o.PID == i.PID && o.Epoch == i.Epoch && o.First == i.First {
			if o.Count != i.Count {
				return false
			}
			*o = i.clone()
			return true
		}
	}
	s.intents = append(s.intents, i.clone())
	return true
}

func (s *stream) split(r *Split) bool {
	n := s.find(r.First)
	if n < 0 || len(r.Into) == 0 || r.Into[0].First != r.First {
		return false
	}
	total := int64(0)
	for _, i := range r.Into {
		if !i.sound() {
			return false
		}
		total += int64(i.Count)
	}
	if total != int64(s.intents[n].Count) {
		return false // the numbers are bound: as many must come out
	}
	s.intents = slices.Replace(s.intents, n, n+1, cloneIntents(r.Into)...)
	return true
}

func (s *stream) progress(p Progress) bool {
	s.acked, s.warm, s.offset = p.Acked, p.Warm, p.Offset
	return true
}

// find is the index of the un-acked intent that begins at first, or -1.
func (s *stream) find(first int32) int {
	return slices.IndexFunc(s.intents, func(i Intent) bool { return i.First == first })
}

func (i Intent) sound() bool { return i.Count > 0 && sound(i.Spans) }

func sound(spans []flow.Span) bool {
	for _, s := range spans {
		if s.Start < 0 || s.End < s.Start {
			return false
		}
	}
	return true
}

// clone copies what the caller may use again.
func (i Intent) clone() Intent {
	i.Spans = slices.Clone(i.Spans)
	return i
}

func cloneIntents(in []Intent) []Intent {
	out := make([]Intent, 0, len(in))
	for _, i := range in {
		out = append(out, i.clone())
	}
	return out
}

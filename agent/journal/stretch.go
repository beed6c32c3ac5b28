package journal

import "slices"

// Stretch says how the bytes of a file were cut into records, from Start on up to
// the next one of the file: who compares them with a topic must cut them as they
// were, whatever is configured now.
type Stretch struct {
	Start   int64 `json:"s"`
	Part    int   `json:"part,omitempty"` // flow.Mark's Part at Start
	Reading int   `json:"r,omitempty"`    // 0: each line is a record
}

// stretchesMax is how many are kept of a file; what is before them is taken for
// lines.
const stretchesMax = 32

func (e *entry) stretches() []Stretch {
	if e.cut == nil {
		return nil
	}
	return *e.cut
}

func (e *entry) setStretches(all []Stretch) {
	e.cut = nil
	if len(all) > 0 {
		e.cut = &all
	}
}

// read notes that what is behind the position of e was cut by a reading. A file
// that was never cut by one has no stretches.
func (e *entry) read(reading int) {
	all := e.stretches()
	switch n := len(all); {
	case n == 0 && reading == 0, n > 0 && all[n-1].Reading == reading:
		return
	case n == stretchesMax:
		all = slices.Clone(all[1:])
	}
	at, mark := e.position()
	e.setStretches(append(slices.Clip(all), Stretch{Start: at, Part: mark.Part, Reading: reading}))
}

package journal

import (
	"slices"

	"tailrace/agent/flow"
)

// Step is a place in a file below its position, and how to know it again: with
// flow.Mark's Prefix of the position, it is a mark.
type Step struct {
	Off  int64  `json:"o"`
	Tail uint32 `json:"t"` // the Tail of a mark with a Window
}

const (
	// stepMin is the lowest offset that a step is kept of: below it a file
	// that was begun anew may well have the same first lines.
	stepMin = 4 << 10
	// stepsLast is how many ends of acked spans are all kept.
	stepsLast = 8
)

// Ladder is the places by which it is known how much of a file is left that was
// cut shorter: the last ends of acked spans, and further back so few that at
// most three times as much is repeated as was cut off. A file of 10 GB has some
// 35 steps.
type Ladder []Step

// Add adds the end of a span, above the others. It changes l in place.
func (l Ladder) Add(off int64, m flow.Mark) Ladder {
	if off < stepMin || m.Window != flow.TailMax || m.Part != 0 {
		return l
	}
	l = append(l, Step{Off: off, Tail: uint32(m.Tail)})
	for i := len(l) - 1 - stepsLast; i > 0; i-- {
		if next := l[i+1].Off; next-l[i-1].Off <= 3*(off-next) {
			l = slices.Delete(l, i, i+1)
		}
	}
	return l
}

// Ladder is the steps below the position of a file, in ascending order.
func (j *Journal) Ladder(id flow.FileID) Ladder {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.fold.files[id]; e != nil {
		return slices.Clone(e.ladder)
	}
	return nil
}

package journal

import (
	"cmp"
	"slices"
)

// Loss is what was lost of the files of one path for one cause.
type Loss struct {
	Path  string // empty: of paths beyond the first lossesMax
	Cause string // one of a few fixed words
	Bytes int64
	Lines int64 // as far as they could be counted
	// Unknown is the number of files that may have lost bytes, too, of which
	// it is not known how many, if any.
	Unknown int64
}

// lossesMax bounds how many paths and causes are kept apart.
const lossesMax = 1000

// Losses adds up what was lost. The zero value is ready for use, by one
// goroutine at a time.
type Losses struct {
	by    map[lossKey]Loss
	named int // entries with a path
}

type lossKey struct{ path, cause string }

// Add counts one loss.
func (l *Losses) Add(n Lost) {
	if l.by == nil {
		l.by = map[lossKey]Loss{}
	}
	k := lossKey{n.Path, n.Cause}
	if _, ok := l.by[k]; !ok && k.path != "" {
		if l.named < lossesMax {
			l.named++
		} else {
			k.path = ""
		}
	}
	sum := l.by[k]
	sum.Path, sum.Cause = k.path, k.cause
	sum.Bytes += n.Bytes
	sum.Lines += n.Lines
	sum.Unknown += n.Unknown
	if n.Bytes == 0 && n.Unknown == 0 {
		sum.Unknown++
	}
	l.by[k] = sum
}

// List is all of them, sorted by path and cause.
func (l *Losses) List() []Loss {
	var out []Loss
	for _, sum := range l.by {
		out = append(out, sum)
	}
	slices.SortFunc(out, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Cause, b.Cause))
	})
	return out
}

// Bytes is the bytes by cause.
func (l *Losses) Bytes() map[string]int64 {
	out := map[string]int64{}
	for _, sum := range l.by {
		out[sum.Cause] += sum.Bytes
	}
	return out
}

// Losses is what was lost since the journal began, sorted by path and cause.
func (j *Journal) Losses() []Loss {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.fold.lost.List()
}

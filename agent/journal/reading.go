package journal

import (
	"maps"
	"slices"
)

// readings is what spans name: ways of cutting bytes into records, and what
// records have beside their values.
type readings struct {
	specs   map[int]string
	inUse   map[int]bool // by this run
	highest int
}

func newReadings() readings { return readings{specs: map[int]string{}, inUse: map[int]bool{}} }

func (r *readings) add(n Reading) bool {
	if n.ID < 1 {
		return false
	}
	r.saw(n.ID)
	r.specs[n.ID] = n.Spec
	return true
}

func (r *readings) saw(id int) { r.highest = max(r.highest, id) }

// use is the number of a spec, which from now on is needed.
func (r *readings) use(spec string) int {
	for id, known := range r.specs {
		if known == spec {
			r.inUse[id] = true
			return id
		}
	}
	r.highest++
	r.specs[r.highest], r.inUse[r.highest] = spec, true
	return r.highest
}

// needed is the numbers of the readings that this run uses, and of those that
// un-acked spans or the stretches of files name.
func (f *fold) needed() []int {
	need := maps.Clone(f.readings.inUse)
	for _, e := range f.files {
		for _, s := range e.stretches() {
			if _, known := f.readings.specs[s.Reading]; known {
				need[s.Reading] = true
			}
		}
	}
	for _, s := range f.lanes {
		for _, i := range s.intents {
			for _, span := range i.Spans {
				for _, id := range [...]int{span.Reading, span.Form} {
					if _, known := f.readings.specs[id]; known {
						need[id] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(need))
}

// Reading is the number of a spec: the one that the journal has, or a new one.
// It is on file before whatever is written later.
func (j *Journal) Reading(spec string) int {
	j.mu.Lock()
	id := j.fold.readings.use(spec)
	j.mu.Unlock()
	// Also a known one: this generation was begun before it was in use.
	j.Note(Record{Reading: &Reading{ID: id, Spec: spec}})
	return id
}

package journal

import (
	"maps"
	"path/filepath"
	"slices"

	"tailrace/agent/flow"
)

const (
	// asideMin is how many bytes a snapshot has that is written while the
	// journal is written too; a smaller one takes some ms.
	asideMin = 4 << 20
	// asideStep is how many files are encoded while nobody can write.
	asideStep = 500
	// asideTail is how many bytes of what was appended meanwhile are copied
	// while nobody can write.
	asideTail = 64 << 10
	// asideName is the temporary name of a generation that is made aside.
	asideName = "journal.aside"
)

// aside is a generation that is made while the one before it is written. Its
// snapshot has the state of the time when it was begun, but that files may be
// newer; behind it comes all that was appended since. That files are newer does
// no harm: what was appended of them changes nothing then, since it never takes
// a position back.
type aside struct {
	gen  uint64 // that was written when it was begun
	head part   // what comes before the files in the snapshot
	ids  []flow.FileID
	rest part   // what comes behind them
	tail []byte // what was appended since and is not in it yet; mu guards it
}

// beginAside makes the next generation aside, if that is not under way. mu is
// held.
func (j *Journal) beginAside() {
	if j.aside != nil || j.closed || len(j.notes) > 0 || j.o.now().Before(j.retryAt) {
		return
	}
	a := &aside{gen: j.gen}
	j.fold.numbers(a.head.add)
	a.ids = slices.Collect(maps.Keys(j.fold.files))
	j.fold.rest(func(r Record) bool { return a.rest.add(r) })
	j.aside = a
	j.making.Go(func() {
		err := j.makeAside(a)
		j.mu.Lock()
		defer j.mu.Unlock()
		j.aside = nil
		if err != nil {
			j.retryAt, j.retryErr = j.o.now().Add(retryEvery), err
		}
		j.renewing.check(err)
	})
}

// makeAside writes the generation, and makes it the journal unless another one
// was made meanwhile.
func (j *Journal) makeAside(a *aside) error {
	name := filepath.Join(j.dir, asideName)
	next, err := j.writeSnapshot(name, func(yield func(*part) bool) { j.asideParts(a, yield) })
	if err != nil {
		return err
	}
	snapshot := next.size
	for err == nil {
		p := j.takeTail(a)
		if p == nil {
			break
		}
		if err = next.write(p); err == nil {
			err = j.timed(next.file)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil && len(a.tail) > 0 && j.wants(a) {
		if err = next.write(a.tail); err == nil {
			err = j.timed(next.file)
		}
	}
	if err != nil || !j.wants(a) {
		next.file.Close()
		j.o.disk.Remove(name)
		return err
	}
	if err = j.adopt(next, name); err == nil {
		j.snapshot = snapshot
	}
	return err
}

// wants says whether the generation is still to become the journal. mu is held.
func (j *Journal) wants(a *aside) bool { return !j.closed && !j.must && j.gen == a.gen }

// takeTail takes what was appended; nil when it is so little that it can be
// copied while nobody writes, or nobody wants it.
func (j *Journal) takeTail(a *aside) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(a.tail) <= asideTail || !j.wants(a) {
		return nil
	}
	p := a.tail
	a.tail = nil
	return p
}

// asideParts is the snapshot.
func (j *Journal) asideParts(a *aside, yield func(*part) bool) {
	if !yield(&a.head) {
		return
	}
	slices.Sort(a.ids)
	var p part
	for ids := range slices.Chunk(a.ids, asideStep) {
		p = part{lines: p.lines[:0]}
		j.mu.Lock()
		for _, id := range ids {
			if e := j.fold.files[id]; e != nil {
				e.snapshot(p.add)
			}
		}
		j.mu.Unlock()
		if !yield(&p) {
			return
		}
	}
	yield(&a.rest)
}

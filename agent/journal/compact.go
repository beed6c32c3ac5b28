package journal

import (
	"iter"
	"path/filepath"
)

// snapshotBuffer is how many bytes of a snapshot are written at a time, about.
const snapshotBuffer = 64 << 10

// compact makes a new generation when enough was appended to this one. When
// that fails this one goes on.
func (j *Journal) compact() {
	if j.out == nil || j.out.size-j.snapshot <= max(j.o.compactMin, compactFactor*j.snapshot) {
		return
	}
	if j.snapshot >= j.o.asideMin {
		j.beginAside()
		return
	}
	j.renewing.check(j.renew())
}

// renew makes the next generation from the fold and goes on in it. What waits
// to be written is in it already. A try that failed is not repeated at once:
// many lanes ask, and the snapshot may be large.
func (j *Journal) renew() error {
	now := j.o.now()
	if now.Before(j.retryAt) {
		return j.retryErr
	}
	err := j.makeNext()
	if err != nil {
		j.retryAt, j.retryErr = now.Add(retryEvery), err
	}
	return err
}

func (j *Journal) makeNext() error {
	if j.astray {
		if err := j.goHome(); err != nil {
			return err
		}
	}
	tmp := filepath.Join(j.dir, temporary)
	next, err := j.writeSnapshot(tmp, j.fold.parts)
	if err != nil {
		return err
	}
	if err := j.adopt(next, tmp); err != nil {
		return err
	}
	j.notes, j.must = nil, false
	return nil
}

// adopt makes the whole and durable generation with that temporary name the
// journal. After an error it is gone.
func (j *Journal) adopt(next *out, tmp string) error {
	d := j.o.disk
	if err := d.Rename(tmp, generationName(j.dir, j.gen+1)); err != nil {
		next.file.Close()
		d.Remove(tmp)
		return err
	}
	if j.out != nil {
		j.out.file.Close() // what it holds is in the next
		j.source = j.gen
	}
	j.gen++
	if j.astray {
		j.source = j.gen // what else is there is somebody else's, or old
		j.astray = false
		j.losing.check(nil)
	}
	j.out, j.snapshot = next, next.size
	j.beginLength()
	j.doubt, j.dirty, j.dirtyDir = false, false, true
	// From here on the next generation is the journal, durable or not.
	j.syncing.check(j.syncDir())
	j.tidy()
	return nil
}

// part is some lines of a snapshot.
type part struct {
	lines   []byte
	records int
}

func (p *part) add(r Record) bool {
	p.lines = appendLine(p.lines, r)
	p.records++
	return true
}

// parts is the whole snapshot.
func (f *fold) parts(yield func(*part) bool) {
	var p part
	for r := range f.snapshot {
		p.add(r)
		if len(p.lines) >= snapshotBuffer {
			if !yield(&p) {
				return
			}
			p = part{lines: p.lines[:0]}
		}
	}
	yield(&p)
}

// writeSnapshot writes header, parts and end to a new file and syncs it. After
// an error the file is gone, to give the room free.
func (j *Journal) writeSnapshot(name string, parts iter.Seq[*part]) (*out, error) {
	f, err := j.o.disk.Create(name)
	if err != nil {
		return nil, err
	}
	o := &out{file: f}
	here := j.here
	here.File, here.Birth = identity(f)
	err = o.write(appendLine(nil, Record{Header: &here}))
	records := 1
	for p := range parts {
		if err == nil {
			err = o.write(p.lines)
		}
		if err != nil {
			break
		}
		records += p.records
	}
	if err == nil {
		err = o.write(appendLine(nil, Record{End: &End{Records: records}}))
	}
	if err == nil {
		err = j.timed(f)
	}
	if err != nil {
		f.Close()
		j.o.disk.Remove(name)
		return nil, err
	}
	return o, nil
}

// tidy removes the generations older than the one before this. What cannot be
// removed now is removed after the next.
func (j *Journal) tidy() {
	if j.dirtyDir {
		return // a power loss may still bring back the state before the rename
	}
	gens, err := generations(j.o.disk, j.dir)
	if err != nil {
		return
	}
	for _, n := range gens {
		if n < j.source {
			j.o.disk.Remove(generationName(j.dir, n))
		}
	}
}

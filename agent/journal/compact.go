package journal

import (
	"path/filepath"
)

// snapshotBuffer is how many bytes of a snapshot are written at a time.
const snapshotBuffer = 64 << 10

// compact makes a new generation when enough was appended to this one. When
// that fails this one goes on.
func (j *Journal) compact() {
	if j.out == nil || j.out.size-j.snapshot <= max(j.o.compactMin, compactFactor*j.snapshot) {
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
	d, tmp := j.o.disk, filepath.Join(j.dir, temporary)
	next, err := j.writeSnapshot(tmp)
	if err != nil {
		return err
	}
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
	j.notes, j.must, j.doubt, j.dirty = nil, false, false, false
	j.dirtyDir = true
	// From here on the next generation is the journal, durable or not.
	j.syncing.check(j.syncDir())
	j.tidy()
	return nil
}

// writeSnapshot writes header, state and end to a new file and syncs it. After
// an error the file is gone, to give the room free.
func (j *Journal) writeSnapshot(name string) (*out, error) {
	f, err := j.o.disk.Create(name)
	if err != nil {
		return nil, err
	}
	o := &out{file: f}
	here := j.here
	buf, records := appendLine(nil, Record{Header: &here}), 1
	for r := range j.fold.snapshot {
		buf = appendLine(buf, r)
		records++
		if len(buf) >= snapshotBuffer {
			if err = o.write(buf); err != nil {
				break
			}
			buf = buf[:0]
		}
	}
	if err == nil {
		err = o.write(appendLine(buf, Record{End: &End{Records: records}}))
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

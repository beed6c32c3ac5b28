package verify

import (
	"context"

	"tailrace/agent/proof"
	"tailrace/inputs/tail/record"
)

// confirm says whether the file has the value of a record of the topic where it
// begins, and up to where: as its bytes are, or as they were made into records
// before the input was configured anew.
func (w *work) confirm(pf *proof.File, r proof.Record) (end int64, ok bool) {
	f := w.by[pf]
	c, err := w.reopen(f)
	if err != nil {
		return 0, false
	}
	// What the brokers took the beginning of is believed where it cannot be told.
	o := f.at(r.Offset).Record
	if r.Cut && !plain(o) {
		return 0, true
	}
	if r.Part == 1 && !r.Final && o.Container != "" {
		k := w.cutting(f.File, c)
		defer w.spare(k)
		return r.Offset, k.begins(r)
	}
	p := make([]byte, r.Size)
	n, err := c.pread(p, r.Offset)
	if err == nil && n == len(p) && hash(p) == r.Value {
		return r.Offset + int64(n) + 1, true // the newline
	}
	if r.Cut {
		return 0, false
	}
	for _, before := range f.Before {
		if end, ok := w.was(f.File, c, before, r); ok {
			return end, true
		}
	}
	return 0, false
}

// reopen opens the file, unless it is the one that was asked for last: records of
// a file are asked for one after the other.
func (w *work) reopen(f *subject) (*content, error) {
	if w.opened == f {
		return w.content, nil
	}
	w.closeLast()
	c, err := f.File.open()
	if err == nil {
		w.opened, w.content = f, c
	}
	return c, err
}

// closeLast closes what reopen has left open.
func (w *work) closeLast() {
	if w.opened != nil {
		w.content.close()
		w.opened, w.content = nil, nil
	}
}

// smallRead is how many bytes are read at first to cut one record.
const smallRead = 4 << 10

// was says whether the bytes at the place of r became it with these options.
func (w *work) was(f *File, c *content, o *record.Options, r proof.Record) (end int64, ok bool) {
	as := *f
	as.Record, as.Stretches = o, nil
	k := w.cutting(&as, c)
	defer w.spare(k)
	k.from, k.first = proof.Resume{Offset: r.Offset}, smallRead
	err := k.records(context.Background(), func(have proof.Record, _ proof.Resume) bool {
		same := have.Offset == r.Offset && have.Size == r.Size && have.Part == 0 &&
			(have.Value == r.Value || o.Timed() && have.Value == r.Alt)
		end, ok = have.Offset+int64(k.last), same
		return false
	})
	return end, ok && err == nil
}

package tail

import (
	"bytes"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// A compressed file may have what a plain one, which goes on behind that, begins
// with: a log that is copied and compressed, and not truncated, as by logrotate's
// copy.

// openPlain opens the files that begin like this one, and of which more than their
// first bytes were read.
func (i *inspection) openPlain() {
	i.plain = map[flow.FileID]int{}
	for _, p := range i.probes {
		if !i.begins[p.id] || p.packed || p.pos.off <= flow.PrefixMax {
			continue
		}
		if fd, _, err := i.disk.openAs(p.now, p.key); err == nil {
			i.plain[p.id] = fd
		}
	}
}

func (i *inspection) closePlain() {
	for _, fd := range i.plain {
		unix.Close(fd)
	}
}

// comparePlain lets go of the open files that have not p at off.
func (i *inspection) comparePlain(p []byte) {
	if len(i.plain) > 0 && i.spare == nil {
		i.spare = make([]byte, jobStep)
	}
	for id, fd := range i.plain {
		q := i.spare[:len(p)]
		if n, err := i.disk.pread(fd, q, i.off); err != nil || n < len(q) || !bytes.Equal(p, q) {
			unix.Close(fd)
			delete(i.plain, id)
		}
	}
}

// partOf is the file of which p has the beginning, all of which was read.
func (in *Input) partOf(p *parcel) *file {
	c := p.known()
	if c == nil || c.err != nil || !c.whole || c.size <= flow.PrefixMax {
		return nil
	}
	for id := range c.parts {
		if f := in.files[id]; f != nil && !f.removed() && f.owned(p.entry) && f.at() >= c.size {
			return f
		}
	}
	return nil
}

// isPart says that p has the beginning of a file, all of which was read. Then it is
// history once it is left alone.
func (in *Input) isPart(p *parcel) bool {
	f := in.partOf(p)
	if f == nil {
		return false
	}
	p.of = f
	if p.inside != nil {
		in.log.Info("a compressed file is a copy of what another begins with: it is not shipped again", "path", p.entry.path, "of", f.path)
		delete(in.parcels, p.key)
		in.history(p.path, p.entry)
	}
	return true
}

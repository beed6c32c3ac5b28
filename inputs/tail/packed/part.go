package packed

import (
	"bytes"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// openPlain opens the files that begin like this one, as far as that is known.
func (i *inspection) openPlain() {
	i.plain = map[flow.FileID]int{}
	for _, p := range slices.Concat(i.probes, i.unread) {
		if p.Off > 0 && !i.Begins[p.ID] || p.IsBelow || p.Packed {
			continue
		}
		if fd, _, err := i.disk.OpenAs(p.Now, p.Key); err == nil {
			i.plain[p.ID] = fd
		}
	}
}

func (i *inspection) closePlain() {
	for _, fd := range i.plain {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// comparePlain lets go of the open files that have not p at off.
func (i *inspection) comparePlain(p []byte) {
	if len(i.plain) > 0 && i.spare == nil {
		i.spare = make([]byte, jobStep)
	}
	for id, fd := range i.plain {
		if fd < 0 {
			continue
		}
		q := i.spare[:len(p)]
		if n, err := i.disk.Pread(fd, q, i.off); err != nil || n < len(q) || !bytes.Equal(p, q) {
			unix.Close(fd)
			i.plain[id] = -1
		}
	}
}

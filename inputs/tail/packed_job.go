package tail

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
)

// Decompression takes time: it is done by jobs, one after the other, in a
// goroutine of their own. Their results are told to Run.

const (
	// glanceMax is how many plain bytes a first look decompresses at most. A log of
	// 162 MB that was read, rotated and compressed costs 0.13 s of CPU with it, and
	// 0.93 s when all is decompressed, as much as shipping it.
	glanceMax = 4 << 20
	// probesMax is with how many known files of its path one compressed file is
	// compared.
	probesMax = 1024
)

// glance has a first look taken into p.
func (in *Input) glance(p *parcel) { in.unpackUpTo(p, glanceMax) }

// unpackUpTo has so many plain bytes of p decompressed at most.
func (in *Input) unpackUpTo(p *parcel, most int64) {
	if p.busy {
		return
	}
	p.busy = true
	in.jobs.Add(func() func() func() {
		e, probes, newest, alone := p.Entry, in.probes(p), in.newest, p.only != nil
		return func() func() {
			c, err := packed.Inspect(&in.disk, e, in.unpack, probes, newest, most, alone, in.jobs.Quit())
			return func() { in.inspected(p, e, most, c, err) }
		}
	})
}

// inspected is called when it is known what is in p, which was at e.
func (in *Input) inspected(p *parcel, e disk.Entry, most int64, c *packed.Inside, err error) {
	p.busy = false
	for _, dir := range p.dirs() {
		in.touched(dir)
	}
	switch {
	case p.Entry != e || errors.Is(err, disk.ErrMoved):
	case err != nil:
		in.cannotUnpack(p, err)
	case most == glanceMax:
		p.glance = c
	default:
		p.inside = c
	}
}

// cannotUnpack is called when p cannot be read for now.
func (in *Input) cannotUnpack(p *parcel, err error) {
	p.retry = time.Now().Add(maxWait)
	if p.only != nil {
		return // it may be any program's
	}
	if in.once("packed:" + p.Entry.Path) {
		in.log.Error(fmt.Sprintf("cannot read %q: %v: lines that are only in it wait; let the user that tailrace runs as read it; it is tried again", p.Entry.Path, err))
	}
}

// probes is what may be in p: the newest known files of its path, and the one
// that has its inode.
func (in *Input) probes(p *parcel) []packed.Probe {
	files := in.mayHold(p)
	if p.only != nil {
		files = []*file{p.only}
	}
	if f := in.byKey[p.Key]; f != nil && !slices.Contains(files, f) {
		files = append(files, f)
	}
	var out []packed.Probe
	for _, f := range files {
		f.mu.Lock()
		p := packed.Probe{ID: f.id, Off: f.pos.off, Mark: f.pos.mark, Now: f.now, Key: f.key, Packed: f.packed}
		if f.shortJoined() {
			p.Rest = f.joinedHead()
			p.Blind = p.Rest == nil
		}
		f.mu.Unlock()
		out = append(out, p)
		if f.lost() || f.state != done { // it may be truncated, and p a copy from before it was read to its end
			for _, at := range in.places(f) {
				if at.off >= flow.Enough && at.off < p.Off {
					out = append(out, packed.Probe{ID: f.id, Off: at.off, Mark: at.mark, IsBelow: true})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b packed.Probe) int { return cmp.Compare(a.Off, b.Off) })
	return out
}

// mayHold is the known files whose content p may have, by their numbers.
func (in *Input) mayHold(p *parcel) []*file {
	files := in.filesOf(p.path)
	files = slices.Clip(files[max(0, len(files)-probesMax):])
	for _, f := range in.relatives(p.Entry) {
		if i, ok := slices.BinarySearchFunc(files, f, olderFile); !ok {
			files = slices.Insert(files, i, f)
		}
	}
	return files
}

func olderFile(a, b *file) int { return cmp.Compare(a.id, b.id) }

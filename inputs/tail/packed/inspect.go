package packed

import (
	"bytes"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// Inspect decompresses up to most plain bytes of the file at e and finds out
// what they are. probes are sorted by their offsets; alone says that nothing but
// these matters; newest is the last file that is known. It ends with an error when quit is
// closed; others are those of reading.
func Inspect(d *disk.Disk, e disk.Entry, limits unpack.Limits, probes []Probe, newest flow.FileID, most int64, alone bool, quit <-chan struct{}) (*Inside, error) {
	fd, r, err := Open(d, e, limits)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	defer r.Close()
	i := inspection{
		Content: content.OfPacked(d, fd, &content.Unpacked{Reader: r}),
		disk:    d,
		reader:  r,
		Inside:  &Inside{Newest: newest, Asked: map[flow.FileID]int64{}, Holds: map[flow.FileID]Holding{}, Begins: map[flow.FileID]bool{}, Blind: map[flow.FileID]bool{}, Parts: map[flow.FileID]bool{}, Below: map[flow.FileID]int64{}},
	}
	for _, p := range probes {
		if p.Blind {
			i.Blind[p.ID] = true
		}
	}
	i.probes = slices.DeleteFunc(probes, func(p Probe) bool {
		if p.Off == 0 && !p.Packed {
			i.unread = append(i.unread, p)
		}
		return p.Off == 0
	})
	for _, p := range i.probes {
		if !p.IsBelow {
			i.Asked[p.ID] = p.Off
		}
	}
	i.Size, i.Told = r.Told()
	i.Tells = i.Size
	i.alone = alone
	err = i.run(most, quit)
	switch {
	case errors.Is(err, unpack.ErrDamaged), errors.Is(err, unpack.ErrLimit):
		i.Inside.Err = err
		i.Size, i.Told = i.off, false // what it tells of itself is not to be believed
	case err != nil:
		return nil, err
	}
	return i.Inside, nil
}

// inspection goes through the plain bytes of a compressed file.
type inspection struct {
	content.Content
	*Inside
	disk   *disk.Disk
	reader *unpack.Reader
	probes []Probe
	unread []Probe // of plain files of which nothing was read
	alone  bool
	off    int64
	plain  map[flow.FileID]int // descriptors of files that are the same up to off, -1 of those that are not
	spare  []byte
}

func (i *inspection) run(most int64, quit <-chan struct{}) error {
	if err := i.first(); err != nil {
		return err
	}
	if i.alone && len(i.Begins) == 0 {
		return nil
	}
	i.openPlain()
	defer i.closePlain()
	buf := make([]byte, jobStep)
	for !i.Whole && i.off < most {
		select {
		case <-quit:
			return errQuit
		default:
		}
		n, err := i.Pread(buf, i.off)
		if err != nil {
			return err
		}
		i.findHead(buf[:n])
		if data := len(bytes.TrimRight(buf[:n], "\x00")); data > 0 {
			i.DataEnd = i.off + int64(data)
		}
		i.comparePlain(buf[:n])
		if err := i.compare(buf[:n]); err != nil {
			return err
		}
		i.Whole = n < len(buf)
	}
	if i.Whole {
		i.Size = i.off
		for id, h := range i.Holds {
			i.Holds[id] = Holding{h.Off, i.Lines - h.Lines}
		}
		for id, fd := range i.plain {
			i.Parts[id] = fd >= 0
		}
		return nil
	}
	return i.guess()
}

// first finds the files whose first bytes these are.
func (i *inspection) first() error {
	head := make([]byte, flow.PrefixMax)
	n, err := i.Pread(head, 0)
	if err != nil {
		return err
	}
	sums := map[int]uint64{} // most files are known by as many bytes
	for _, p := range i.probes {
		if p.IsBelow {
			continue
		}
		m := p.Mark
		k := min(m.PrefixLen, n)
		if _, ok := sums[k]; !ok {
			sums[k] = flow.PrefixSum(0, head[:k])
		}
		if rest := m.PrefixLen - k; rest <= len(p.Rest) && flow.PrefixSum(sums[k], p.Rest[:rest]) == m.Prefix {
			i.Begins[p.ID] = true
		}
	}
	return nil
}

// findHead finds Head, if it is in the next bytes.
func (i *inspection) findHead(p []byte) {
	if at := content.NotNul(p); i.Head == nil && at >= 0 {
		i.HeadAt = i.off + int64(at)
		i.Head = bytes.Clone(p[at:min(len(p), at+flow.PrefixMax)])
	}
}

// compare looks at the next bytes for the places up to which files were read.
func (i *inspection) compare(p []byte) error {
	end := i.off + int64(len(p))
	for len(i.probes) > 0 && i.probes[0].Off <= end {
		q := i.probes[0]
		i.probes = i.probes[1:]
		if !i.Begins[q.ID] && (!q.IsBelow || q.Off >= flow.PrefixMax) {
			continue
		}
		same, err := i.Matches(q.Off, q.Mark)
		switch {
		case err != nil:
			return err
		case same && q.IsBelow:
			i.Below[q.ID] = q.Off
		case same:
			before := bytes.Count(p[:max(0, q.Off-i.off)], []byte{'\n'})
			i.Holds[q.ID] = Holding{q.Off, i.Lines + int64(before)}
		}
	}
	i.Lines += int64(bytes.Count(p, []byte{'\n'}))
	i.off = end
	return nil
}

// guess finds the one file that begins like this one and was read up to the
// size that this one tells.
func (i *inspection) guess() error {
	var found []Probe
	for _, p := range i.probes {
		if same, _ := i.reader.Tells(p.Off); same && i.Begins[p.ID] && !p.IsBelow {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		i.Size = found[0].Off
		i.Holds[found[0].ID] = Holding{Off: i.Size}
	}
	return nil
}

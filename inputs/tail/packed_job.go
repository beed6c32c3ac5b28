package tail

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// Decompression takes time: it is done by jobs, one after the other, in a
// goroutine of their own. Their results are told to Run.

const (
	// glanceMax is how many plain bytes a first look decompresses at most.
	glanceMax = 4 << 20
	// jobStep is how many plain bytes are decompressed between two looks at
	// whether the input ends.
	jobStep = 256 << 10
	// probesMax is with how many known files of its path one compressed file is
	// compared.
	probesMax = 1024
	// preparedMax is how many compressed files may be read at a time; one of a
	// topic.
	preparedMax = 8
)

var errQuit = errors.New("the input ends")

// job is called by Run when its turn has come. The jobs' goroutine does what it
// returns, and then Run what that returns.
type job func() func() func()

func (in *Input) enqueue(j job) {
	in.jobs = append(in.jobs, j)
	in.nextJob()
}

func (in *Input) nextJob() {
	if in.working || len(in.jobs) == 0 {
		return
	}
	work := in.jobs[0]()
	in.jobs = slices.Delete(in.jobs, 0, 1)
	in.working = true
	in.workers.Add(1)
	go func() {
		defer in.workers.Done()
		then := work()
		in.tell(task{do: func() {
			in.working = false
			then()
			in.nextJob()
		}})
	}()
}

// endJobs waits until no job is at work.
func (in *Input) endJobs() {
	close(in.quit)
	in.workers.Wait()
	if in.prepared != nil {
		in.prepared.close()
	}
}

// glance has a first look taken into p.
func (in *Input) glance(p *parcel) { in.look1(p, glanceMax) }

// unpackAll has all of p decompressed.
func (in *Input) unpackAll(p *parcel) { in.look1(p, 1<<62) }

func (in *Input) look1(p *parcel, most int64) {
	if p.busy {
		return
	}
	p.busy = true
	in.enqueue(func() func() func() {
		e, probes, alone := p.entry, in.probes(p), p.only != nil
		return func() func() {
			c, err := in.inspect(e, probes, most, alone)
			return func() { in.inspected(p, e, most, c, err) }
		}
	})
}

// inspected is called when it is known what is in p, which was at e.
func (in *Input) inspected(p *parcel, e entry, most int64, c *inside, err error) {
	p.busy = false
	for _, dir := range p.dirs() {
		in.touched(dir)
	}
	switch {
	case p.entry != e || errors.Is(err, errMoved) || errors.Is(err, unix.ENOENT):
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
	if key := "packed:" + p.entry.path; !in.warned[key] {
		in.warned[key] = true
		in.log.Error(fmt.Sprintf("cannot read %q: %v: lines that are only in it wait; let the user that tailrace runs as read it; it is tried again", p.entry.path, err))
	}
}

// probe is a file whose content is looked for, as far as it was read.
type probe struct {
	id     flow.FileID
	pos    position
	now    string
	key    key
	packed bool
	// rest is the bytes of the next file that count as its own and that its
	// first bytes, as they are known, end with; of a short one that is joined.
	rest  []byte
	blind bool // rest cannot be read now
}

// probes is what may be in p: the newest known files of its path, and the one
// that has its inode.
func (in *Input) probes(p *parcel) []probe {
	files := in.mayHold(p)
	if p.only != nil {
		files = []*file{p.only}
	}
	if f := in.byKey[p.key]; f != nil && !slices.Contains(files, f) {
		files = append(files, f)
	}
	var out []probe
	for _, f := range files {
		f.mu.Lock()
		p := probe{id: f.id, pos: f.pos, now: f.now, key: f.key, packed: f.packed}
		if f.shortJoined() {
			p.rest = f.joinedHead()
			p.blind = p.rest == nil
		}
		f.mu.Unlock()
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b probe) int { return cmp.Compare(a.pos.off, b.pos.off) })
	return out
}

// mayHold is the known files whose content p may have, by their numbers.
func (in *Input) mayHold(p *parcel) []*file {
	files := in.filesOf(p.path)
	files = slices.Clip(files[max(0, len(files)-probesMax):])
	for _, f := range in.relatives(p.entry) {
		if i, ok := slices.BinarySearchFunc(files, f, olderFile); !ok {
			files = slices.Insert(files, i, f)
		}
	}
	return files
}

func olderFile(a, b *file) int { return cmp.Compare(a.id, b.id) }

// filesOf is the known files of path, by their numbers.
func (in *Input) filesOf(path string) []*file {
	if in.kindred == nil {
		in.kindred = map[string][]*file{}
		for _, f := range in.files {
			in.kindred[f.path] = append(in.kindred[f.path], f)
		}
		for _, files := range in.kindred {
			slices.SortFunc(files, olderFile)
		}
	}
	return in.kindred[path]
}

// sortIn adds f, which has the highest number, to the files of its path.
func (in *Input) sortIn(f *file) {
	if in.kindred != nil {
		in.kindred[f.path] = append(in.kindred[f.path], f)
	}
	if in.families != nil {
		in.addRelative(f)
	}
}

// fdReader reads an open file, for unpack.
type fdReader struct {
	disk *disk
	fd   int
}

func (r fdReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.disk.pread(r.fd, p, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// openPacked opens the compressed file at e. The error is errMoved when it is
// not what it was.
func (in *Input) openPacked(e entry) (int, *unpack.Reader, error) {
	fd, now, err := in.disk.openAs(e.path, e.key)
	if err != nil {
		return -1, nil, err
	}
	return fd, unpack.NewReader(e.path, fdReader{&in.disk, fd}, now.size, in.unpack), nil
}

// inspect decompresses up to most plain bytes of the file at e and finds out
// what they are. probes are sorted by their offsets; alone says that nothing but
// these matters. The error is one of reading.
func (in *Input) inspect(e entry, probes []probe, most int64, alone bool) (*inside, error) {
	fd, r, err := in.openPacked(e)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	defer r.Close()
	i := inspection{
		content: content{&in.disk, fd, &unpacked{Reader: r}},
		inside:  &inside{asked: map[flow.FileID]int64{}, holds: map[flow.FileID]holding{}, begins: map[flow.FileID]bool{}, blind: map[flow.FileID]bool{}, parts: map[flow.FileID]bool{}},
	}
	for _, p := range probes {
		i.newest = max(i.newest, p.id)
		if p.blind {
			i.blind[p.id] = true
		}
	}
	i.probes = slices.DeleteFunc(probes, func(p probe) bool { return p.pos.off == 0 })
	for _, p := range i.probes {
		i.asked[p.id] = p.pos.off
	}
	i.size, i.told = r.Told()
	i.alone = alone
	err = i.run(most, in.quit)
	switch {
	case errors.Is(err, unpack.ErrDamaged), errors.Is(err, unpack.ErrLimit):
		i.inside.err = err
		i.size, i.told = i.off, false // what it tells of itself is not to be believed
	case err != nil:
		return nil, err
	}
	return i.inside, nil
}

// inspection goes through the plain bytes of a compressed file.
type inspection struct {
	content
	*inside
	probes []probe
	alone  bool
	off    int64
	plain  map[flow.FileID]int // descriptors of files that are the same up to off
	spare  []byte
}

func (i *inspection) run(most int64, quit <-chan struct{}) error {
	if err := i.first(); err != nil {
		return err
	}
	if i.alone && len(i.begins) == 0 {
		return nil
	}
	i.openPlain()
	defer i.closePlain()
	buf := make([]byte, jobStep)
	for !i.whole && i.off < most {
		select {
		case <-quit:
			return errQuit
		default:
		}
		n, err := i.pread(buf, i.off)
		if err != nil {
			return err
		}
		i.comparePlain(buf[:n])
		if err := i.compare(buf[:n]); err != nil {
			return err
		}
		i.whole = n < len(buf)
	}
	if i.whole {
		i.size = i.off
		for id, h := range i.holds {
			i.holds[id] = holding{h.off, i.lines - h.lines}
		}
		for id := range i.plain {
			i.parts[id] = true
		}
		return nil
	}
	return i.guess()
}

// first finds the files whose first bytes these are.
func (i *inspection) first() error {
	i.head = make([]byte, flow.PrefixMax)
	n, err := i.pread(i.head, 0)
	if err != nil {
		return err
	}
	i.head = i.head[:n]
	sums := map[int]uint64{} // most files are known by as many bytes
	for _, p := range i.probes {
		m := p.pos.mark
		k := min(m.PrefixLen, n)
		if _, ok := sums[k]; !ok {
			sums[k] = flow.PrefixSum(0, i.head[:k])
		}
		if rest := m.PrefixLen - k; rest <= len(p.rest) && flow.PrefixSum(sums[k], p.rest[:rest]) == m.Prefix {
			i.begins[p.id] = true
		}
	}
	return nil
}

// compare looks at the next bytes for the places up to which files were read.
func (i *inspection) compare(p []byte) error {
	end := i.off + int64(len(p))
	for len(i.probes) > 0 && i.probes[0].pos.off <= end {
		q := i.probes[0]
		i.probes = i.probes[1:]
		if !i.begins[q.id] {
			continue
		}
		same, err := i.matches(q.pos.off, q.pos.mark)
		if err != nil {
			return err
		}
		if same {
			before := bytes.Count(p[:max(0, q.pos.off-i.off)], []byte{'\n'})
			i.holds[q.id] = holding{q.pos.off, i.lines + int64(before)}
		}
	}
	i.lines += int64(bytes.Count(p, []byte{'\n'}))
	i.off = end
	return nil
}

// guess finds the one file that begins like this one and was read up to the
// size that this one tells.
func (i *inspection) guess() error {
	var found []probe
	for _, p := range i.probes {
		if same, _ := i.z.Tells(p.pos.off); same && i.begins[p.id] {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		i.size = found[0].pos.off
		i.holds[found[0].id] = holding{off: i.size}
	}
	return nil
}

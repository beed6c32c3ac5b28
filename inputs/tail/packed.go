package tail

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// Compressed files. The unread rest of a file that was rotated and compressed
// while nobody looked is read from the compressed file; offsets are those of
// the plain bytes. What is in a compressed file is found out by decompressing
// it, in a goroutine of its own (packed_job.go); until that is done it is a
// parcel, and what depends on it waits:
//
//   - It holds what was read of a known file: that file goes on in it, or was
//     read to its end, and only gets another identity (claim).
//   - It holds a generation of its path that nobody saw: it is read from its
//     beginning, in its place of the order (generations in adopt.go).
//   - It is history, or a copy, and is left alone.
//   - It is damaged. That is final once it has been left alone for a while:
//     what is lost with it is counted.
//
// While the plain file is beside it, compression is under way, and the
// compressed file does not count.

// parcel is a compressed file of which it is not known yet whose it is. It
// belongs to Run.
type parcel struct {
	entry
	path  string    // of whose family it is; its own where it is of none
	since time.Time // since when it has not changed
	seen  time.Time // by the last look
	busy  bool      // a job is at work on it
	// glance is what a short look into it has shown, while it might still be
	// written to; inside is final. nil: not known.
	glance, inside *inside
	retry          time.Time // not before that, since it could not be read
	of             *file     // whose content it has, which is at another place too
	held           bool      // that is open and not read to its end: until it is, nothing changes
	skipped        bool      // what comes after it did not wait for it
	only           *file     // it is compared with this one only, and is not of its family yet
}

// inside is what is in a compressed file. It is not changed.
type inside struct {
	whole bool  // it was read to its end
	size  int64 // plain bytes; when not whole, what it tells of itself; when damaged, those before that
	told  bool  // it tells
	// asked is how far the files had been read that it was compared with, those
	// but of which nothing was; newest is the last that there was then.
	asked  map[flow.FileID]int64
	newest flow.FileID
	// holds is the files of whose content, as far as they were read, it has
	// the beginning; begins is those whose first bytes it has.
	holds  map[flow.FileID]holding
	begins map[flow.FileID]bool
	// blind is the files it could not be compared with yet.
	blind map[flow.FileID]bool
	// parts is the files that begin with all of it, when it is whole.
	parts map[flow.FileID]bool
	head  []byte // the first bytes
	lines int64  // newlines; when it is whole
	err   error  // why it is of no use: damaged, or over a limit
}

// holding is how far a file had been read whose content is in a parcel, and how
// many newlines are behind that.
type holding struct{ off, lines int64 }

// packedQuiet is how long a compressed file must have been left alone until
// what is wrong with it is taken for final, and it for whole.
const packedQuiet = 10 * time.Second

// parcel is what is known of the compressed file at e, of the family of path.
func (in *Input) parcel(e entry, path string) *parcel {
	p := in.parcels[e.key]
	if p == nil {
		p = &parcel{entry: e, since: time.Now()}
		in.parcels[e.key] = p
	}
	p.sees(e, path)
	return p
}

// sees notes that p is at e.
func (p *parcel) sees(e entry, path string) {
	if p.size != e.size || p.mtime != e.mtime {
		p.since, p.retry = time.Now(), time.Time{}
		p.glance, p.inside, p.of, p.held, p.skipped = nil, nil, nil, false, false
	}
	p.entry, p.path, p.seen = e, path, time.Now()
}

// quiet says that nobody writes to the file any more: programs that compress
// give it the mtime of the plain file when they are done.
func (p *parcel) quiet() bool {
	return p.ctime-p.mtime > int64(time.Second) || time.Since(p.since) >= packedQuiet
}

// packing says that the compressed file at e is being made: the plain file is
// beside it still.
func (in *Input) packing(e entry) bool {
	plain, err := in.disk.statPath(unpack.Plain(e.path))
	if err != nil || plain.key.birth > e.key.birth {
		return false
	}
	now, err := in.disk.statPath(e.path) // else it was rotated since, and that is another one
	return err == nil && now.key == e.key
}

// unknownPacked says that e is a compressed file that nothing is known of, and
// that is not being made.
func (in *Input) unknownPacked(e entry) bool {
	return unpack.Is(e.path) && !e.link && in.byKey[e.key] == nil && !in.packing(e)
}

// glanceAll takes a first look into the compressed files of l that may hold the
// content of known files: usually it shows that all of it was read.
func (in *Input) glanceAll(l *listing) {
	for _, e := range l.files {
		if !unpack.Is(e.path) || in.byKey[e.key] != nil || e.link {
			continue
		}
		p := in.parcels[e.key]
		if p != nil && p.size == e.size && p.mtime == e.mtime && p.entry.path == e.path {
			p.seen = time.Now()
			in.reconsider(p)
			continue
		}
		path, ok := in.packedFrom(l.dir, e)
		if !ok || in.packing(e) {
			continue
		}
		family := p != nil && p.path == path
		if p = in.parcel(e, path); p.glance != nil && family {
			in.reconsider(p) // it was renamed only
		} else {
			in.glance(p)
		}
	}
}

// reconsider is called at every look at which p has not changed.
func (in *Input) reconsider(p *parcel) {
	if p.busy {
		return
	}
	claimed := in.claim(p)
	if in.parcels[p.key] != p || !claimed && !p.skipped && (p.glance == nil || len(p.glance.begins) == 0) {
		return
	}
	// It has a known file's content, it seems, or something went before it.
	if in.insideOf(p) != nil && !in.claim(p) && p.skipped {
		in.arriveLate(p)
	}
}

// packedFrom is the path of whose family the compressed file at e is, if
// something is known of that.
func (in *Input) packedFrom(dir string, e entry) (string, bool) {
	for _, name := range originals(filepath.Base(e.path)) {
		if t := in.tails[filepath.Join(dir, name)]; t != nil && !t.removed() {
			return t.path, true
		}
	}
	return in.kinOf(dir, e)
}

// parcelOf says that a compressed file may have the content of a file of path,
// whose identity is needed to know it by.
func (in *Input) parcelOf(path string) bool {
	for _, p := range in.parcels {
		if p.path == path {
			return true
		}
	}
	return false
}

// insideOf is what is in p, or nil when that is to be found out first: the
// directory is looked at again then.
func (in *Input) insideOf(p *parcel) *inside {
	switch {
	case p.inside != nil:
	case p.busy:
	case time.Now().Before(p.retry):
		in.lookAgain(p, p.retry)
	case !p.quiet():
		in.lookAgain(p, time.Now().Add(tickEvery))
	case p.glance != nil && (p.glance.whole || p.glance.err != nil):
		p.inside = p.glance
	default:
		in.unpackAll(p)
	}
	return p.inside
}

// lookAgain has the directories looked at that p is in, or belongs to.
func (in *Input) lookAgain(p *parcel, at time.Time) {
	for _, dir := range p.dirs() {
		in.dir(dir).again = at
	}
}

// dirs is the directories that are to be looked at when more is known of p.
func (p *parcel) dirs() []string {
	if p.only != nil {
		return []string{filepath.Dir(p.only.now)}
	}
	return []string{filepath.Dir(p.entry.path), filepath.Dir(p.path)}
}

// unpacked says whether it is known what is in the compressed files of the
// family of path that may be unread. If not, the order of the path's files is
// not known, and has to wait: for the next look, or for what the directory is listed
// again for, so that a family of many files is gone through once and not for each.
func (in *Input) unpacked(d *dir, l *listing, path string) bool {
	if !in.unready[path] && !in.isUnpacked(d, l, path) {
		in.unready[path] = true
	}
	d.waits = d.waits || in.unready[path]
	return !in.unready[path]
}

func (in *Input) isUnpacked(d *dir, l *listing, path string) bool {
	if t := in.tails[path]; t != nil && (in.waiting[t] || t.copyPending) {
		return false
	}
	family := in.family(l, path)
	if in.soughtOf(path, family) || in.unsettled(d, l, path, family) {
		return false
	}
	known := in.knownOf(family)
	var parcels []*parcel
	for i, m := range family {
		if !in.unknownPacked(m.entry) || in.past(path, m.entry) {
			continue
		}
		fresh := i >= known && (in.tails[path] != nil || in.unseen(d, l, family, i, path))
		if fresh || in.pats.match(m.path) >= 0 {
			parcels = append(parcels, in.parcel(m.entry, path))
		}
	}
	return in.sortOut(parcels, family)
}

// soughtOf says that a file of path is missing which may be in one of its
// compressed files, or in one in a directory near.
func (in *Input) soughtOf(path string, family []member) bool {
	packed := slices.ContainsFunc(family, func(m member) bool { return m.gen.packed && in.byKey[m.key] == nil })
	return slices.ContainsFunc(in.filesOf(path), func(f *file) bool { return f.sought && (packed || f.proving) })
}

// sortOut says whether it is known what is in each of the parcels of a family,
// which are in their order. Those that hold known content are given to its files.
func (in *Input) sortOut(parcels []*parcel, family []member) bool {
	ready := true
	for _, p := range parcels {
		if in.claim(p) {
			ready = ready && !in.reopened(p)
		} else if in.insideOf(p) == nil && !p.unreadable() {
			ready = false
		}
	}
	if !ready {
		return false
	}
	left := slices.DeleteFunc(slices.Clone(parcels), in.claim)
	for i, p := range left {
		if !in.claim(p) && in.claimShort(p, family, len(left)-i-1) {
			return false
		}
	}
	return true
}

// unreadable says that p cannot be read now. What comes after it does not wait
// for that.
func (p *parcel) unreadable() bool {
	if !time.Now().Before(p.retry) {
		return false
	}
	p.skipped = true
	return true
}

// errPacked says that a compressed file has to be made ready to be read.
var errPacked = errors.New("it is not decompressed yet")

// isGeneration says that the compressed file at e is nobody's: it was looked
// into, or nothing is known of path that could be in it.
func (in *Input) isGeneration(e entry, path string) bool {
	if !in.unknownPacked(e) {
		return false
	}
	p := in.parcels[e.key]
	if p == nil {
		return in.tails[path] == nil
	}
	seen := p.inside != nil || p.glance != nil && len(p.glance.begins) == 0
	return seen && !in.claim(p) && p.of == nil && !p.skipped
}

// packedGeneration adopts the compressed file at e, of which that is known, as
// the one after prev.
func (in *Input) packedGeneration(prev *file, e entry, path string) *file {
	if p := in.parcels[e.key]; p == nil || p.inside == nil {
		return prev // it came during this look
	}
	f := in.unwrap(e, path)
	if f.state == done {
		return prev // there is nothing to be read
	}
	in.link(prev, f)
	return f
}

// keepPacked makes f a compressed file that is history.
func (f *file) keepPacked() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.packed, f.size, f.searched, f.mtime = true, 0, 0, 0
}

// born is when the content of f came to be where it is. Of a compressed file
// that is its mtime, which is that of the plain one.
func (f *file) born() int64 {
	if f.packed && f.packedAs != (stamp{}) {
		return f.packedAs.mtime
	}
	return f.birth
}

// drainPacked sees to a compressed file that is not open.
func (in *Input) drainPacked(f *file) {
	f.mu.Lock()
	read := !f.resumed && f.pos.off >= f.size+f.joined
	f.mu.Unlock()
	switch {
	case f.prev != nil || !f.recorded || f.queue.busy(f):
	case read && !f.gone:
		in.finish(f)
	default:
		in.wake(f)
	}
}

// keepParcel is how long what is known of an unknown file is kept that is not
// there any more.
const keepParcel = time.Hour

// dropParcels forgets what has not been there for a while.
func (in *Input) dropParcels() {
	unseen := func(p *parcel) bool { return !p.busy && time.Since(p.seen) > keepParcel }
	maps.DeleteFunc(in.parcels, func(_ key, p *parcel) bool { return unseen(p) })
	maps.DeleteFunc(in.proofs, func(_ proofOf, p *parcel) bool { return unseen(p) })
}

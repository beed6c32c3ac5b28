package tail

import (
	"cmp"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/packed"
	"tailrace/inputs/tail/rotation"
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
// compressed file does not count; unless that is a log which was truncated.
//
// The questions about one, in the order in which they are asked, and where:
//
//	is it whole, and who waits for it?    packing, quiet, insideOf and unpacked, here
//	what is in it?                        packed_job.go, which has the package packed look
//	whose content is that?                claim in packed_whose.go; that of a log that goes
//	                                      on: packed_part.go; or of which little was read:
//	                                      packed_short.go
//	which one has what is unread of this  packed_rest.go, by name; packed_stray.go,
//	log, that is missing or truncated?    whatever it is called
//	if it is nobody's, is it read?        generations in adopt.go, and packed_new.go
//	may it be read now?                   packed_read.go

// parcel is a compressed file of which it is not known yet whose it is. It
// belongs to Run.
type parcel struct {
	disk.Entry
	path  string    // of whose family it is; its own where it is of none
	since time.Time // since when it has not changed
	seen  time.Time // by the last look
	busy  bool      // a job is at work on it
	// glance is what a short look into it has shown, while it might still be
	// written to; inside is final. nil: not known.
	glance, inside *packed.Inside
	retry          time.Time // not before that, since it could not be read
	of             *file     // whose content it has, which is at another place too
	held           bool      // that is open and not read to its end: until it is, nothing changes
	skipped        bool      // what comes after it did not wait for it
	only           *file     // it is compared with this one only, and is not of its family yet
}

// packedQuiet is how long a compressed file must have been left alone until
// what is wrong with it is taken for final, and it for whole.
const packedQuiet = 10 * time.Second

// parcel is what is known of the compressed file at e, of the family of path.
func (in *Input) parcel(e disk.Entry, path string) *parcel {
	p := in.parcels[e.Key]
	if p == nil {
		p = &parcel{Entry: e, since: time.Now()}
		in.parcels[e.Key] = p
	}
	p.sees(e, path)
	return p
}

// sees notes that p is at e.
func (p *parcel) sees(e disk.Entry, path string) {
	if stampOf(p.Entry) != stampOf(e) {
		p.since, p.retry = time.Now(), time.Time{}
		p.glance, p.inside, p.of, p.held, p.skipped = nil, nil, nil, false, false
	}
	p.Entry, p.path, p.seen = e, path, time.Now()
}

// quiet says that nobody writes to the file any more: programs that compress
// give it the mtime of the plain file when they are done.
func (p *parcel) quiet() bool {
	return p.Ctime-p.Mtime > int64(time.Second) || time.Since(p.since) >= packedQuiet
}

// packing says that the compressed file at e is being made: the plain file is
// beside it still, and is not one that got that name when the other was complete, or
// that is older than the last write to what is in the other.
func (in *Input) packing(e disk.Entry) bool {
	plain, err := in.disk.Stat(unpack.Plain(e.Path))
	if err != nil || plain.Key.Birth > e.Key.Birth {
		return false
	}
	now, err := in.disk.Stat(e.Path)                                 // else it was rotated since, and that is another one
	renamed := plain.Ctime > now.Ctime && plain.Ctime != plain.Mtime // and not only written to
	return err == nil && now.Key == e.Key && !renamed && !rotation.OfAnother(plain, now)
}

// unknownPacked says that e is a compressed file that nothing is known of, and
// that is not being made.
func (in *Input) unknownPacked(e disk.Entry) bool {
	return unpack.Is(e.Path) && !e.Link && in.byKey[e.Key] == nil && !in.packing(e)
}

// glanceAll takes a first look into the compressed files of l that may hold the
// content of known files: usually it shows that all of it was read.
func (in *Input) glanceAll(l *disk.Listing) {
	for _, e := range l.Files {
		if !unpack.Is(e.Path) || in.byKey[e.Key] != nil || e.Link {
			continue
		}
		p := in.parcels[e.Key]
		if p != nil && stampOf(p.Entry) == stampOf(e) && p.Entry.Path == e.Path {
			p.seen = time.Now()
			in.reconsider(p)
			continue
		}
		path, ok := in.packedFrom(l.Dir, e)
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
	if in.parcels[p.Key] != p || !claimed && !p.skipped && (p.glance == nil || len(p.glance.Begins) == 0) {
		return
	}
	// It has a known file's content, it seems, or something went before it.
	if in.insideOf(p) != nil && !in.claim(p) && p.skipped {
		in.arriveLate(p)
	}
}

// packedFrom is the path of whose family the compressed file at e is, if
// something is known of that.
func (in *Input) packedFrom(dir string, e disk.Entry) (string, bool) {
	for _, name := range rotation.Originals(filepath.Base(e.Path)) {
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
func (in *Input) insideOf(p *parcel) *packed.Inside {
	switch {
	case p.inside != nil:
	case p.busy:
	case time.Now().Before(p.retry):
		in.lookAgain(p, p.retry)
	case !p.quiet():
		in.lookAgain(p, time.Now().Add(tickEvery))
	case p.glance != nil && (p.glance.Whole || p.glance.Err != nil):
		p.inside = p.glance
	default:
		in.unpackUpTo(p, 1<<62) // all of it
	}
	return p.inside
}

// lookAgain has the directories looked at that p is in, or belongs to.
func (in *Input) lookAgain(p *parcel, at time.Time) {
	for _, dir := range p.dirs() {
		in.dir(dir).lookBy(at)
	}
}

// dirs is the directories that are to be looked at when more is known of p.
func (p *parcel) dirs() []string {
	if p.only != nil {
		return []string{filepath.Dir(p.only.now)}
	}
	return []string{filepath.Dir(p.Entry.Path), filepath.Dir(p.path)}
}

// unpacked says whether it is known what is in the compressed files of the
// family of path that may be unread. If not, the order of the path's files is
// not known, and has to wait: for the next look, or for what the directory is listed
// again for, so that a family of many files is gone through once and not for each.
func (in *Input) unpacked(l *disk.Listing, path string) bool {
	if !in.unready[path] && !in.isUnpacked(l, path) {
		in.unready[path] = true
	}
	if in.unready[path] {
		in.dir(l.Dir).waits = true
	}
	return !in.unready[path]
}

func (in *Input) isUnpacked(l *disk.Listing, path string) bool {
	if t := in.tails[path]; t != nil && in.undecided(t) {
		return false
	}
	family := in.family(l, path)
	if in.soughtOf(path) || in.unsettled(in.dir(l.Dir), family) {
		return false
	}
	known := in.knownOf(family)
	var parcels []*parcel
	for i, m := range family {
		if !in.unknownPacked(m.Entry) || in.isPast(path, m.Entry) {
			continue
		}
		fresh := i >= known && (in.tails[path] != nil || in.unseen(l, family, i, path))
		if fresh || m.Unread || in.pats.Match(m.Path) >= 0 {
			parcels = append(parcels, in.parcel(m.Entry, path))
		} else if in.writtenSince(m.Entry) && !in.glanced(in.parcel(m.Entry, path)) {
			return false
		}
	}
	return in.sortOut(parcels, family)
}

// glanced says that a first look was taken into p, which is no generation that was
// not read, it seems, or that it cannot be read now. When it begins like a known file
// and is long, it is found out later whether it goes on like it, too.
func (in *Input) glanced(p *parcel) bool {
	c := p.known()
	if c == nil {
		in.glance(p)
		return p.unreadable()
	}
	p.skipped = p.skipped || p.inside == nil && c.Err == nil && !c.Whole && len(c.Holds) == 0
	return true
}

// soughtOf says that a file of path is missing which may be in a compressed file.
func (in *Input) soughtOf(path string) bool {
	return slices.ContainsFunc(in.filesOf(path), func(f *file) bool { return f.has(sought) })
}

// sortOut says whether it is known what is in each of the parcels of a family,
// which are in their order. Those that hold known content are given to its files.
func (in *Input) sortOut(parcels []*parcel, family []rotation.Member) bool {
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
func (in *Input) isGeneration(e disk.Entry, path string) bool {
	if !in.unknownPacked(e) {
		return false
	}
	p := in.parcels[e.Key]
	if p == nil {
		return in.tails[path] == nil
	}
	seen := p.inside != nil || p.glance != nil && len(p.glance.Begins) == 0
	return seen && !in.claim(p) && p.of == nil && !p.skipped
}

// packedGeneration adopts the compressed file at e, of which that is known, as
// the one after prev.
func (in *Input) packedGeneration(prev *file, e disk.Entry, path string) *file {
	p := in.parcels[e.Key]
	if p == nil || p.inside == nil {
		return prev // it came during this look
	}
	w := in.packedUnbegun(p)
	prev = in.beginOlder(prev, e, path, w)
	if w != nil {
		f := in.beginNameless(w, prev, path)
		p.glance, p.inside, p.of, p.held = nil, nil, f, f != nil // it is compared with f when that was read
		return cmp.Or(f, prev)
	}
	f := in.unwrap(e, path)
	if f.state == done {
		return prev // there is nothing to be read
	}
	in.link(prev, f)
	return f
}

// keepParcel is how long what is known of an unknown file is kept that is not
// there any more.
const keepParcel = time.Hour

// dropParcels forgets what has not been there for a while.
func (in *Input) dropParcels() {
	unseen := func(p *parcel) bool { return !p.busy && time.Since(p.seen) > keepParcel }
	maps.DeleteFunc(in.parcels, func(_ disk.Key, p *parcel) bool { return unseen(p) })
	maps.DeleteFunc(in.proofs, func(_ proofOf, p *parcel) bool { return unseen(p) })
}

package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// Compressed files that no name relates to a log may have what is unread of it:
// it was given any name and compressed, compressed to any name and truncated, or
// rotated to another directory for the first time. A name proves nothing, in
// another directory least of all: another program may have logs of the same name
// there. So they are compared with the one known file that is missing, or was
// truncated. One that has its content, up to where it was read, is what became of
// it. When that is called like a rotated file of the path, and in one other
// directory alone, this directory is one of the family's from then on (kin.go).

// proofsMax is with how many such files, the youngest, one file is compared.
const proofsMax = 16

// proofOf names the comparison of a compressed file with a known one.
type proofOf struct {
	key disk.Key
	id  flow.FileID
}

// findPacked looks for the compressed content of f among files that are not of
// its family. kin says that a directory was found that is one of the family's
// now; otherwise p is the file that has it, or nil. wait says that it is not known
// yet. Of a file of which too little was read to tell by, the directory is found by
// the one before it, or by the other logs beside it.
func (in *Input) findPacked(f *file, l *disk.Listing) (p *parcel, kin, wait bool) {
	if f.at() < flow.Enough {
		switch last := in.lastGone(f); {
		case last != nil:
			f = last
		case in.kinBeside(f.path):
			return nil, true, false
		case f.at() == 0:
			return nil, false, in.proofsBeside(f, l.Dir)
		}
	}
	if f.removed() {
		return nil, false, false
	}
	if d := in.dir(l.Dir); !in.mayGoNear(d, l.Dir) {
		d.lookBy(in.nearAgain)
		return nil, false, true
	}
	var all, proven []*parcel
	dirs := in.plainNear(f, l) // other ones, with files that are called like rotated ones
	for _, e := range in.unrelatedPacked(f, l) {
		if f.at() < flow.Enough && !in.newKin(f, e) {
			continue // so little is in any file
		}
		p := in.proof(e, f)
		has, known := in.proves(p)
		if all = append(all, p); has {
			proven = append(proven, p)
		}
		if dir := filepath.Dir(e.Path); has && in.newKin(f, e) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		wait = wait || !known
	}
	switch {
	case wait:
		return nil, false, true
	case len(dirs) == 1:
		in.noteKin(f.path, dirs[0])
		for _, p := range all {
			if filepath.Dir(p.Entry.Path) == dirs[0] {
				in.parcel(p.Entry, f.path).since = p.since // it need not be quiet once more
			}
		}
		return nil, true, false
	}
	proven = slices.DeleteFunc(proven, func(p *parcel) bool { return in.newKin(f, p.Entry) })
	if len(proven) == 0 || f.state == done || f.at() < flow.Enough {
		return nil, false, false
	}
	// of several copies, the one that was made last has most of it
	return slices.MaxFunc(proven, func(a, b *parcel) int { return cmp.Compare(a.inside.Size, b.inside.Size) }), false, false
}

// mayBeNear says that t, the newest file of its path, which has no name any more, may
// have been compressed in another directory, to which nothing of the path was rotated
// before: so may what came after it, which has to wait.
func (in *Input) mayBeNear(t *file, l *disk.Listing) bool {
	if t == nil || !t.gone || t.deleting || t.removed() || len(in.kin.Of(t.path)) > 0 || in.isInParcel(t) {
		return false
	}
	_, kin, wait := in.findPacked(t, l)
	if kin {
		in.touched(l.Dir) // it has these, too
	}
	return kin || wait
}

// isInParcel says that f is in a compressed file that belongs to its family.
func (in *Input) isInParcel(f *file) bool {
	for _, p := range in.parcels {
		if p.of == f {
			return true
		}
	}
	return false
}

// isFromNear says that the file at e, in l, which is of no family, or one before it may be
// what became of the newest file of a path in a directory above its own. The next look tells.
func (in *Input) isFromNear(l *disk.Listing, e disk.Entry) (may bool) {
	for _, name := range rotation.Originals(filepath.Base(e.Path)) {
		for _, path := range above(l.Dir, name) {
			t, home := in.tails[path], filepath.Dir(path)
			if t != nil && t.state == following && (!in.present(t) || in.undecided(t) || in.changed(t)) {
				in.touched(home) // where it is, is seen there
				may = true
			}
			may = may || in.mayBeNear(t, in.beside(home))
		}
	}
	if may {
		in.dir(l.Dir).lookBy(time.Now().Add(tickEvery))
	}
	return may
}

// plainNear is the directories near, none of the family's, where a file came that is
// called like a rotated one of the path of f, of which few bytes were read, and begins
// with these. Of others that file itself is found: see search.
func (in *Input) plainNear(f *file, l *disk.Listing) (dirs []string) {
	if f.at() >= flow.Enough {
		return nil
	}
	for _, near := range in.near(l.Dir) {
		if in.atHome(f, near.Dir) || near.Has(filepath.Base(f.path)) {
			continue
		}
		if slices.ContainsFunc(rotation.Family(near, f.path), func(m rotation.Member) bool {
			same, err := false, error(nil)
			if !m.Gen.Packed && in.byKey[m.Key] == nil && f.owned(m.Entry) && in.sinceLife(m.Entry) && m.Key.Birth >= f.key.Birth {
				same, err = in.sameContent(f, m.Entry)
			}
			return same && err == nil
		}) {
			dirs = append(dirs, near.Dir)
		}
	}
	return dirs
}

// lastGone is the file of the path of f that was shipped last before it, if that is
// nowhere any more: it was rotated and compressed between two looks. nil: none.
func (in *Input) lastGone(f *file) *file {
	var last *file
	for _, g := range in.filesOf(f.path) {
		if g.id < f.id && g.state == done && g.at() >= flow.Enough {
			last = g
		}
	}
	if last == nil || !last.gone {
		return nil
	}
	return last
}

// proofsBeside says that another file of dir is being looked for among those near, which
// may show where f was rotated to.
func (in *Input) proofsBeside(f *file, dir string) bool {
	for g := range in.dir(dir).files {
		if g != f && g.has(sought) && (g.at() > 0 || in.lastGone(g) != nil) {
			return true
		}
	}
	return false
}

// newKin says that e is called like a rotated file of the path of f, in a
// directory that is none of its family's.
func (in *Input) newKin(f *file, e disk.Entry) bool {
	_, rotated := rotation.Parse(filepath.Base(f.path), filepath.Base(e.Path))
	return rotated && !in.atHome(f, filepath.Dir(e.Path))
}

// atHome says that rotated files of the path of f may be in dir.
func (in *Input) atHome(f *file, dir string) bool {
	return dir == filepath.Dir(f.path) || dir == in.links.Home(f.path) || slices.Contains(in.kin.Of(f.path), dir)
}

// unrelatedPacked is the compressed files that may have the content of f and came
// since the runs before have looked: those beside it that are not of a family, and
// then those near.
func (in *Input) unrelatedPacked(f *file, l *disk.Listing) []disk.Entry {
	var beside, near []disk.Entry
	add := func(to *[]disk.Entry, l *disk.Listing) {
		for _, e := range l.Files {
			if f.owned(e) && (f.state == done || in.sinceLife(e)) && (in.unknownPacked(e) || in.packedBeside(f, e)) && !in.related(f, e) {
				*to = append(*to, e)
			}
		}
	}
	for _, dir := range append([]string{filepath.Dir(f.path)}, in.kin.Of(f.path)...) {
		add(&beside, in.listing(l, dir))
	}
	for _, l := range in.near(l.Dir) {
		if !in.atHome(f, l.Dir) && !l.Has(filepath.Base(f.path)) { // else it is of a log there
			add(&near, l)
		}
	}
	for _, found := range [][]disk.Entry{beside, near} {
		slices.SortFunc(found, func(a, b disk.Entry) int { return cmp.Compare(b.Ctime, a.Ctime) })
	}
	return append(beside, near...)[:min(len(beside)+len(near), proofsMax)]
}

// packedBeside says that the compressed file at e has the name of f, which was truncated,
// with the extension behind it: it is not being made, but a copy from before that. It may
// have been the copy of a file before f, and was overwritten.
func (in *Input) packedBeside(f *file, e disk.Entry) bool {
	if !unpack.Is(e.Path) || e.Link || unpack.Plain(e.Path) != f.now {
		return false
	}
	g := in.byKey[e.Key]
	return in.present(f) && (g == nil || g.state == done && f.madeSince(e))
}

// madeSince says that the file at e was written to since f began, as its copy was.
func (f *file) madeSince(e disk.Entry) bool {
	return f.fromBefore() || e.Mtime >= f.since.time().UnixNano()
}

// archived is how many bytes f, which was truncated, had when it was appended to the
// compressed file beside it that has its name, as far as that tells: gzip tells it of
// what was appended last. That is not read, but what is lost with it is counted. One that
// a pattern matches is read itself.
func (in *Input) archived(f *file) (size int64, ok bool) {
	at := f.at()
	for of, p := range in.proofs {
		if of.id != f.id || !f.madeSince(p.Entry) || unpack.Plain(p.Entry.Path) != f.path || in.pats.Match(p.Entry.Path) >= 0 {
			continue
		}
		if c := p.known(); c != nil && c.Told && c.Err == nil && !c.Begins[f.id] && c.Tells >= at {
			return c.Tells, true
		}
	}
	return 0, false
}

// related says that it is by other rules whose the compressed file at e is: one of
// the family of f, or of another path of which something is known.
func (in *Input) related(f *file, e disk.Entry) bool {
	dir := filepath.Dir(e.Path)
	path, ok := in.packedFrom(dir, e)
	return ok && (path != f.path || in.atHome(f, dir))
}

// proof is what is known of whether the compressed file at e has the content of f.
func (in *Input) proof(e disk.Entry, f *file) *parcel {
	of := proofOf{e.Key, f.id}
	p := in.proofs[of]
	if p == nil {
		p = &parcel{Entry: e, since: time.Now(), only: f}
		in.proofs[of] = p
	}
	p.sees(e, f.path)
	return p
}

// proves says whether p has the content of the one file that it is compared with,
// if that is known.
func (in *Input) proves(p *parcel) (has, known bool) {
	f := p.only
	if c := p.known(); c != nil && c.Asked[f.id] != f.at() {
		p.glance, p.inside = nil, nil
	}
	if p.known() == nil && !p.busy {
		in.glance(p)
	}
	switch c := p.known(); {
	case time.Now().Before(p.retry):
		return false, true // it cannot be read
	case c == nil:
		return false, false
	case !c.Begins[f.id] && c.Err == nil:
		return false, true
	}
	c := in.insideOf(p)
	return c != nil && c.Err == nil && c.Holds[f.id].Off == f.at(), c != nil
}

// proving says that the compressed file k is being compared with a file that is
// missing, or was truncated.
func (in *Input) proving(k disk.Key) bool {
	for of, p := range in.proofs {
		if of.key == k && in.soughtOf(p.only.path) && in.files[of.id] == p.only {
			return true
		}
	}
	return false
}

package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
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
	key key
	id  flow.FileID
}

// findPacked looks for the compressed content of f among files that are not of
// its family. kin says that a directory was found that is one of the family's
// now; otherwise p is the file that has it, or nil. wait says that it is not known
// yet.
func (in *Input) findPacked(f *file, l *listing) (p *parcel, kin, wait bool) {
	defer func() { f.proving = wait }()
	if f.at() < flow.Enough || f.removed() {
		return nil, false, false // too little to tell by
	}
	if d := in.dir(l.dir); !in.mayGoNear(d, l.dir) {
		d.again = in.nearAgain
		return nil, false, true
	}
	var all, proven []*parcel
	var dirs []string // other ones, with files that are called like rotated ones
	for _, e := range in.unrelatedPacked(f, l) {
		p := in.proof(e, f)
		has, known := in.proves(p)
		if all = append(all, p); has {
			proven = append(proven, p)
		}
		if dir := filepath.Dir(e.path); has && in.newKin(f, e) && !slices.Contains(dirs, dir) {
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
			if filepath.Dir(p.entry.path) == dirs[0] {
				in.parcel(p.entry, f.path).since = p.since // it need not be quiet once more
			}
		}
		return nil, true, false
	}
	proven = slices.DeleteFunc(proven, func(p *parcel) bool { return in.newKin(f, p.entry) })
	if len(proven) == 0 {
		return nil, false, false
	}
	// of several copies, the one that was made last has most of it
	return slices.MaxFunc(proven, func(a, b *parcel) int { return cmp.Compare(a.inside.size, b.inside.size) }), false, false
}

// newKin says that e is called like a rotated file of the path of f, in a
// directory that is none of its family's.
func (in *Input) newKin(f *file, e entry) bool {
	_, rotated := parseGeneration(filepath.Base(f.path), filepath.Base(e.path))
	return rotated && !in.atHome(f, filepath.Dir(e.path))
}

// atHome says that rotated files of the path of f may be in dir.
func (in *Input) atHome(f *file, dir string) bool {
	home := filepath.Dir(f.path)
	return dir == home || dir == in.targets.home(f.path) || slices.Contains(in.kin[home][f.path], dir)
}

// unrelatedPacked is the compressed files that may have the content of f and came
// since the runs before have looked: those beside it that are not of a family, and
// then those near.
func (in *Input) unrelatedPacked(f *file, l *listing) []entry {
	var beside, near []entry
	add := func(to *[]entry, l *listing) {
		for _, e := range l.files {
			if f.owned(e) && in.sinceLife(e) && in.unknownPacked(e) && !in.related(f, e) {
				*to = append(*to, e)
			}
		}
	}
	home := filepath.Dir(f.path)
	for _, dir := range append([]string{home}, in.kin[home][f.path]...) {
		if dir == l.dir {
			add(&beside, l)
		} else {
			add(&beside, in.beside(dir))
		}
	}
	for _, l := range in.near(l.dir) {
		if !in.atHome(f, l.dir) && !l.has(filepath.Base(f.path)) { // else it is of a log there
			add(&near, l)
		}
	}
	for _, found := range [][]entry{beside, near} {
		slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(b.ctime, a.ctime) })
	}
	return append(beside, near...)[:min(len(beside)+len(near), proofsMax)]
}

// related says that it is by other rules whose the compressed file at e is: one of
// the family of f, or of another path of which something is known.
func (in *Input) related(f *file, e entry) bool {
	dir := filepath.Dir(e.path)
	path, ok := in.packedFrom(dir, e)
	return ok && (path != f.path || in.atHome(f, dir))
}

// proof is what is known of whether the compressed file at e has the content of f.
func (in *Input) proof(e entry, f *file) *parcel {
	of := proofOf{e.key, f.id}
	p := in.proofs[of]
	if p == nil {
		p = &parcel{entry: e, since: time.Now(), only: f}
		in.proofs[of] = p
	}
	p.sees(e, f.path)
	return p
}

// proves says whether p has the content of the one file that it is compared with,
// if that is known.
func (in *Input) proves(p *parcel) (has, known bool) {
	f := p.only
	if c := p.known(); c != nil && c.asked[f.id] != f.at() {
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
	case !c.begins[f.id] && c.err == nil:
		return false, true
	}
	c := in.insideOf(p)
	return c != nil && c.err == nil && c.holds[f.id].off == f.at(), c != nil
}

// proving says that the compressed file k is being compared with a file that is
// missing, or was truncated.
func (in *Input) proving(k key) bool {
	for of, p := range in.proofs {
		if of.key == k && p.only.proving && in.files[of.id] == p.only {
			return true
		}
	}
	return false
}

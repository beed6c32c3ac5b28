package tail

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
)

// A log may be rotated to another directory for the first time, and compressed
// there, while the agent is down. A name proves nothing: another program may have
// logs of the same name in a directory near. So the compressed files of such
// names are compared with the one known file that is missing, or was truncated:
// the one directory that has its content, up to where it was read, is one of the
// family's from then on (kin.go).

// proofsMax is with how many compressed files near, the youngest, one file is
// compared.
const proofsMax = 16

// proofOf names the comparison of a compressed file with a known one.
type proofOf struct {
	key key
	id  flow.FileID
}

// findKin looks for the directory near that has the compressed content of f.
// found says that it is one of the family's now; wait that it is not known yet.
func (in *Input) findKin(f *file, l *listing) (found, wait bool) {
	defer func() { f.proving = wait }()
	if f.at() < flow.Enough || f.removed() {
		return false, false // too little to tell by
	}
	if d := in.dir(l.dir); !in.mayGoNear(d, l.dir) {
		d.again = in.nearAgain
		return false, true
	}
	var dirs []string
	var proofs []*parcel
	for _, e := range in.packedNear(f, l) {
		p := in.proof(e, f)
		has, known := in.proves(p)
		if dir := filepath.Dir(e.path); has && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		proofs, wait = append(proofs, p), wait || !known
	}
	if wait || len(dirs) != 1 {
		return false, wait
	}
	in.noteKin(f.path, dirs[0])
	for _, p := range proofs {
		if filepath.Dir(p.entry.path) != dirs[0] {
			continue
		}
		in.parcel(p.entry, f.path).since = p.since // it need not be quiet once more
	}
	return true, false
}

// packedNear is the compressed files that may have the content of f: those near
// that are called like a rotated one and came since the runs before have looked.
func (in *Input) packedNear(f *file, l *listing) []entry {
	var out []entry
	for _, near := range in.near(l.dir) {
		if near.has(filepath.Base(f.path)) {
			continue // that is of a log there
		}
		if near.dir == filepath.Dir(f.path) || slices.Contains(in.kin[filepath.Dir(f.path)][f.path], near.dir) {
			continue // its files were looked into
		}
		for _, m := range near.family(f.path) {
			if m.gen.packed && in.unknownPacked(m.entry) && f.owned(m.entry) && in.sinceLife(m.entry) {
				out = append(out, m.entry)
			}
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(b.ctime, a.ctime) })
	return out[:min(len(out), proofsMax)]
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

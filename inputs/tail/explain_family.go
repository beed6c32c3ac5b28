package tail

import (
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/explain"
	"tailrace/inputs/tail/unpack"
)

// rotatedOf is the path that a pattern matches and of which path is a rotated
// file by its name; empty when there is none.
func (in *Input) rotatedOf(path string) string {
	for _, base := range originals(filepath.Base(path)) {
		of := filepath.Join(filepath.Dir(path), base)
		if in.pats.match(of) >= 0 {
			return of
		}
	}
	return ""
}

// siblings finds the rotated files of e.Of, and what is in those that are
// compressed.
func (x *explainer) siblings(e *explain.Answer) error {
	dirs := []string{filepath.Dir(e.Of)}
	var known file // only its owner
	target := e.Of
	err := x.ask(func() {
		if f := x.in.tails[e.Of]; f != nil {
			known.owner = f.owner
		}
		dirs = append(dirs, x.in.kin[dirs[0]][e.Of]...)
		if t, ok := x.in.targets.of[e.Of]; ok {
			target = t
			dirs = slices.DeleteFunc(dirs, func(dir string) bool { return dir == filepath.Dir(t) })
		}
	})
	if err != nil {
		return err
	}
	byKey := map[key]flow.FileID{}
	for _, f := range e.Files {
		byKey[keyOf(&f)] = f.ID
	}
	var family []member
	for _, dir := range dirs {
		if l, err := x.list(dir); err == nil {
			family = append(family, l.family(e.Of)...)
		}
	}
	if l, err := x.list(filepath.Dir(target)); err == nil && target != e.Of {
		family = append(family, l.family(target)...)
	}
	inOrder(family)
	packed, err := x.unpacking(family, e)
	if err != nil {
		return err
	}
	old := map[key]bool{}
	err = x.ask(func() {
		for _, m := range family {
			old[m.key] = x.in.byKey[m.key] == nil && x.in.tails[e.Of] == nil && x.in.pats.match(e.Of) >= 0 && x.in.leftAlone(e.Of, m.entry)
		}
	})
	if err != nil {
		return err
	}
	for _, m := range family {
		e.Siblings = append(e.Siblings, explain.Sibling{
			Path: m.path, Size: m.size, Modified: time.Unix(0, m.mtime), Packed: m.gen.packed, File: byKey[m.key],
			Foreign: byKey[m.key] == 0 && !known.owned(m.entry), Old: old[m.key], Unpacking: packed[m.key],
		})
	}
	e.Unpacking = packed[keyAt(&e.At)]
	if e.Verdict == explain.New && settledPacked(e.Unpacking) {
		e.Verdict = explain.Packed
	}
	return nil
}

// unpacking is what is known of the compressed files among the members and of
// the file that e is about.
func (x *explainer) unpacking(family []member, e *explain.Answer) (map[key]*explain.Unpacking, error) {
	out := map[key]*explain.Unpacking{}
	err := x.ask(func() {
		found := map[key]*explain.Unpacking{}
		for _, m := range family {
			found[m.key] = x.in.packedFacts(m.path)
		}
		if at := keyAt(&e.At); at != (key{}) {
			found[at] = x.in.packedFacts(e.Path)
		}
		out = found
	})
	return out, err
}

// packedFacts is what is known of the compressed file at path; nil when it is none, or
// a file that is read from it. Run calls it.
func (in *Input) packedFacts(path string) *explain.Unpacking {
	if !unpack.Is(path) {
		return nil
	}
	at, err := in.disk.statPath(path)
	switch {
	case err != nil || in.byKey[at.key] != nil:
		return nil
	case in.packing(at):
		return &explain.Unpacking{Plain: unpack.Plain(path)}
	}
	return in.parcels[at.key].facts()
}

// settledPacked says that the lines of the compressed file are not shipped from it, or
// not now.
func settledPacked(u *explain.Unpacking) bool {
	return u != nil && (u.Of != 0 || u.Error != "" || u.Plain != "")
}

// facts is what is known of p, which may be nil.
func (p *parcel) facts() *explain.Unpacking {
	if p == nil {
		return nil
	}
	u := &explain.Unpacking{Busy: p.busy}
	switch now := time.Now(); {
	case p.of != nil:
		u.Of = p.of.id
	case p.inside != nil && p.inside.err != nil:
		u.Error = p.inside.err.Error()
	case now.Before(p.retry):
		u.Error, u.Until = "it cannot be read", p.retry
	case !p.quiet():
		u.Until = p.since.Add(packedQuiet)
	}
	return u
}

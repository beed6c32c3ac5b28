package tail

import (
	"context"
	"slices"
	"strings"
	"time"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/explain"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/unpack"
)

// What is told of a path to people who ask, as the package explain wants to know it.

// Explain says what is known of the absolute path. It is safe for any
// goroutine while Run runs, and waits for it: the error is that of ctx, or says
// that Run has ended.
func (in *Input) Explain(ctx context.Context, path string) (explain.Answer, error) {
	return facts{in, ctx}.explainer().Path(path)
}

// ExplainAtRest is Explain for an Input that was made from a journal and is not
// run.
func (in *Input) ExplainAtRest(path string) (explain.Answer, error) {
	return facts{in, nil}.explainer().Path(path)
}

// ask has Run's goroutine call do, and waits until it did.
func (in *Input) ask(ctx context.Context, do func()) error {
	done := make(chan struct{})
	in.tell(task{do: func() { do(); close(done) }})
	select {
	case <-done:
		return nil
	case <-in.stopped:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// facts is what in knows, as explain asks for it: an explain.Source.
type facts struct {
	in  *Input
	ctx context.Context // nil: in is not run
}

func (x facts) explainer() *explain.Explainer { return explain.NewExplainer(x, x.in.pats, &x.in.disk) }

func (x facts) live() bool { return x.ctx != nil }

// Ask implements explain.Source.
func (x facts) Ask(do func()) error {
	if x.live() {
		return x.in.ask(x.ctx, do)
	}
	do()
	return nil
}

// Match implements explain.Source.
func (x facts) Match(path string) explain.Match { return x.in.matchOf(path) }

// Files implements explain.Source.
func (x facts) Files(path string, k disk.Key) (out []explain.File) {
	for _, f := range x.in.chainOf(path, k) {
		out = append(out, f.facts(x.live()))
	}
	return out
}

// File implements explain.Source.
func (x facts) File(k disk.Key) (explain.File, bool) {
	f := x.in.byKey[k]
	if f == nil {
		return explain.File{}, false
	}
	return f.facts(x.live()), true
}

// LeftAlone implements explain.Source.
func (x facts) LeftAlone(path string, e disk.Entry) bool {
	return x.in.byKey[e.Key] == nil && x.in.pats.Match(path) >= 0 && x.in.leftAlone(path, e)
}

// Looks implements explain.Source.
func (x facts) Looks(dir string) (looks bool, above string) {
	if !x.live() {
		return true, ""
	}
	for path, why := range x.in.unlisted {
		if strings.HasPrefix(dir, strings.TrimSuffix(path, "/")+"/") {
			above = path + ": " + why
		}
	}
	return x.in.dirs[dir] != nil, above
}

// Rotated implements explain.Source.
func (x facts) Rotated(path string) explain.Places {
	var known file // only its owner
	f := x.in.tails[path]
	if f != nil {
		known.owner = f.owner
	}
	return explain.Places{
		Known: f != nil, Dirs: slices.Clone(x.in.kin.Of(path)), Target: x.in.links.Target(path), Owned: known.owned,
	}
}

// Unpacking implements explain.Source.
func (x facts) Unpacking(path string) *explain.Unpacking { return x.in.packedFacts(path) }

// Awaited implements explain.Source.
func (x facts) Awaited(path string, k disk.Key) (of string, before []explain.Await) {
	if !x.live() || x.in.byKey[k] != nil {
		return "", nil
	}
	if w := x.in.unbegun[k]; w != nil {
		path = w.Path
	}
	if x.in.pats.Match(path) < 0 {
		return "", nil
	}
	for _, f := range x.in.filesOf(path) {
		if f.state != done && f.missing || f.has(sought|young|truncating) {
			before = append(before, x.in.soughtFor(f)...)
		}
	}
	return path, before
}

// soughtFor is what has to be known of f, which is not where it was, and of the
// compressed files of no family that may have its content.
func (in *Input) soughtFor(f *file) []explain.Await {
	out := []explain.Await{{Path: f.now, Read: f.at()}}
	for _, p := range in.proofs {
		if c := p.known(); p.only == f && p.inside == nil && (c == nil || c.Begins[f.id]) {
			out = append(out, explain.Await{Path: p.Entry.Path, Unpacking: p.facts()})
		}
	}
	slices.SortFunc(out[1:], func(a, b explain.Await) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// matchOf says what matches path, and why it is followed or not.
func (in *Input) matchOf(path string) explain.Match {
	var m explain.Match
	for i := range in.o.Inputs {
		c := &in.o.Inputs[i]
		glob, excluded := in.pats.Which(i, path)
		switch {
		case glob == "":
		case excluded == "" && m.Followed():
			m.Also = append(m.Also, c.At)
		case excluded == "" || m.Pattern == "":
			m = explain.Match{Archive: pattern.IsArchive(path), Pattern: glob, Input: c.At, Output: c.output(), Topic: c.topic(path), Excluded: excluded}
		}
	}
	if m.Pattern != "" {
		return m
	}
	if n, ok := in.pats.Nearest(path); ok {
		m.Near = &explain.Near{Pattern: n.Pattern, Input: in.o.Inputs[n.Input].At, Matched: n.Matched, Got: n.Got, Want: n.Want}
	}
	return m
}

// packedFacts is what is known of the compressed file at path; nil when it is none, or
// a file that is read from it. Run calls it.
func (in *Input) packedFacts(path string) *explain.Unpacking {
	if !unpack.Is(path) || pattern.IsArchive(path) {
		return nil
	}
	at, err := in.disk.Stat(path)
	switch {
	case err != nil || in.byKey[at.Key] != nil:
		return nil
	case in.packing(at):
		return &explain.Unpacking{Plain: unpack.Plain(path)}
	}
	if p := in.parcels[at.Key]; p != nil {
		return p.facts()
	}
	for of, p := range in.proofs {
		if of.key == at.Key && in.proving(of.key) {
			return p.facts()
		}
	}
	return nil
}

// facts is what is known of p.
func (p *parcel) facts() *explain.Unpacking {
	u := &explain.Unpacking{Busy: p.busy}
	switch now := time.Now(); {
	case p.of != nil:
		u.Of = p.of.id
	case p.inside != nil && p.inside.Err != nil:
		u.Error = p.inside.Err.Error()
	case now.Before(p.retry):
		u.Error, u.Until = "it cannot be read", p.retry
	case !p.quiet():
		u.Until = p.since.Add(packedQuiet)
	}
	return u
}

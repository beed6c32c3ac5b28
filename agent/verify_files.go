package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/config"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/agent/proof"
	"tailrace/agent/route"
	"tailrace/agent/verify"
	"tailrace/inputs/tail"
	"tailrace/inputs/tail/locate"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/record"
)

// finder finds files.
type finder struct {
	cfg     *config.Config
	inputs  []tail.Config
	locator *locate.Locator
	state   *kept
	fresh   bool // there is no journal
	outputs map[string]bool
	before  [][]*record.Options     // by input: how lines may have become records before
	ways    map[int]*record.Options // by their numbers in the journal
	kept    []found
	nexts   map[flow.FileID]*locate.Kept // by what they came after
	prevs   map[flow.FileID]*locate.Kept // by their ids
	oldest  map[string]flow.FileID       // of a path that was shipped
}

// found is a file that is there.
type found struct {
	locate.Kept
	unread bool // the agent ships nothing of it, as far as it knows
}

func newFinder(cfg *config.Config, k *kept, hosts []string) *finder {
	f := &finder{
		cfg: cfg, inputs: inputs(cfg), state: k, fresh: k.origin.AsOf.IsZero(), outputs: map[string]bool{},
		nexts: map[flow.FileID]*locate.Kept{}, prevs: map[flow.FileID]*locate.Kept{}, oldest: map[string]flow.FileID{}, ways: map[int]*record.Options{0: {}},
	}
	for _, in := range f.inputs {
		f.outputs[in.Route.Output()] = true
		f.before = append(f.before, earlier(in.Record, hosts))
	}
	for n, spec := range k.state.Readings {
		if r, err := record.Parse(spec); err == nil && !route.IsForm(spec) {
			o := r.Options()
			f.ways[n] = &o
		}
	}
	for _, one := range cfg.Split() {
		f.outputs[config.LaneName(one.Cluster)] = true
	}
	f.locator = locate.New(tail.Patterns(f.inputs))
	for _, k := range f.locator.Locate(k.state.Files) {
		f.kept = append(f.kept, found{k, k.Done && k.Acked <= k.Base})
	}
	f.link()
	return f
}

// earlier is how the lines of an input may have become records before: in the
// other format, or under other names of the host.
func earlier(o record.Options, hosts []string) (out []*record.Options) {
	if o.Format == record.JSON {
		raw := o
		raw.Format, raw.Host = record.Raw, ""
		out = append(out, &raw)
	}
	for i, h := range hosts {
		object := o
		object.Format, object.Host = record.JSON, h
		if slices.Index(hosts, h) == i && (o.Format != record.JSON || o.Host != h) {
			out = append(out, &object)
		}
	}
	return out
}

// link notes which files may have the end of another one's lines.
func (f *finder) link() {
	for i := range f.kept {
		k := &f.kept[i]
		f.prevs[k.ID] = &k.Kept
		if k.Prev != 0 && k.Base > 0 && k.At != "" {
			f.nexts[k.Prev] = &k.Kept
		}
		if old, any := f.oldest[k.Path]; !k.unread && (!any || k.ID < old) {
			f.oldest[k.Path] = k.ID
		}
	}
}

// choose is the files that are named.
func (f *finder) choose(paths []string) ([]found, error) {
	all := append(slices.Clone(f.kept), f.unseen()...)
	all = append(all, f.passedOver(all)...)
	if len(paths) == 0 {
		return all, nil
	}
	var out []found
	taken := map[*found]bool{}
	for _, path := range paths {
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(path)
		inside := err == nil && info.IsDir()
		n := len(out)
		known := false
		for i := range all {
			if k := &all[i]; k.Path == path || k.At == path || inside && filepath.Dir(k.At) == path {
				known = true
				if !taken[k] {
					taken[k] = true
					out = append(out, *k)
				}
			}
		}
		switch {
		case known:
			continue
		case err != nil:
			return nil, fmt.Errorf("%w; and the journal knows no file of that path", err)
		case inside:
			return nil, fmt.Errorf("no file in %s is followed by an input, or was; `tailrace check` lists the files that are", path)
		}
		if m := slices.IndexFunc(Matches(f.cfg), func(m pattern.Match) bool { return m.Path == path && m.Older }); m >= 0 && !f.fresh {
			return nil, fmt.Errorf("%s is left alone: it was last written to before ignore_older of its input, and nothing of it is expected in a topic", path)
		}
		for _, k := range f.locator.Unknown(path, true) {
			out = append(out, found{Kept: k})
		}
		if slices.ContainsFunc(out[n:], func(k found) bool { return k.Input < 0 }) {
			return nil, fmt.Errorf("no input follows %s, so that it has no topic: it is no log of this agent; `tailrace explain %s` says why", path, path)
		}
	}
	return out, nil
}

// unseen is the files that the patterns match and that the journal does not know.
// Without a journal they are all, and their rotated files are among them.
func (f *finder) unseen() []found {
	known := map[string]bool{}
	for _, k := range f.kept {
		known[k.At] = true
	}
	var out []found
	for _, m := range Matches(f.cfg) {
		if m.Err != nil || m.Same != "" || m.Older {
			continue
		}
		for _, k := range f.locator.Unknown(m.Path, f.fresh) {
			if !known[k.At] && !f.locator.Found(&k) {
				known[k.At] = true
				out = append(out, found{Kept: k})
			}
		}
	}
	return out
}

// passedOver is the rotated files of all that is followed, or was, that neither
// the journal nor a pattern leads to.
func (f *finder) passedOver(all []found) (out []found) {
	if f.fresh {
		return nil
	}
	dirs, there := map[string][]string{}, map[string]bool{}
	for _, k := range all {
		there[k.At] = true
		if k.Input < 0 {
			continue
		}
		if _, known := dirs[k.Path]; !known {
			dirs[k.Path] = nil
		}
		if dir := filepath.Dir(k.At); k.At != "" && !slices.Contains(dirs[k.Path], dir) && dir != filepath.Dir(k.Path) {
			dirs[k.Path] = append(dirs[k.Path], dir)
		}
	}
	for _, k := range all {
		beside, left := dirs[k.Path]
		if !left {
			continue
		}
		delete(dirs, k.Path)
		for _, r := range f.locator.Rotated(k.Path, beside...) {
			if !there[r.At] {
				there[r.At] = true
				out = append(out, found{r, true})
			}
		}
	}
	return out
}

// file is k as it is verified.
func (f *finder) file(k *found) verify.File {
	v := verify.File{
		Path: k.Path, At: k.At, Source: verify.Source{Output: k.Output, Name: k.Topic},
		From: k.Base, To: k.Acked, ToPart: k.AckedMark.Part,
		Closed: k.Done, After: k.Prev != 0, Joined: f.joined(&k.Kept), Alike: k.Alike,
	}
	if k.BaseMark != nil {
		v.FromPart = k.BaseMark.Part
	}
	l := f.locator // and not f, which knows all that the journal has
	v.Open = func() (*os.File, error) { return l.Open(&k.Kept) }
	if k.Input >= 0 {
		in := &f.inputs[k.Input]
		v.Record, v.Before = &in.Record, f.before[k.Input]
		if v.Name == "" || !f.outputs[v.Output] {
			v.Output = in.Route.Output()
			v.Name, _ = in.Route.Topic(k.Path)
		}
		v.Cannot = cannot(in, k.Path)
	}
	if k.unread {
		f.unread(k, &v)
		return v
	}
	v.Stretches = f.stretches(k)
	if k.Alike > 0 && k.Alike == k.Base {
		fromBeginning(&v)
	}
	if k.ID == 0 {
		v.Closed = k.At != k.Path
		v.Whole = f.fresh || v.Closed
		return v
	}
	if next := f.nexts[k.ID]; next != nil {
		v.Rest = &verify.File{Path: next.Path, At: next.At, Open: func() (*os.File, error) { return l.Open(next) }}
		v.RestFrom, v.RestBytes = next.Hole, next.Joined()
	}
	return v
}

// fromBeginning has all of a file compared, of which the beginning was not shipped
// since it was taken for that of another one.
func fromBeginning(v *verify.File) {
	for len(v.Stretches) > 1 && v.Stretches[1].Start <= v.From {
		v.Stretches = v.Stretches[1:]
	}
	if len(v.Stretches) > 0 {
		v.Stretches[0].Start, v.Stretches[0].Part = 0, 0
	}
	v.From, v.FromPart = 0, 0
}

// stretches is how the bytes of a file became records, as the journal knows it.
func (f *finder) stretches(k *found) (out []verify.Stretch) {
	if k.Acked <= k.Base {
		return nil
	}
	for _, s := range append([]journal.Stretch{{}}, k.Stretches...) {
		one := verify.Stretch{Start: s.Start, Part: s.Part, Record: f.ways[s.Reading]}
		if n := len(out); n > 0 && one.Start <= out[n-1].Start {
			out = out[:n-1]
		}
		if one.Record == nil { // it is damaged
			return nil
		}
		out = append(out, one)
	}
	return out
}

// former is how the bytes of the files of each path became records.
func (f *finder) former() map[string][]*record.Options {
	out := map[string][]*record.Options{}
	for i := range f.kept {
		k := &f.kept[i]
		for _, s := range f.stretches(k) {
			if !slices.Contains(out[k.Path], s.Record) {
				out[k.Path] = append(out[k.Path], s.Record)
			}
		}
	}
	return out
}

// cannot says why the records of a path tell nothing; empty: they do.
func cannot(in *tail.Config, path string) string {
	form := in.Route.Form()
	switch one := form.Of(path, 0); {
	case one.NoPath:
		return "its records do not say where they are from: set headers: {path: true} at its input to be able to prove what is shipped from then on"
	case one.NoOffset:
		return "its records do not say where in the file they are from: set headers: {offset: true} at its input to be able to prove what is shipped from then on"
	case !form.Named():
		return "its records do not say of which host they are: set headers: {host: true}, or key: hostname, at its input to be able to prove what is shipped from then on"
	}
	return ""
}

// joined says that the first bytes of a file are shipped as the end of another.
func (f *finder) joined(k *locate.Kept) bool {
	if k.Prev == 0 || k.Base == 0 {
		return false
	}
	prev := f.prevs[k.Prev]
	return prev == nil || prev.Acked > prev.Base
}

// unread makes of v a file of which the agent ships nothing, as far as it knows:
// one that it passed over, or what it took for history or for a copy. What of
// that is true the file and the topic tell.
func (f *finder) unread(k *found, v *verify.File) {
	v.From, v.To, v.FromPart, v.ToPart = 0, 0, 0, 0
	v.Whole, v.Closed, v.Joined, v.Alike = true, true, false, 0
	if path := f.locator.Original(&k.Kept); path != "" {
		v.Path = path
	}
	v.Unknown, v.Noted = verify.NeverRead, k.ID != 0
	info, err := os.Stat(k.At)
	if err != nil {
		return // Open tells it
	}
	v.Unknown = f.missed(k, info.ModTime())
	if v.Unknown == verify.History {
		v.To = info.Size()
	}
}

// missed is what the lines of such a file are called if they are not in the topic:
// history when they were there before the agent's first start, or before it
// followed the path.
func (f *finder) missed(k *found, written time.Time) proof.State {
	oldest, any := f.oldest[k.Path]
	switch first := f.state.state.Prior.First; {
	case first > 0 && !written.After(time.UnixMilli(first)), k.ID != 0 && any && k.ID < oldest && k.Prev == 0:
		return verify.History
	case journal.Holder(f.cfg.StateDir) == "" && !written.Before(f.state.origin.AsOf):
		return verify.NotSent
	}
	return verify.NeverRead
}

package agent

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"tailrace/agent/config"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/agent/verify"
	"tailrace/inputs/tail"
	"tailrace/inputs/tail/record"
)

// Shipment is what the agent of a configuration has shipped, as its journal has
// it, for who compares it with the topics.
type Shipment struct {
	Origin
	Files []verify.File // that are there
	// Lost is what the journal counts as lost of them.
	Lost []Loss
	// Gone is how many files the journal knows that are nowhere any more.
	Gone int

	inputs []tail.Config
	host   string
	topics map[string]bool // that were shipped to
	keys   map[string]bool // of records of any path
	fixed  bool            // no key depends on the path
}

// Shipped finds the files to be verified: those that paths name, with their
// rotated files, or all that the journal knows and that the patterns match. It
// changes nothing, and needs no agent. The error says that the state cannot be
// read, or that there is nothing at a path.
func Shipped(cfg *config.Config, paths []string) (*Shipment, error) {
	k := readJournal(cfg, nil)
	if k.origin.Unknown != "" {
		return nil, fmt.Errorf("what was shipped is not known: %s", k.origin.Unknown)
	}
	s := &Shipment{Origin: k.origin, inputs: inputs(cfg), host: cfg.Hostname}
	elsewhere := func(output string) bool { return output != config.LaneName(cfg.Cluster) }
	s.findKeys(slices.DeleteFunc(k.state.Lanes, func(l journal.LaneState) bool { return elsewhere(l.Output) }))
	f := &finder{cfg: cfg, inputs: s.inputs, locator: tail.NewLocator(s.inputs), fresh: k.origin.AsOf.IsZero()}
	f.kept = f.locator.Locate(slices.DeleteFunc(k.state.Files, func(f journal.FileState) bool {
		return elsewhere(f.Output)
	}))
	f.link()
	chosen, err := f.choose(paths)
	if err != nil {
		return nil, err
	}
	f.locator = tail.NewLocator(s.inputs) // what was listed is not needed any more
	seen := map[string]bool{}
	for i := range chosen {
		kept := &chosen[i]
		if kept.At == "" {
			s.Gone++
			continue
		}
		s.Files = append(s.Files, f.file(kept))
		if !seen[kept.Path] {
			seen[kept.Path] = true
			s.Lost = append(s.Lost, losses(k.state.Losses, kept.Path)...)
		}
	}
	return s, nil
}

// findKeys notes what the keys of records are.
func (s *Shipment) findKeys(lanes []journal.LaneState) {
	s.keys, s.topics, s.fixed = map[string]bool{s.host: true}, map[string]bool{}, true
	for _, l := range lanes {
		s.topics[l.Topic] = true
		if l.Key != "" {
			s.keys[l.Key] = true
		}
	}
	for _, in := range s.inputs {
		if form := in.Route.Form(); form.Fixed() {
			s.keys[string(form.Of("", 0).Key)] = true
		} else {
			s.fixed = false
		}
	}
}

// Own says whether a record of a topic that names the path is of this host; host
// is what its header says, if it has one. It is safe for any goroutine.
func (s *Shipment) Own(path, key, host []byte) bool {
	switch {
	case host != nil:
		return string(host) == s.host
	case s.keys[string(key)]:
		return true
	case s.fixed:
		return false
	}
	i := tail.Follows(s.inputs, string(path))
	return i >= 0 && bytes.Equal(s.inputs[i].Route.Form().Of(string(path), 0).Key, key)
}

// Records says how the lines of a path become records; false: no input follows
// it.
func (s *Shipment) Records(path string) (record.Options, bool) {
	i := tail.Follows(s.inputs, path)
	if i < 0 {
		return record.Options{}, false
	}
	return s.inputs[i].Record, true
}

// Topics is those that the inputs name, whatever the path, those of the files,
// and those that were shipped to.
func (s *Shipment) Topics() []string {
	out := slices.Collect(maps.Keys(s.topics))
	for _, in := range s.inputs {
		if name := in.Route.Fixed(); name != "" {
			out = append(out, name)
		}
	}
	for _, f := range s.Files {
		out = append(out, f.Topic)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// finder finds files.
type finder struct {
	cfg     *config.Config
	inputs  []tail.Config
	locator *tail.Locator
	fresh   bool // there is no journal
	kept    []tail.Kept
	nexts   map[flow.FileID]*tail.Kept // by what they came after
}

// link notes which files may have the end of another one's lines.
func (f *finder) link() {
	f.nexts = map[flow.FileID]*tail.Kept{}
	for i := range f.kept {
		if k := &f.kept[i]; k.Prev != 0 && k.Base > 0 && k.At != "" {
			f.nexts[k.Prev] = k
		}
	}
}

// choose is the files that are named.
func (f *finder) choose(paths []string) ([]tail.Kept, error) {
	if len(paths) == 0 {
		return append(f.kept, f.unseen()...), nil
	}
	var out []tail.Kept
	for _, path := range paths {
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		n := len(out)
		for _, k := range f.kept {
			if (k.Path == path || k.At == path) && !slices.ContainsFunc(out, func(o tail.Kept) bool { return o.ID == k.ID }) {
				out = append(out, k)
			}
		}
		if len(out) > n {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%w; and the journal knows no file of that path", err)
		}
		out = append(out, f.locator.Unknown(path, true)...)
	}
	for _, k := range out {
		if k.Input < 0 && k.Topic == "" {
			return nil, fmt.Errorf("no input follows %s, so that it has no topic", k.Path)
		}
	}
	return out, nil
}

// unseen is the files that the patterns match and that the journal does not know.
// Without a journal they are all, and their rotated files are among them.
func (f *finder) unseen() []tail.Kept {
	known := map[string]bool{}
	for _, k := range f.kept {
		known[k.At] = true
	}
	var out []tail.Kept
	for _, m := range Matches(f.cfg) {
		if m.Err != nil || m.Same != "" || m.Older {
			continue
		}
		for _, k := range f.locator.Unknown(m.Path, f.fresh) {
			if !known[k.At] {
				known[k.At] = true
				out = append(out, k)
			}
		}
	}
	return out
}

// file is k as it is verified.
func (f *finder) file(k *tail.Kept) verify.File {
	v := verify.File{
		Path: k.Path, At: k.At, Topic: k.Topic,
		From: k.Base, To: k.Acked, ToPart: k.AckedMark.Part,
		Closed: k.Done, After: k.Prev != 0,
	}
	if k.BaseMark != nil {
		v.FromPart = k.BaseMark.Part
	}
	v.Open = func() (*os.File, error) { return f.locator.Open(k) }
	if k.Input >= 0 {
		in := &f.inputs[k.Input]
		v.Record = &in.Record
		if v.Topic == "" {
			v.Topic, _ = in.Route.Topic(k.Path)
		}
		switch form := in.Route.Form(); {
		case form.Of(k.Path, 0).NoPath || form.Of(k.Path, 0).NoOffset:
			v.Cannot = "its records do not say where they are from: the input leaves out the header path or offset"
		case !form.Named():
			v.Cannot = "its records do not say of which host they are: the input leaves out the header host, and has another key"
		}
	}
	if k.ID == 0 {
		v.Closed = k.At != k.Path
		v.Whole = f.fresh || k.Input < 0 || v.Closed
		return v
	}
	if next := f.nexts[k.ID]; next != nil {
		v.Rest = &verify.File{Path: next.Path, At: next.At, Open: func() (*os.File, error) { return f.locator.Open(next) }}
		v.RestBytes = next.Base
	}
	return v
}

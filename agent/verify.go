package agent

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tailrace/agent/config"
	"tailrace/agent/journal"
	"tailrace/agent/verify"
	"tailrace/inputs/tail"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/record"
)

// Question is what to compare.
type Question struct {
	// Paths choose files, rotated files of a path, and what is in a directory;
	// none: all.
	Paths []string
	// Output chooses one of several; "": all.
	Output string
	// Topics is where lines may be, too, and Hosts what this host may have been
	// called: what the journal does not know any more.
	Topics, Hosts []string
}

// Shipment is what the agent of a configuration has shipped, as its journal has
// it, for who compares it with the topics.
type Shipment struct {
	Origin
	Files []verify.File // that are there
	// Former is where lines may have gone that are not where they would go now.
	Former []verify.Source
	// Lost is what the journal counts as lost of them.
	Lost []Loss
	// Gone is how many files the journal knows that are nowhere any more.
	Gone int
	// Stateless says that there is no journal: nothing is known of before.
	Stateless bool

	inputs   []tail.Config
	patterns *pattern.Set // theirs
	hosts    []string
	topics   map[verify.Source]bool // that were shipped to, or would be
	lanes    []journal.LaneState
	keys     map[string]bool              // of records of any path
	fixed    bool                         // no key depends on the path
	ways     map[string][]*record.Options // in which bytes became records, by path
}

// Shipped finds the files to be verified: those that q names, with their rotated
// files, or all that the journal knows and that the patterns match, and what is
// beside them. It changes nothing, and needs no agent. The error says that the
// state cannot be read, or that there is nothing at a path.
func Shipped(cfg *config.Config, q Question) (*Shipment, error) {
	if _, err := cfg.Only(q.Output); q.Output != "" && err != nil {
		return nil, err
	}
	k := readJournal(cfg, nil)
	if k.origin.Unknown != "" {
		return nil, fmt.Errorf("what was shipped is not known: %s", k.origin.Unknown)
	}
	s := &Shipment{Origin: k.origin, Stateless: k.origin.AsOf.IsZero(), inputs: inputs(cfg)}
	s.patterns = tail.Patterns(s.inputs)
	s.lanes = k.state.Lanes
	s.hosts = slices.Concat(q.Hosts, k.state.Prior.Hosts, []string{cfg.Hostname})
	s.findKeys(k.state.Lanes)
	f := newFinder(cfg, &k, s.hosts)
	s.ways = f.former()
	chosen, err := f.choose(q.Paths)
	if err != nil {
		return nil, err
	}
	s.take(f, chosen, config.LaneName(q.Output), q.Output == "", k.state.Losses)
	f.locator.Release() // what was listed is not needed any more
	s.findFormer(q.Topics, k.state.Files)
	return s, nil
}

// take takes the files that are there, of one output or of all.
func (s *Shipment) take(f *finder, chosen []found, output string, all bool, lost []journal.Loss) {
	seen := map[string]bool{}
	for i := range chosen {
		if chosen[i].At == "" {
			s.Gone++
			continue
		}
		file := f.file(&chosen[i])
		if !all && file.Output != output {
			continue
		}
		s.Files = append(s.Files, file)
		if !seen[file.Path] {
			seen[file.Path] = true
			s.Lost = append(s.Lost, losses(lost, file.Path)...)
		}
	}
}

// findKeys notes what the keys of records are, and where they went.
func (s *Shipment) findKeys(lanes []journal.LaneState) {
	s.keys, s.topics, s.fixed = map[string]bool{}, map[verify.Source]bool{}, true
	for _, h := range s.hosts {
		s.keys[h] = true
	}
	for _, l := range lanes {
		s.topics[verify.Source{Output: l.Output, Name: l.Topic}] = true
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
		if name := in.Route.Fixed(); name != "" {
			s.topics[verify.Source{Output: in.Route.Output(), Name: name}] = true
		}
	}
}

// findFormer notes the topics that are none of the files' own: those that are
// named, those of the journal and those of the inputs.
func (s *Shipment) findFormer(named []string, known []journal.FileState) {
	all, own := maps.Clone(s.topics), map[verify.Source]bool{}
	for _, f := range known {
		if f.Topic != "" {
			all[verify.Source{Output: f.Output, Name: f.Topic}] = true
		}
	}
	outputs := map[string]bool{}
	for _, in := range s.inputs {
		outputs[in.Route.Output()] = true
	}
	for _, f := range s.Files {
		own[f.Source] = true
	}
	for _, name := range named {
		for output := range outputs {
			all[verify.Source{Output: output, Name: name}] = true
		}
	}
	maps.DeleteFunc(all, func(at verify.Source, _ bool) bool { return own[at] })
	s.Former = sources(all)
}

func sources(all map[verify.Source]bool) []verify.Source {
	return slices.SortedFunc(maps.Keys(all), func(a, b verify.Source) int {
		return cmp.Or(strings.Compare(a.Output, b.Output), strings.Compare(a.Name, b.Name))
	})
}

// Own says whether a record of a topic that names the path is of this host; host
// is what its header says, if it has one. It is safe for any goroutine.
func (s *Shipment) Own(path, key, host []byte) bool {
	switch {
	case host != nil:
		return slices.Contains(s.hosts, string(host))
	case s.keys[string(key)]:
		return true
	case s.fixed:
		return false
	}
	i := s.patterns.Match(string(path))
	return i >= 0 && bytes.Equal(s.inputs[i].Route.Form().Of(string(path), 0).Key, key)
}

// Records says in which ways the bytes of a path became records, and do now; none:
// it is not known.
func (s *Shipment) Records(path string) []*record.Options {
	all := s.ways[path]
	if i := s.patterns.Match(path); i >= 0 {
		all = append(slices.Clip(all), &s.inputs[i].Record)
	}
	return all
}

// Remade says that a topic, which has that id now, is not, or not always was, the
// one that was shipped to: it was deleted and made again, or is in another cluster.
// when is when the agent saw that; zero: it has not.
func (s *Shipment) Remade(topic verify.Source, id string) (when time.Time, remade bool) {
	for _, l := range s.lanes {
		if l.Output != topic.Output || l.Topic != topic.Name {
			continue
		}
		if l.Remade > 0 && when.Before(time.UnixMilli(l.Remade)) {
			when = time.UnixMilli(l.Remade)
		}
		remade = remade || l.Remade > 0 || l.TopicID != "" && id != "" && l.TopicID != id
	}
	return when, remade
}

// Topics is those that the inputs name, whatever the path, those of the files,
// and those that were shipped to.
func (s *Shipment) Topics() []verify.Source {
	all := map[verify.Source]bool{}
	for _, at := range s.Former {
		all[at] = true
	}
	for _, f := range s.Files {
		all[f.Source] = true
	}
	return sources(all)
}

package tail

import (
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/route"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/record"
)

// Config is one input: which files are followed, and where their lines go.
type Config struct {
	Paths   []string // absolute patterns, as doublestar has them
	Exclude []string
	Topic   string
	Route   *route.Route   // nil: all lines go to Topic
	Start   string         // "beginning", or "end": see Options.FirstStart
	At      string         // where it is written, for people
	Record  record.Options // how the bytes become records
	how     *record.Ways   // the same, made ready; nil: lines are records as they are
	form    formOf
	// IgnoreOlder is for how long a file must not have been written to that is
	// left alone; 0: none is. See leftAlone.
	IgnoreOlder time.Duration
	// CloseIdle is how long a file without new data stays open; 0: 5 s.
	CloseIdle time.Duration
	// DeleteAfter is for how long a file must not have been written to that is
	// deleted once it was shipped; 0: none is. See delete.go.
	DeleteAfter time.Duration
}

// topic is where the lines of the file at path go.
func (c *Config) topic(path string) string {
	if c.Route == nil {
		return c.Topic
	}
	name, _ := c.Route.Topic(path)
	return name
}

// output is the name of the output that the lines go to.
func (c *Config) output() string {
	if c.Route == nil {
		return ""
	}
	return c.Route.Output()
}

// Patterns is what the inputs follow, by their numbers.
func Patterns(inputs []Config) *pattern.Set {
	out := make([]pattern.Input, 0, len(inputs))
	for _, in := range inputs {
		out = append(out, pattern.Input{Paths: in.Paths, Exclude: in.Exclude})
	}
	return pattern.New(out)
}

// Matches lists what an Input of these inputs would find if it were started for
// the first time now, sorted by path, and the names that match and lead to no file.
func Matches(inputs []Config) []pattern.Match {
	in := &Input{o: Options{Inputs: inputs, FirstStart: true}, pats: Patterns(inputs), first: true}
	all := in.pats.Matches(&in.disk)
	for i := range all {
		m := &all[i]
		m.Older = m.Err == nil && in.leftAlone(m.Path, m.Entry)
	}
	return all
}

// formOf is what the records of the file at a path have beside their values.
type formOf func(path string) *flow.Form

// prepareRoute makes ready what c says of where its lines go.
func (in *Input) prepareRoute(c *Config) error {
	if c.Route == nil {
		r, bad := route.New(route.Options{Topic: c.Topic})
		if bad != nil {
			return bad[0]
		}
		c.Route = r
	}
	n := in.o.Journal.Reading(c.Route.Spec())
	c.form = c.Route.Form().Numbered(n)
	in.forms[n] = c.form
	if name := c.Route.Fixed(); name != "" {
		q := in.queue(c.Route.Output(), name)
		q.fixed, q.taken = true, true
	}
	return nil
}

// formOf is the form with that number of f; nil for 0, and when it is not known.
func (in *Input) formOf(f *file, number int) *flow.Form {
	if known := in.forms[number]; known != nil {
		return known(f.path)
	}
	return nil
}

// route says where the lines of f go, and what its records are like. It is
// called once, before anybody else knows f.
func (in *Input) route(f *file) {
	name, odd := f.conf.Route.Topic(f.path)
	if odd != "" {
		in.warnOnce("topic:"+f.path, "the name of the topic is not what the path gives", "path", f.path, "topic", name, "cause", odd)
	}
	f.queue, f.form = in.queue(f.conf.Route.Output(), name), f.conf.form(f.path)
}

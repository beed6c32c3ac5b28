package tail

import (
	"tailrace/agent/flow"
	"tailrace/agent/route"
)

// forms is what the records of an input's files have beside their values.
type forms struct {
	rule   *route.Form
	number int        // in the journal
	one    *flow.Form // of all files; nil when it depends on their paths
}

func newForms(rule *route.Form, number int) *forms {
	f := &forms{rule: rule, number: number}
	if rule.Fixed() {
		f.one = rule.Of("", number)
	}
	return f
}

func (f *forms) of(path string) *flow.Form {
	if f.one != nil {
		return f.one
	}
	return f.rule.Of(path, f.number)
}

// prepareForms makes what the inputs say ready, and what the journal has.
func (in *Input) prepareForms() error {
	for n, spec := range in.o.Readings {
		if !route.IsForm(spec) {
			continue
		}
		rule, err := route.ParseForm(spec)
		if err != nil {
			in.log.Error("lines that were read in this way cannot be sent again, if they must be", "reading", n, "error", err)
			continue
		}
		in.forms[n] = newForms(rule, n)
	}
	for i := range in.o.Inputs {
		c := &in.o.Inputs[i]
		if c.Route == nil {
			r, bad := route.New(route.Options{Topic: c.Topic})
			if bad != nil {
				return bad[0]
			}
			c.Route = r
		}
		n := in.o.Journal.Reading(c.Route.Spec())
		c.forms = newForms(c.Route.Form(), n)
		in.forms[n] = c.forms
		if name := c.Route.Fixed(); name != "" {
			q := in.queue(c.Route.Output(), name)
			q.fixed, q.taken = true, true
		}
	}
	return nil
}

// formOf is the form with that number of f; nil for 0, and when it is not known.
func (in *Input) formOf(f *file, number int) *flow.Form {
	if known := in.forms[number]; known != nil {
		return known.of(f.path)
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
	f.queue, f.form = in.queue(f.conf.Route.Output(), name), f.conf.forms.of(f.path)
}

// destination is where lines go.
type destination struct{ output, topic string }

// queue is that of a topic.
func (in *Input) queue(output, topic string) *queue {
	at := destination{output, topic}
	in.mu.Lock()
	defer in.mu.Unlock()
	q := in.queues[at]
	if q == nil {
		q = newQueue(in, output, topic)
		in.queues[at] = q
	}
	return q
}

// offer gives q to its output, which may have it already.
func (in *Input) offer(q *queue) {
	in.mu.Lock()
	var taker func(flow.Topic)
	if !q.taken {
		q.taken, taker = true, in.takers[q.output]
	}
	in.mu.Unlock()
	if taker != nil {
		taker(q)
	}
}

// Take implements flow.Source.
func (in *Input) Take(output string, open func(flow.Topic)) {
	var there []*queue
	in.mu.Lock()
	in.takers[output] = open
	for at, q := range in.queues {
		if at.output == output && q.taken {
			there = append(there, q)
		}
	}
	in.mu.Unlock()
	for _, q := range there {
		open(q)
	}
}

package config

import (
	"cmp"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"tailrace/agent/route"
)

// CheckTopic says what is wrong with a topic's name, or "".
func CheckTopic(s string) string { return route.CheckTopic(s) }

// Route says where the lines of each file of the input go. host is the name of
// this host.
func (in *Input) Route(host string) *route.Route {
	r, bad := route.New(in.route(host))
	if bad != nil {
		panic("config: " + bad[0].Error()) // Load has checked it
	}
	return r
}

// Routes is the routes of the inputs.
func (c *Config) Routes() []*route.Route {
	all := make([]*route.Route, len(c.Inputs))
	for i := range c.Inputs {
		all[i] = c.Inputs[i].Route(c.Hostname)
	}
	return all
}

func (in *Input) route(host string) route.Options {
	return route.Options{
		Output: LaneName(in.Output), Topic: in.Topic, Fallback: in.FallbackTopic, Pattern: in.PathPattern, Key: in.Key, Host: host,
		Partition: int32(in.Partition), NoPath: in.NoPath, NoOffset: in.NoOffset, HostHeader: in.HostHeader, Headers: in.Headers,
	}
}

// headers is which headers are sent: path, offset and host, yes or no, and others
// with their values.
func (v value) headers(in *input) {
	node := v.resolve()
	if node.Kind != yaml.MappingNode {
		v.problem("expected names with values, found %s; write it like {path: true, offset: true, env: prod}", describe(node))
		return
	}
	known := fields{
		"path":   func(v value) { on, _ := v.onOff(); in.NoPath = !on },
		"offset": func(v value) { on, _ := v.onOff(); in.NoOffset = !on },
		"host": func(v value) {
			if on, ok := v.onOff(); ok {
				in.HostHeader = &on
			}
		},
	}
	fixed := map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if name := node.Content[i].Value; known[name] == nil {
			known[name] = func(v value) { fixed[name], _ = v.text() }
		}
	}
	v.mapping(known, nil)
	if len(fixed) > 0 {
		in.Headers = fixed
	}
}

// pathPattern is a regular expression over paths.
func (v value) pathPattern() string {
	s, _ := v.text()
	if _, err := regexp.Compile(s); err != nil {
		// Not %q: a \ must be seen as it is written.
		v.problem("\"%s\" is not a regular expression: %s", shorten(s), regexpText(err))
	}
	return s
}

// notGo finds the layouts of strftime and of Java.
var notGo = regexp.MustCompile(`%[A-Za-z]|yyyy|HH`)

// goLayouts is the words of these, and what they are in Go.
var goLayouts = strings.NewReplacer(
	"%Y", "2006", "%m", "01", "%d", "02", "%e", "_2", "%H", "15", "%I", "03", "%M", "04", "%S", "05", "%y", "06", "%b", "Jan", "%B", "January", "%a", "Mon",
	"%A", "Monday", "%p", "PM", "%z", "-0700", "%Z", "MST", "%T", "15:04:05", "%F", "2006-01-02", "%D", "01/02/06", "%R", "15:04",
	"%f", "000000", "%L", "000", "%N", "000000000", "%3N", "000", "%6N", "000000", "%9N", "000000000", "%%", "%",
	"yyyy", "2006", "MMMM", "January", "MMM", "Jan", "MM", "01", "dd", "02", "HH", "15", "hh", "03", "mm", "04", "ss", "05", "SSSSSS", "000000", "SSS", "000",
	"XXX", "Z07:00", "'T'", "T",
)

// goLayout is such a layout as Go has it, as far as it can be told.
func goLayout(s string) string { return goLayouts.Replace(s) }

// time is where a record has its time. pattern and layout are needed.
func (v value) time() (t Time) {
	if !v.mapping(fields{
		"pattern":   func(v value) { t.Pattern, _ = v.regexp() },
		"layout":    func(v value) { t.Layout, _ = v.text() },
		"timestamp": func(v value) { t.Timestamp, _ = v.onOff() },
	}, nil) {
		return t
	}
	when, err := regexp.Compile(t.Pattern)
	switch {
	case t.Pattern == "" || t.Layout == "":
		v.problem(`needs pattern and layout, like {pattern: '^(?P<time>\S+)', layout: "2006-01-02T15:04:05Z07:00"}`)
	case err == nil && when.SubexpIndex("time") < 0:
		v.problem(`the pattern must have a group with the name time, like '^(?P<time>\S+)'`)
	case notGo.MatchString(t.Layout):
		v.problem(`the layout %q is not one of Go: it says how Mon Jan 2 15:04:05 2006 would be written, like %q`, t.Layout, goLayout(t.Layout))
	case !strings.Contains(t.Layout, "04"):
		v.problem(`the layout says how Mon Jan 2 15:04:05 2006 would be written, like "2006-01-02T15:04:05Z07:00"`)
	}
	return t
}

// onOff is true or false.
func (v value) onOff() (on, ok bool) {
	node := v.resolve()
	if node.Kind != yaml.ScalarNode || node.Tag != "!!bool" {
		v.problem("expected true or false, found %s", describe(node))
		return true, false
	}
	return strings.EqualFold(node.Value, "true"), true
}

// checkRoutes reports inputs of which it cannot be said where their lines go.
func (l *loader) checkRoutes() {
	for i := range l.inputs {
		in := &l.inputs[i]
		by := ""
		if k := l.cluster(in); k != nil {
			by = k.Partitioner
		}
		if _, bad := regexp.Compile(in.PathPattern); in.Topic == "" || bad != nil {
			continue // which was reported
		}
		_, bad := route.New(in.route(cmp.Or(l.cfg.Hostname, "host")))
		for _, p := range bad {
			l.report(in.placeOf(p.Field), p.Text)
		}
		v, given := in.given["partition"]
		switch {
		case by == Manual && !given:
			at := in.at
			at.key = join(at.key, "partition")
			l.report(at, `missing: with "partitioner: manual" each input says where its lines go, like "partition: 0"`)
		case given && by != Manual && by != "":
			v.problem(`only with "partitioner: manual" in outputs.kafka the lines go to a partition of your choice; add that, or remove this key`)
		}
		if v, given := in.given["delete_after_ack"]; given && by == RoundRobin {
			v.problem(`with "partitioner: round_robin" what comes last in a file may be acknowledged first, and so it is not known when all of it is; remove one of them`)
		}
	}
}

// placeOf is where a field is, or would be.
func (in *input) placeOf(field string) place {
	key, _, _ := strings.Cut(field, ".")
	if v, ok := in.given[key]; ok {
		at := v.at()
		at.key = join(in.at.key, field)
		return at
	}
	at := in.at
	at.key = join(at.key, field)
	return at
}

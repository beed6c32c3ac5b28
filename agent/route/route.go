// Package route says where the lines of a file go, and what their records have
// beside the line: the topic, the key and the headers, from its path.
package route

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Options is what is configured for the files of an input. The zero value of all
// but Topic is right: the key is the host's name.
type Options struct {
	// Output is the name of one of several outputs; "" is the only one.
	Output string
	// Topic is a template: {base}, {dir}, {hostname}, and the named groups of
	// Pattern.
	Topic string
	// Fallback is the topic of files for which Topic gives none: Pattern does
	// not match, or what it found is empty. Needed when Topic has more than
	// {hostname}.
	Fallback string
	// Pattern is a regular expression (RE2) over the path.
	Pattern string
	// Key is Hostname, Path, or a template that may have {path}, too.
	Key  string
	Host string // this host's name
	// Partition is where the lines go when the output goes by that.
	Partition int32

	// NoPath and NoOffset leave out the headers "path" and "offset".
	NoPath, NoOffset bool
	// HostHeader sends the name of the host in a header "host"; nil: when it
	// is not the key.
	HostHeader *bool
	// Headers have templates as their values, with the names of Key.
	Headers map[string]string
}

// Words for Options.Key.
const (
	Hostname = "hostname"
	Path     = "path"
)

// Problem is what is wrong with one field of Options.
type Problem struct {
	Field string // as it is in the configuration
	Text  string // what is wrong, and what would be right
}

func (p Problem) Error() string { return p.Field + ": " + p.Text }

// A Route is Options made ready. It is safe for any goroutine.
type Route struct {
	o       Options
	pattern *regexp.Regexp
	topic   template
	one     string // the topic of all paths, if there is one
	form    *Form
}

// New makes o ready, or says all that is wrong with it.
func New(o Options) (*Route, []Problem) {
	r := &Route{o: o}
	var bad []Problem
	add := func(field, format string, args ...any) {
		bad = append(bad, Problem{field, fmt.Sprintf(format, args...)})
	}
	groups, err := r.compile(o.Pattern)
	if err != nil {
		add("path_pattern", "%v; write a regular expression as Go and RE2 have it, with named groups, like '^/var/log/(?P<service>[^/]+)/'", err)
	}
	if r.topic, err = parse(o.Topic, append([]string{baseName, dirName, hostnameName}, groups...)); err != nil {
		add("topic", "%v%s", err, hint(o))
	} else {
		r.checkTopic(add)
	}
	r.form = newForm(o, groups, add)
	if len(bad) > 0 {
		return nil, bad
	}
	if err := r.form.ready(); err != nil {
		panic("route: " + err.Error()) // the templates were parsed before
	}
	return r, nil
}

// hint says how to get more names.
func hint(o Options) string {
	if o.Pattern != "" {
		return ""
	}
	return "; path_pattern can give more, like '^/var/log/(?P<service>[^/]+)/'"
}

// compile gives the names of the groups of a pattern.
func (r *Route) compile(pattern string) (groups []string, err error) {
	if pattern == "" {
		return nil, nil
	}
	if r.pattern, err = regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return groupsOf(r.pattern)
}

func groupsOf(pattern *regexp.Regexp) (groups []string, err error) {
	for _, name := range pattern.SubexpNames() {
		switch {
		case name == "":
		case slices.Contains([]string{baseName, dirName, pathName, hostnameName}, name):
			return groups, fmt.Errorf("the group %q has a name that stands for something else", name)
		case slices.Contains(groups, name):
			return groups, fmt.Errorf("two groups have the name %q", name)
		default:
			groups = append(groups, name)
		}
	}
	if groups == nil {
		return nil, fmt.Errorf("it has no named group")
	}
	return groups, nil
}

// checkTopic reports what can be known to be wrong before there is a path.
func (r *Route) checkTopic(add func(field, format string, args ...any)) {
	if r.topic.fixed() {
		r.one, _ = r.topic.fill(values{host: r.o.Host})
		if r.topic.uses(hostnameName) {
			r.one = legal(r.one)
		}
		if text := CheckTopic(r.one); text != "" {
			add("topic", "%s", text)
		}
		if r.o.Fallback != "" {
			add("fallback_topic", "topic has nothing of the path in it, and so there is always one; remove this key")
		}
		return
	}
	for _, p := range r.topic {
		if p.name == "" && badRunes.MatchString(p.text) {
			add("topic", "%s", CheckTopic(p.text))
		}
	}
	if r.o.Fallback == "" {
		add("fallback_topic", "missing: say where the lines of files go for whose path %q gives no name, like \"fallback_topic: logs\"", r.o.Topic)
	} else if text := CheckTopic(r.o.Fallback); text != "" {
		add("fallback_topic", "%s", text)
	}
}

// Topic is where the lines of the file at path go. odd says in what way that is
// not what the template gives, or is "".
func (r *Route) Topic(path string) (name, odd string) {
	if r.one != "" {
		return r.one, ""
	}
	made, whole := r.topic.fill(valuesOf(path, r.o.Host, r.pattern))
	name = legal(made)
	switch {
	case !whole:
		return r.o.Fallback, "a part of the name is not in its path"
	case CheckTopic(name) != "":
		return r.o.Fallback, CheckTopic(name)
	case name != made:
		return name, fmt.Sprintf("Kafka has no topic %q", made)
	}
	return name, ""
}

// Output is the name of the output.
func (r *Route) Output() string { return r.o.Output }

// Fixed is the topic of all files; "" when it depends on their paths.
func (r *Route) Fixed() string { return r.one }

const topicMax = 249 // characters; Kafka's limit

// dated finds what strftime makes a date of, and what stands between it.
var dated = regexp.MustCompile(`([-_.]*%[YmdHyj])+`)

var badRunes = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// legal replaces what no topic's name can have.
func legal(s string) string { return badRunes.ReplaceAllString(s, "-") }

// CheckTopic says what is wrong with a topic's name, or "".
func CheckTopic(s string) string {
	switch {
	case s == "":
		return "a topic's name cannot be empty"
	case dated.MatchString(s):
		return fmt.Sprintf("Kafka has no topic %q, and dates are not filled in: name one for all days, like %s", shorten(s), cmp.Or(shorten(legal(dated.ReplaceAllString(s, ""))), "logs"))
	case badRunes.MatchString(s):
		return fmt.Sprintf("Kafka has no topic %q: letters, digits, '.', '_' and '-' are allowed, like %s",
			shorten(s), shorten(legal(s)))
	case s == "." || s == "..":
		return fmt.Sprintf("Kafka refuses the name %q; choose another", s)
	case len(s) > topicMax:
		return fmt.Sprintf("a topic's name of %d characters is too long: at most %d", len(s), topicMax)
	case s == "__consumer_offsets" || s == "__transaction_state":
		return fmt.Sprintf("%s is Kafka's own topic; choose another", s)
	}
	return ""
}

// shorten keeps a message readable.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

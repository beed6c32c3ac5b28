package route

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"tailrace/agent/flow"
)

// A Form says what the records of files have beside their values, in a way that
// is the same again after the configuration was changed: the journal keeps its
// spec. It is safe for any goroutine.
type Form struct {
	o         formOptions
	pattern   *regexp.Regexp // nil: no name is of a group
	key       template
	headers   []header
	partition int32
}

type header struct {
	name  string
	value template
}

// formOptions is what of Options the records depend on.
type formOptions struct {
	Key      string        `json:"key"` // a template
	Pattern  string        `json:"pattern,omitempty"`
	Host     string        `json:"host,omitempty"`
	NoPath   bool          `json:"no_path,omitempty"`
	NoOffset bool          `json:"no_offset,omitempty"`
	Headers  []headerValue `json:"headers,omitempty"`
}

// headerValue is a header whose value is a template.
type headerValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// HeadersMax is how many headers may be configured.
const HeadersMax = 16

// taken is the headers that have a meaning of their own.
var taken = []string{"path", "offset", "host", "part", "truncated", "time", "stream", "malformed", "dead-letter", "tailrace-check"}

// specPrefix tells the spec of a form from others that the journal keeps.
const specPrefix = "form "

// hostKey is the template of the default key.
const hostKey = "{" + hostnameName + "}"

// newForm takes what it needs of o, whose pattern has these groups.
func newForm(o Options, groups []string, add func(field, format string, args ...any)) *Form {
	f := &Form{o: formOptions{Key: o.Key, Pattern: o.Pattern, Host: o.Host, NoPath: o.NoPath, NoOffset: o.NoOffset}, partition: o.Partition}
	switch o.Key {
	case "", Hostname:
		f.o.Key = hostKey
	case Path:
		f.o.Key = "{" + pathName + "}"
	}
	names := formNames(groups)
	if _, err := parse(f.o.Key, names); err != nil {
		add("key", "%v%s", err, hint(o))
		return nil
	}
	if on := o.HostHeader; on != nil && *on || on == nil && f.o.Key != hostKey {
		f.o.Headers = append(f.o.Headers, headerValue{"host", hostKey})
	}
	if len(o.Headers) > HeadersMax {
		add("headers", "%d are too many: at most %d", len(o.Headers), HeadersMax)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		if _, err := parse(o.Headers[name], names); err != nil {
			add("headers."+name, "%v%s", err, hint(o))
		}
		if name == "" || slices.Contains(taken, name) {
			add("headers."+name, "tailrace sets this header itself where it is of use; take another name")
		}
		f.o.Headers = append(f.o.Headers, headerValue{name, o.Headers[name]})
	}
	if !f.uses(groups) {
		f.o.Pattern = ""
	}
	return f
}

func formNames(groups []string) []string {
	return append([]string{baseName, dirName, pathName, hostnameName}, groups...)
}

// uses says that a template has one of the names.
func (f *Form) uses(names []string) bool {
	in := func(text string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, "{"+name+"}") })
	}
	return in(f.o.Key) || slices.ContainsFunc(f.o.Headers, func(h headerValue) bool { return in(h.Value) })
}

// ready parses the templates.
func (f *Form) ready() (err error) {
	var groups []string
	if f.o.Pattern != "" {
		if f.pattern, err = regexp.Compile(f.o.Pattern); err != nil {
			return err
		}
		if groups, err = groupsOf(f.pattern); err != nil {
			return err
		}
	}
	names := formNames(groups)
	if f.key, err = parse(f.o.Key, names); err != nil {
		return err
	}
	for _, h := range f.o.Headers {
		value, err := parse(h.Value, names)
		if err != nil {
			return err
		}
		f.headers = append(f.headers, header{h.Name, value})
	}
	return nil
}

// spec says all that the form is made of.
func (f *Form) spec() string {
	b, err := json.Marshal(f.o)
	if err != nil {
		panic("route: " + err.Error()) // strings and flags can be written
	}
	return specPrefix + string(b)
}

// IsForm says that a spec is that of a form.
func IsForm(spec string) bool { return strings.HasPrefix(spec, specPrefix) }

// ParseForm reads the spec of a form.
func ParseForm(spec string) (*Form, error) {
	f := &Form{}
	body, ok := strings.CutPrefix(spec, specPrefix)
	if !ok {
		return nil, fmt.Errorf("%q is not the spec of a form", spec)
	}
	if err := json.Unmarshal([]byte(body), &f.o); err != nil {
		return nil, fmt.Errorf("spec of a form: %w", err)
	}
	return f, f.ready()
}

// Spec is that of the form of the route.
func (r *Route) Spec() string { return r.form.spec() }

// Form is that of the route.
func (r *Route) Form() *Form { return r.form }

// Fixed says that all paths have the same.
func (f *Form) Fixed() bool {
	return f.key.fixed() && !slices.ContainsFunc(f.headers, func(h header) bool { return !h.value.fixed() })
}

// Of is the form of the file at path, which has a number in the journal. What is
// not in the path is empty.
func (f *Form) Of(path string, number int) *flow.Form {
	v := valuesOf(path, f.o.Host, f.pattern)
	key, _ := f.key.fill(v)
	form := &flow.Form{Number: number, Key: []byte(key), NoPath: f.o.NoPath, NoOffset: f.o.NoOffset, Partition: f.partition}
	for _, h := range f.headers {
		value, _ := h.value.fill(v)
		form.Headers = append(form.Headers, flow.Header{Key: h.name, Value: []byte(value)})
	}
	return form
}

// Numbered is Of with that number. Where the form is fixed all paths share one.
func (f *Form) Numbered(number int) func(path string) *flow.Form {
	if f.Fixed() {
		one := f.Of("", number)
		return func(string) *flow.Form { return one }
	}
	return func(path string) *flow.Form { return f.Of(path, number) }
}

// Named says that the host can be told from the records: by their key, or by a
// header.
func (f *Form) Named() bool {
	return f.o.Key == hostKey || slices.ContainsFunc(f.o.Headers, func(h headerValue) bool { return h.Name == "host" })
}

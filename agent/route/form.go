package route

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"tailrace/agent/flow"
)

// A Form says what the records of files have beside their values, in a way that
// is the same again after the configuration was changed: the journal keeps its
// spec. It is safe for any goroutine.
type Form struct {
	o       formOptions
	key     template
	pattern *regexp.Regexp
}

// formOptions is what of Options a form depends on.
type formOptions struct {
	Key     string `json:"key"` // a template
	Pattern string `json:"pattern,omitempty"`
	Host    string `json:"host,omitempty"`
}

// specPrefix tells the spec of a form from others that the journal keeps.
const specPrefix = "form "

// newForm takes what it needs of o, whose pattern has these groups.
func newForm(o Options, groups []string) (*Form, error) {
	f := formOptions{Key: o.Key, Host: o.Host}
	switch o.Key {
	case "", Hostname:
		f.Key = "{" + hostnameName + "}"
	case Path:
		f.Key = "{" + pathName + "}"
	}
	key, err := parse(f.Key, append([]string{baseName, dirName, pathName, hostnameName}, groups...))
	if err != nil {
		return nil, err
	}
	if key.uses(groups...) {
		f.Pattern = o.Pattern
	}
	return f.ready()
}

func (o formOptions) ready() (f *Form, err error) {
	f = &Form{o: o}
	names := []string{baseName, dirName, pathName, hostnameName}
	if o.Pattern != "" {
		if f.pattern, err = regexp.Compile(o.Pattern); err != nil {
			return nil, err
		}
		groups, err := groupsOf(f.pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, groups...)
	}
	f.key, err = parse(o.Key, names)
	return f, err
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
	var o formOptions
	body, ok := strings.CutPrefix(spec, specPrefix)
	if !ok {
		return nil, fmt.Errorf("%q is not the spec of a form", spec)
	}
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		return nil, fmt.Errorf("spec of a form: %w", err)
	}
	return o.ready()
}

// Spec is that of the form of the route.
func (r *Route) Spec() string { return r.formSpec }

// Form is that of the route.
func (r *Route) Form() *Form { return r.form }

// Fixed says that all paths have the same.
func (f *Form) Fixed() bool { return f.key.fixed() }

// Of is the form of the file at path, which has a number in the journal. A key
// of which a part is not in the path has it empty.
func (f *Form) Of(path string, number int) *flow.Form {
	key, _ := f.key.fill(valuesOf(path, f.o.Host, f.pattern))
	return &flow.Form{Number: number, Key: []byte(key)}
}

package route

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Names of what a template may take from anywhere; all others are groups of the
// pattern.
const (
	baseName     = "base"     // the file's name without what follows its last dot
	dirName      = "dir"      // the name of the directory that it is in
	pathName     = "path"     // all of the path
	hostnameName = "hostname" // of this host
)

// A template is text with names in braces: "logs-{service}".
type template []part

// part is text, or a name when that is not empty.
type part struct{ text, name string }

// parse reads a template that may have the given names.
func parse(s string, names []string) (template, error) {
	var t template
	for s != "" {
		text, rest, found := strings.Cut(s, "{")
		if strings.Contains(text, "}") {
			return nil, fmt.Errorf("a } without a { before it")
		}
		if text != "" {
			t = append(t, part{text: text})
		}
		if !found {
			break
		}
		name, behind, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("a { is not closed")
		}
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("{%s} is not known; there are %s", name, list(names))
		}
		t = append(t, part{name: name})
		s = behind
	}
	return t, nil
}

// list is names as people write them: "{a}, {b} and {c}".
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "{" + n + "}"
	}
	if n := len(quoted) - 1; n > 0 {
		return strings.Join(quoted[:n], ", ") + " and " + quoted[n]
	}
	return strings.Join(quoted, "")
}

// uses says that the template has one of the names.
func (t template) uses(names ...string) bool {
	return slices.ContainsFunc(t, func(p part) bool { return slices.Contains(names, p.name) })
}

// fixed says that the template gives the same for all paths of a host.
func (t template) fixed() bool {
	return !slices.ContainsFunc(t, func(p part) bool { return p.name != "" && p.name != hostnameName })
}

// values are what the names of templates stand for at one path.
type values struct {
	path, host string
	pattern    *regexp.Regexp // nil: there are no groups
	groups     []string       // what it matched; nil: it did not
}

func valuesOf(name, host string, pattern *regexp.Regexp) values {
	v := values{path: name, host: host, pattern: pattern}
	if pattern != nil {
		v.groups = pattern.FindStringSubmatch(name)
	}
	return v
}

// value is what a name stands for.
func (v values) value(name string) string {
	switch name {
	case hostnameName:
		return v.host
	case pathName:
		return v.path
	case baseName:
		file := path.Base(v.path)
		if dot := strings.LastIndexByte(file, '.'); dot > 0 {
			file = file[:dot]
		}
		return file
	case dirName:
		return strings.Trim(path.Base(path.Dir(v.path)), "/")
	}
	if v.groups == nil {
		return ""
	}
	return v.groups[v.pattern.SubexpIndex(name)]
}

// fill puts the values in; whole says that each is there.
func (t template) fill(v values) (text string, whole bool) {
	var b strings.Builder
	whole = true
	for _, p := range t {
		s := p.text
		if p.name != "" {
			s = v.value(p.name)
			whole = whole && s != ""
		}
		b.WriteString(s)
	}
	return b.String(), whole
}

package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one node of a file, and how to get what it should be out of it. A
// method that finds something else reports it and says false: the caller then
// goes on with the next value, so that all problems are found in one run.
type value struct {
	l    *loader
	file string
	key  string // path, like inputs[0].topic
	node *yaml.Node
	// hidden values may be secret: no problem shows them.
	hidden bool
}

// fields says who takes the value of each key of a mapping.
type fields map[string]func(v value)

func (v value) at() place {
	return place{file: v.file, line: v.node.Line, column: v.node.Column, key: v.key}
}

func (v value) problem(format string, args ...any) {
	v.l.report(v.at(), fmt.Sprintf(format, args...))
}

// resolve follows an alias to what it stands for.
func (v value) resolve() *yaml.Node {
	if v.node.Kind == yaml.AliasNode {
		return v.node.Alias
	}
	return v.node
}

// mapping gives each key's value to who takes it, and reports keys that are
// unknown or given twice. An empty value is an empty mapping. elsewhere is what
// other agents call things here.
func (v value) mapping(known fields, elsewhere foreign) bool {
	node := v.resolve()
	if isNull(node) {
		return true
	}
	if node.Kind != yaml.MappingNode {
		v.problem("expected keys with values (%s), found %s",
			strings.Join(slices.Sorted(maps.Keys(known)), ", "), v.describe(node))
		return false
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		v.entry(node.Content[i], node.Content[i+1], known, elsewhere, seen)
	}
	return true
}

// entry is one key of a mapping with its value; seen has the lines of those
// before it.
func (v value) entry(key, val *yaml.Node, known fields, elsewhere foreign, seen map[string]int) {
	name := key.Value
	at := value{l: v.l, file: v.file, key: join(v.key, name), node: key, hidden: v.hidden}
	if key.Kind != yaml.ScalarNode {
		at.key = v.key
		at.problem("expected a key, found %s", v.describe(key))
		return
	}
	take, ok := known[name]
	if left, _, joined := strings.Cut(name, ":"); !ok && joined {
		at.key = join(v.key, left)
		at.problem("unknown key; if a value is to follow, write a blank behind the colon")
		return
	}
	if !ok {
		near, text := unknown(name, known, elsewhere)
		at.problem("%s", text)
		if take = known[near]; take != nil {
			// Its value is looked at as what it was meant to be, so that
			// nothing else is reported as missing for a typing error.
			take(value{l: v.l, file: v.file, key: at.key, node: val, hidden: v.hidden})
		}
		return
	}
	if line := seen[name]; line > 0 {
		at.problem("given twice, first in line %d; keep one of them", line)
		return
	}
	seen[name] = key.Line
	take(value{l: v.l, file: v.file, key: at.key, node: val, hidden: v.hidden})
}

// list gives each element to each.
func (v value) list(example string, each func(v value)) bool {
	node := v.resolve()
	if node.Kind != yaml.SequenceNode {
		v.problem("expected a list, found %s; write it like %s", v.describe(node), example)
		return false
	}
	if len(node.Content) == 0 {
		v.problem("the list is empty; write it like %s", example)
		return false
	}
	for i, n := range node.Content {
		each(value{l: v.l, file: v.file, key: v.key + "[" + strconv.Itoa(i) + "]", node: n, hidden: v.hidden})
	}
	return true
}

// text is a string that is not empty, with its variables expanded.
func (v value) text() (string, bool) {
	node := v.resolve()
	switch {
	case isNull(node), node.Kind == yaml.ScalarNode && node.Value == "":
		v.problem("is empty; give it a value, or remove the key to have the default")
	case node.Kind != yaml.ScalarNode:
		v.problem("expected text, found %s", v.describe(node))
	case node.Tag != "!!str":
		v.problem("expected text, found %s; write it in quotes: %s", v.describe(node), v.show(node.Value))
	default:
		return v.expand(node.Value)
	}
	return "", false
}

// scalar is any single value as it is written, with its variables expanded.
func (v value) scalar(example string) (string, bool) {
	node := v.resolve()
	if node.Kind != yaml.ScalarNode || isNull(node) {
		v.problem("expected a value like %s, found %s", example, v.describe(node))
		return "", false
	}
	return v.expand(node.Value)
}

// word is a text that must be one of a few.
func (v value) word(words ...string) (string, bool) {
	s, ok := v.text()
	if !ok || slices.Contains(words, s) {
		return s, ok
	}
	hint := ""
	if near, ok := Nearest(s, words); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	v.problem("%q is not one of %s%s", s, strings.Join(words, ", "), hint)
	return "", false
}

// describe is what a node is, for people.
func (v value) describe(n *yaml.Node) string {
	if v.hidden && n.Kind == yaml.ScalarNode && !isNull(n) {
		return "a single value"
	}
	return describe(n)
}

// show is a text of the file in quotes, unless it may be secret.
func (v value) show(s string) string {
	if v.hidden {
		return `"***"`
	}
	return strconv.Quote(shorten(s))
}

// join is the path of a key below another.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// describe is what a node is, for people.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "the alias *" + n.Value
	case isNull(n):
		return "nothing"
	}
	kind := map[string]string{
		"!!int": "the number", "!!float": "the number", "!!bool": "the truth value",
		"!!timestamp": "the date", "!!str": "the text",
	}[n.Tag]
	if kind == "" {
		kind = "the value of type " + n.Tag
	}
	return kind + " " + strconv.Quote(shorten(n.Value))
}

// shorten keeps a message on one line of a screen.
func shorten(s string) string {
	const limit = 60 // runes
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

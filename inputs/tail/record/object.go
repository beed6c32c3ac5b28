package record

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// object makes the value of Format JSON: one object with the names of the
// Elastic Common Schema. It is constant text with places in between.
type object struct {
	parts []part
}

// part is constant text and, behind it, a value.
type part struct {
	text []byte
	slot slot
}

type slot int

const (
	none slot = iota
	slotTime
	slotPath
	slotOffset
	slotText
	slotStream
)

// values is what is put into an object.
type values struct {
	millis int64 // when there is no time
	path   string
	offset int64
	text   []byte
	time   []byte // of a container's line
	stream []byte
}

// node is a member of the object: constant text, a slot, or members.
type node struct {
	constant string
	slot     slot
	names    []string // in their order
	members  map[string]*node
}

func (n *node) put(path string, leaf node) {
	name, rest, deeper := strings.Cut(path, ".")
	if n.members == nil {
		n.members = map[string]*node{}
	}
	m := n.members[name]
	if m == nil {
		m = &node{}
		n.members[name] = m
		n.names = append(n.names, name)
	}
	if deeper {
		m.put(rest, leaf)
	} else {
		*m = leaf
	}
}

func newObject(o Options) *object {
	root := &node{}
	root.put("@timestamp", node{slot: slotTime})
	root.put("host.name", node{constant: o.Host})
	root.put("log.file.path", node{slot: slotPath})
	root.put("log.offset", node{slot: slotOffset})
	root.put("message", node{slot: slotText})
	if o.Container != "" {
		root.put("stream", node{slot: slotStream})
	}
	for _, key := range slices.Sorted(maps.Keys(o.Fields)) {
		root.put(key, node{constant: o.Fields[key]})
	}
	t := &object{parts: make([]part, 1)}
	t.render(root)
	return t
}

func (t *object) render(n *node) {
	add := func(text string) {
		last := &t.parts[len(t.parts)-1]
		last.text = append(last.text, text...)
	}
	switch {
	case n.slot != none:
		t.parts[len(t.parts)-1].slot = n.slot
		t.parts = append(t.parts, part{})
	case n.members == nil:
		add(string(appendString(nil, n.constant)))
	default:
		for i, name := range n.names {
			add([]string{"{", ","}[min(i, 1)])
			add(string(appendString(nil, name)) + ":")
			t.render(n.members[name])
		}
		add("}")
	}
}

// append appends the object, and says where in it the text is.
func (t *object) append(b []byte, v values) (to []byte, text [2]uint32) {
	start := len(b)
	for _, p := range t.parts {
		b = append(b, p.text...)
		switch p.slot {
		case slotTime:
			b = v.appendTime(b)
		case slotPath:
			b = appendString(b, v.path)
		case slotOffset:
			b = strconv.AppendInt(b, v.offset, 10)
		case slotText:
			text[0] = uint32(len(b) - start + 1)
			b = appendString(b, v.text)
			text[1] = uint32(len(b) - start - 1)
		case slotStream:
			b = appendString(b, v.stream)
		}
	}
	return b, text
}

func (v *values) appendTime(b []byte) []byte {
	if len(v.time) > 0 {
		return appendString(b, v.time)
	}
	b = append(b, '"')
	b = time.UnixMilli(v.millis).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, '"')
}

// appendString appends s as a string of JSON. Bytes that are not UTF-8 become
// U+FFFD.
func appendString[T string | []byte](b []byte, s T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = decodeRune(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[from:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, "\ufffd"...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i += size
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

func decodeRune[T string | []byte](s T) (rune, int) {
	var buf [utf8.UTFMax]byte
	return utf8.DecodeRune(buf[:copy(buf[:], s)])
}

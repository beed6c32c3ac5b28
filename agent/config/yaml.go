package config

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parse reads a file's one YAML document. It returns nil when there is none,
// or when it was reported why not.
func (l *loader) parse(file string, data []byte) *yaml.Node {
	if at, text := badByte(data); text != "" {
		l.report(position(file, data, at), text)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = dec.Decode(&more)
		if err == nil {
			l.report(place{file: file, line: more.Line, column: more.Column},
				"a second document begins here; a configuration is one, so remove the \"---\"")
			return nil
		}
		if errors.Is(err, io.EOF) {
			return content(&doc)
		}
	}
	l.syntax(file, data, err)
	return nil
}

// content is what a document has in it, nil for nothing.
func content(doc *yaml.Node) *yaml.Node {
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil
	}
	return doc.Content[0]
}

// plainer has the YAML parser's messages in words for who does not know YAML.
var plainer = []struct{ message, text string }{
	{"expected ',' or ']'", `a "[" is not closed by "]", or a comma is missing`},
	{"expected ',' or '}'", `a "{" is not closed by "}", or a comma is missing`},
	{"unexpected end of stream", "a quote is not closed"},
	{"mapping values are not allowed", `a key cannot be here; put a text that has ": " in it in quotes, or mend the indentation`},
	{"cannot start any token", "a text that begins with @, %, ` or a tab must be in quotes"},
	{"expected alphabetic or numeric", `a text that begins with * or & must be in quotes, like "*.log"`},
	{"unknown escape character", `between double quotes a \ begins an escape that YAML does not know; put a regular expression between single quotes`},
	{"unknown anchor", `a text that begins with * must be in quotes, like "*.log"`},
	{"could not find expected ':'", `a key must be followed by ": "`},
	{"did not find expected", "the indentation does not fit the lines above, or a bracket is too many"},
}

// syntax reports an error of the YAML parser.
func (l *loader) syntax(file string, data []byte, err error) {
	if line, column := leadingTab(data); line > 0 {
		l.report(place{file: file, line: line, column: column},
			"a tab in the indentation, which YAML does not allow; use spaces")
		return
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	for _, p := range plainer {
		if strings.Contains(text, p.message) {
			text = p.text
			break
		}
	}
	line, column := wrongLine(data)
	l.report(place{file: file, line: line, column: column}, "not valid YAML: "+text)
}

// wrongLineMax is the size in lines of a file in which wrongLine searches.
const wrongLineMax = 2000

// wrongLine finds the line from which on a file cannot be parsed: the one
// after the longest beginning that can. The parser's own line is where the
// block around the error began, which may be the first of the file.
func wrongLine(data []byte) (line, column int) {
	lines := bytes.SplitAfter(data, []byte{'\n'})
	if len(lines) > wrongLineMax {
		return 1, 1
	}
	n, size := len(lines), len(data)
	for n > 0 {
		n--
		size -= len(lines[n])
		var node yaml.Node
		if yaml.Unmarshal(data[:size], &node) == nil {
			break
		}
	}
	text := bytes.TrimLeft(lines[n], " ")
	return n + 1, len(lines[n]) - len(text) + 1
}

// leadingTab finds the first line, from 1, whose indentation has a tab.
func leadingTab(data []byte) (line, column int) {
	for s := range bytes.Lines(data) {
		line++
		indent := s[:len(s)-len(bytes.TrimLeft(s, " \t"))]
		if n := bytes.IndexByte(indent, '\t'); n >= 0 && len(bytes.TrimSpace(s)) > 0 {
			return line, n + 1
		}
	}
	return 0, 0
}

// badByte finds the first byte that no text has: the YAML parser refuses such
// a file without saying where.
func badByte(data []byte) (at int, text string) {
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		switch {
		case r == utf8.RuneError && n == 1:
			return at, "not UTF-8 text: byte 0x" + strconv.FormatUint(uint64(data[at]), 16) + "; save the file as UTF-8"
		case r < ' ' && !strings.ContainsRune("\t\n\r", r), r == 0x7f:
			return at, "a control character (" + strconv.QuoteRune(r) + "), which YAML does not allow; remove it"
		}
		at += n
	}
	return 0, ""
}

// position is the place of byte at.
func position(file string, data []byte, at int) place {
	before := data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return place{
		file:   file,
		line:   bytes.Count(before, []byte{'\n'}) + 1,
		column: utf8.RuneCount(before[start:]) + 1,
	}
}

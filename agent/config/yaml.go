package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
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
			return doc.Content[0]
		}
	}
	l.syntax(file, data, err)
	return nil
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntax reports an error of the YAML parser in plainer words.
func (l *loader) syntax(file string, data []byte, err error) {
	if line, column := leadingTab(data); line > 0 {
		l.report(place{file: file, line: line, column: column},
			"a tab in the indentation, which YAML does not allow; use spaces")
		return
	}
	at := place{file: file, line: 1, column: 1}
	text := err.Error()
	if m := yamlError.FindStringSubmatch(text); m != nil {
		text = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			at.line = n
		}
	}
	l.report(at, "not valid YAML here or in the line before: "+text+
		"; see that indentation, quotes, brackets and \": \" are right")
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

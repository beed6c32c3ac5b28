package config

import "strconv"

// input is an Input with the places of its values.
type input struct {
	Input
	at      place
	paths   []place // of Paths
	exclude []place // of Exclude
	given   map[string]value
}

func (l *loader) inputList(v value) {
	v.list("[{paths: [/var/log/app/*.log], topic: app}]", l.input)
}

func (l *loader) input(v value) {
	in := input{at: v.at(), given: map[string]value{}, Input: Input{
		Start: Beginning, Encoding: DefaultEncoding,
		LongLines: Split, Format: Raw, CloseIdle: DefaultCloseIdle, Key: DefaultKey,
	}}
	in.At = v.file + ":" + strconv.Itoa(v.node.Line)
	if !v.mapping(in.fields(), foreignInput) {
		return
	}
	if _, ok := in.given["paths"]; !ok {
		v.missing("paths", `say which files, like "paths: [/var/log/app/*.log]"`)
	}
	if _, ok := in.given["topic"]; !ok {
		v.missing("topic", `say where the lines go, like "topic: app"`)
	}
	in.contradictions()
	l.inputs = append(l.inputs, in)
}

// fields says who takes the value of each key of an input, and notes which of
// them are given.
func (in *input) fields() fields {
	known := fields{
		"paths":   func(v value) { in.Paths, in.paths = v.patterns("[/var/log/app/*.log]") },
		"exclude": func(v value) { in.Exclude, in.exclude = v.patterns("[/var/log/app/debug*.log]") },
		"start":   func(v value) { in.Start, _ = v.word(Beginning, End) },

		"output":         func(v value) { in.Output, _ = v.text() },
		"topic":          func(v value) { in.Topic, _ = v.text() },
		"fallback_topic": func(v value) { in.FallbackTopic, _ = v.text() },
		"path_pattern":   func(v value) { in.PathPattern = v.pathPattern() },
		"key":            func(v value) { in.Key, _ = v.text() },
		"partition":      func(v value) { in.Partition, _ = v.number(0, 1<<31-1, -1) },
		"headers":        func(v value) { v.headers(in) },
		"time":           func(v value) { in.Time = v.time() },

		"container":     func(v value) { in.Container, _ = v.word(CRI, Docker) },
		"encoding":      func(v value) { in.Encoding, _ = v.encoding() },
		"multiline":     func(v value) { in.Multiline = v.multiline() },
		"include_lines": func(v value) { in.IncludeLines = v.regexps("[ERROR, WARN]") },
		"exclude_lines": func(v value) { in.ExcludeLines = v.regexps("[DEBUG, ' healthz ']") },
		"max_line":      func(v value) { in.MaxLine, _ = v.size(lines) },
		"long_lines":    func(v value) { in.LongLines, _ = v.word(Split, Truncate, DeadLetter) },
		"format":        func(v value) { in.Format, _ = v.word(Raw, JSON) },
		"fields":        func(v value) { in.Fields = v.fields() },

		"ignore_older":     func(v value) { in.IgnoreOlder, _ = v.duration(older) },
		"close_idle":       func(v value) { in.CloseIdle, _ = v.duration(idle) },
		"delete_after_ack": func(v value) { in.DeleteAfterAck, _ = v.duration(deletion) },
	}
	for key, take := range known {
		known[key] = func(v value) { in.given[key] = v; take(v) }
	}
	return known
}

// contradictions reports options that do not go together.
func (in *input) contradictions() {
	if v, ok := in.given["fields"]; ok && in.Format == Raw {
		v.problem(`only "format: json" has fields; add that, or remove this key`)
	}
	if v, ok := in.given["encoding"]; ok && in.Container != "" && in.Encoding != DefaultEncoding {
		v.problem("container logs are never %s: the runtime writes its lines in UTF-8; remove this key", in.Encoding)
	}
}

// multiline says which lines make one record.
func (v value) multiline() *Multiline {
	m := &Multiline{Quiet: DefaultQuiet, MaxLines: DefaultMaxLines}
	patterns := false
	if !v.mapping(fields{
		"start":     func(v value) { patterns = true; m.Start, _ = v.regexp() },
		"continue":  func(v value) { patterns = true; m.Continue, _ = v.regexp() },
		"quiet":     func(v value) { m.Quiet, _ = v.duration(quiet) },
		"max_lines": func(v value) { m.MaxLines, _ = v.number(1, 1_000_000, DefaultMaxLines) },
	}, foreignMultiline) {
		return nil
	}
	if !patterns {
		v.problem(`needs start, a regular expression of lines that begin a record, like "start: '^\d{4}-'", or continue, one of lines that belong to the one before, like "continue: '^\s'"`)
	}
	return m
}

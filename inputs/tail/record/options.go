// Package record cuts the bytes of a file into records: lines, multi-line
// records, the joined lines of containers; decoded, filtered and formatted as
// the options of an input say.
package record

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// DefaultMaxLine is the longest line in bytes, without its newline, that
	// is given whole when nothing else is configured. Longer ones come as
	// pieces of that size. A piece fits into the default max.message.bytes of
	// Kafka (1048588) with its headers.
	DefaultMaxLine = 1<<20 - 64<<10
	// defaultGrowing is the same where a record may be longer than its bytes
	// in the file: a character of two bytes has three in UTF-8, and JSON
	// escapes some.
	defaultGrowing = DefaultMaxLine / 3
	minMaxLine     = 16
	maxMaxLine     = 64 << 20

	// DefaultMaxLines is how many lines a multi-line record has at most.
	DefaultMaxLines = 500
	maxMaxLines     = 1 << 20
	// DefaultQuiet is how long nothing must come until the last multi-line
	// record of a file is given.
	DefaultQuiet = time.Second
)

// What is done with a line that is longer than MaxLine.
const (
	Split      = "split"       // pieces, with a header "part"
	Truncate   = "truncate"    // its first MaxLine bytes, with a header "truncated"
	DeadLetter = "dead_letter" // as Truncate, and the whole line into the dead-letter file
)

// What a record's value is.
const (
	Raw  = "raw"  // the text
	JSON = "json" // an object with the text and where it is from
)

// The formats of container runtimes.
const (
	CRI    = "cri"    // containerd, CRI-O: time, stream, P or F, text
	Docker = "docker" // json-file: {"log", "stream", "time"}
)

// Options says how the bytes of an input's files become records. The zero
// value is every line as it is.
type Options struct {
	Multiline Multiline
	// Encoding is the name of the files' character set; "" is UTF-8, whose
	// bytes are taken as they are.
	Encoding string
	// Include and Exclude are regular expressions (RE2). A record is shipped
	// when Include is empty or one of it matches, and none of Exclude does.
	Include, Exclude []string
	// MaxLine is the longest line that is given whole, and the longest
	// multi-line record, in bytes without the last newline. 0 is the default:
	// DefaultMaxLine, a third of it with another encoding or JSON.
	MaxLine   int64
	LongLines string // Split, Truncate or DeadLetter; "" is Split
	Format    string // Raw or JSON; "" is Raw
	// Fields are added to each object of Format JSON. A dot in a key nests.
	Fields map[string]string
	// Host is the "host.name" of Format JSON.
	Host      string
	Container string // CRI or Docker; "" is none
	// Time says where a record has its time, for a header "time".
	Time Time `json:",omitzero"`
}

// Time is where a record has its time. The zero value is nowhere.
type Time struct {
	Pattern string // regular expression (RE2), whose group "time" has it
	Layout  string // as package time has them
	// Timestamp says that it is the record's timestamp too.
	Timestamp bool `json:",omitempty"`
}

// Multiline says which lines are one record. A line begins a record when Start
// matches; with Continue alone, when that does not match; with both, when Start
// matches or Continue does not. The zero value makes each line a record.
type Multiline struct {
	Start, Continue string        // regular expressions (RE2)
	Quiet           time.Duration // 0 is DefaultQuiet
	MaxLines        int           // 0 is DefaultMaxLines
}

// On says whether a record may have several lines.
func (m Multiline) On() bool { return m.Start != "" || m.Continue != "" }

// Problem is what is wrong with one field of Options.
type Problem struct {
	Field string // as it is in the configuration, like "multiline.start" or "include[1]"
	Text  string // what is wrong and what would be right
}

func (p Problem) Error() string { return p.Field + ": " + p.Text }

// Check says all that is wrong with o.
func (o Options) Check() []Problem {
	var all []Problem
	add := func(field, format string, args ...any) {
		all = append(all, Problem{field, fmt.Sprintf(format, args...)})
	}
	pattern := func(field, text string) {
		if _, err := regexp.Compile(text); err != nil {
			add(field, "%v; write a regular expression as Go and RE2 have it", err)
		}
	}
	pattern("multiline.start", o.Multiline.Start)
	pattern("multiline.continue", o.Multiline.Continue)
	if when, err := regexp.Compile(o.Time.Pattern); err != nil {
		add("time.pattern", "%v; write a regular expression as Go and RE2 have it", err)
	} else if o.Time.Pattern != "" && when.SubexpIndex("time") < 0 {
		add("time.pattern", "it has no group (?P<time>…)")
	}
	patterns := func(field string, texts []string) {
		for i, text := range texts {
			pattern(fmt.Sprintf("%s[%d]", field, i), text)
			if text == "" {
				add(fmt.Sprintf("%s[%d]", field, i), "it is empty, and matches every line; remove it")
			}
		}
	}
	patterns("include", o.Include)
	patterns("exclude", o.Exclude)
	o.checkMultiline(add)
	word := func(field, text string, words ...string) {
		if text != "" && !slices.Contains(words, text) {
			add(field, "%q is not known; write one of: %s", text, strings.Join(words, ", "))
		}
	}
	word("long_lines", o.LongLines, Split, Truncate, DeadLetter)
	word("format", o.Format, Raw, JSON)
	word("container", o.Container, CRI, Docker)
	if o.MaxLine != 0 && (o.MaxLine < minMaxLine || o.MaxLine > maxMaxLine) {
		add("max_line", "%d bytes: it must be from %d bytes to %d MiB", o.MaxLine, minMaxLine, maxMaxLine>>20)
	}
	if _, err := findCharset(o.Encoding); err != nil {
		add("encoding", "%v", err)
	} else if o.Container != "" && !isUTF8(o.Encoding) {
		add("encoding", "%s and container %s: container logs are UTF-8; remove one of the two", o.Encoding, o.Container)
	}
	if len(o.Fields) > 0 && o.Format != JSON {
		add("fields", "they are part of the objects of format json; add format: json, or remove them")
	}
	for _, text := range badFields(o.Fields) {
		add("fields", "%s", text)
	}
	return all
}

func (o Options) checkMultiline(add func(field, format string, args ...any)) {
	m := o.Multiline
	switch {
	case m.MaxLines < 0 || m.MaxLines > maxMaxLines:
		add("multiline.max_lines", "%d: it must be from 1 to %d", m.MaxLines, maxMaxLines)
	case m.Quiet < 0:
		add("multiline.quiet", "%v: it must be longer than 0", m.Quiet)
	case (m.MaxLines != 0 || m.Quiet != 0) && !m.On():
		add("multiline", "it has neither start nor continue; write a regular expression for one of them")
	}
}

// fieldNames are the names that every object of Format JSON has.
var fieldNames = []string{"@timestamp", "host.name", "log.file.path", "log.offset", "message", "stream"}

// badFields says which keys of fields cannot be.
func badFields(fields map[string]string) (bad []string) {
	taken := slices.Clone(fieldNames)
	for key := range fields {
		taken = append(taken, key)
	}
	slices.Sort(taken)
	for i, key := range taken {
		if slices.Contains(strings.Split(key, "."), "") {
			bad = append(bad, fmt.Sprintf("%q: a name is empty; write it like service.name", key))
		}
		if i > 0 && key == taken[i-1] {
			bad = append(bad, fmt.Sprintf("%q is set by tailrace; choose another name", key))
		}
		for _, other := range taken {
			if strings.HasPrefix(other, key+".") {
				bad = append(bad, fmt.Sprintf("%q cannot be a text, since there is %q; choose another name", key, other))
			}
		}
	}
	return bad
}

// Plain says that every line is a record as it is: what costs nothing.
func (o Options) Plain() bool {
	return !o.Multiline.On() && isUTF8(o.Encoding) && len(o.Include)+len(o.Exclude) == 0 &&
		(o.LongLines == "" || o.LongLines == Split) && (o.MaxLine == 0 || o.MaxLine == DefaultMaxLine) &&
		(o.Format == "" || o.Format == Raw) && o.Container == "" && o.Time == Time{}
}

// Timed says whether the values of records have the time at which they were built
// in them: those of a container have the time of its line.
func (o Options) Timed() bool { return o.Format == JSON && o.Container == "" }

// maxLine is MaxLine or its default.
func (o Options) maxLine() int {
	switch {
	case o.MaxLine != 0:
		return int(o.MaxLine)
	case o.Format == JSON || !isUTF8(o.Encoding):
		return defaultGrowing
	}
	return DefaultMaxLine
}

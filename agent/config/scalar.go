package config

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var variable = regexp.MustCompile(`\$?\$\{[^}]*\}?`)
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand puts the environment's values in place of ${NAME}; "$${" is "${" as
// text. It works on one value after YAML was parsed, so nothing in a variable
// can change the structure of the file.
func (v value) expand(s string) (string, bool) {
	ok := true
	s = variable.ReplaceAllStringFunc(s, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		name, closed := strings.CutSuffix(ref[2:], "}")
		if !closed || !variableName.MatchString(name) {
			v.problem("%q is not a variable like ${NAME}; write $${ for the text ${ itself", shorten(ref))
			ok = false
			return ""
		}
		val, set := os.LookupEnv(name)
		if !set {
			v.problem("the environment variable %s is not set; set it, or write $${%s} for the text itself", name, name)
			ok = false
		}
		return val
	})
	if ok && s == "" {
		v.problem("is empty after its variables are put in; give them values")
		return "", false
	}
	return s, ok
}

const (
	minBuffer = 1 << 20  // bytes: one full batch
	maxBuffer = 64 << 30 // bytes
	minSync   = time.Millisecond
	maxSync   = time.Minute
)

var sizePattern = regexp.MustCompile(`^(\d{1,15}) ?([A-Za-z]*)$`)

// units are the bytes that the letters behind a size stand for.
var units = map[string]int64{
	"": 1, "b": 1,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	"kb": 1e3, "mb": 1e6, "gb": 1e9,
}

// parseSize reads a size like 32MiB. It says false for what is none; a size
// too large to count is the largest there is.
func parseSize(s string) (int64, bool) {
	m := sizePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	unit, ok := units[strings.ToLower(m[2])]
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, false
	}
	if n > (1<<63-1)/unit {
		return 1<<63 - 1, true
	}
	return n * unit, true
}

// size is a number of bytes for the buffer.
func (v value) size() (int64, bool) {
	s, ok := v.scalar("32MiB")
	if !ok {
		return 0, false
	}
	n, ok := parseSize(s)
	switch {
	case !ok:
		v.problem("%q is not a size; write a whole number with KiB, MiB or GiB, like 32MiB", shorten(s))
	case n < minBuffer:
		v.problem("%s is too little: one batch needs 1MiB; the default is 32MiB", s)
		return 0, false
	case n > maxBuffer:
		v.problem("%s is too much: at most 64GiB; the default is 32MiB", s)
		return 0, false
	}
	return n, ok
}

// interval is how often the journal is made durable: a duration, or always.
func (v value) interval() (time.Duration, bool) {
	s, ok := v.scalar("1s")
	if !ok || s == "always" {
		return 0, ok
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		v.problem(`%q is not a duration; write one like 1s or 200ms, or "always"`, shorten(s))
	case d < minSync:
		v.problem(`%s is too short; write "always" to make every record durable before it is sent`, s)
	case d > maxSync:
		v.problem("%s is too long: at most %s; the default is 1s", s, "1m")
	default:
		return d, true
	}
	return 0, false
}

package config

import (
	"fmt"
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
			v.problem("%s is not a variable like ${NAME}; write $${ for the text ${ itself", v.show(ref))
			ok = false
			return ""
		}
		val, set := os.LookupEnv(name)
		if !set {
			v.problem("the environment variable %s is not set; set it, or write $${%s} for the text itself", name, name)
			ok = false
		}
		if v.l.expanded == nil {
			v.l.expanded = map[string]string{}
		}
		v.l.expanded[name] = val
		return val
	})
	if ok && s == "" {
		v.problem("is empty after its variables are put in; give them values")
		return "", false
	}
	return s, ok
}

const (
	minSync = time.Millisecond
	maxSync = time.Minute
)

// sizes is what a number of bytes may be, with a usual value for messages.
type sizes struct {
	least, most int64
	why         string // there is a least one
	usual       string
}

// LeastLine is the least max_line, bytes.
const LeastLine = 64

var (
	buffers = sizes{1 << 20, 64 << 30, "one batch needs 1MiB", "the default is 32MiB"}
	held    = sizes{1 << 20, 1<<63 - 1, "one unread file may be larger", "write one like 1GiB, or remove the key for no limit"}
	lines   = sizes{LeastLine, 64 << 20, "most lines would be too long", "the default is 960KiB"}
)

// durations is what a duration may be.
type durations struct {
	least, most time.Duration
	why         string // there is a least one
	usual       string
}

const day = 24 * time.Hour

var (
	older    = durations{time.Second, 3650 * day, "files that are written now would be left alone", "write one like 7d"}
	idle     = durations{100 * time.Millisecond, day, "files would be opened for every line", "the default is 5s"}
	deletion = durations{time.Second, 3650 * day, "a program may still write to a file that it wrote to just now", "write one like 1h"}
	quiet    = durations{10 * time.Millisecond, time.Hour, "records would be torn", "the default is 1s"}
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

// size is a number of bytes.
func (v value) size(may sizes) (int64, bool) {
	s, ok := v.scalar("32MiB")
	if !ok {
		return 0, false
	}
	n, ok := parseSize(s)
	switch {
	case !ok:
		v.problem("%q is not a size; write a whole number with KiB, MiB or GiB, like 32MiB", shorten(s))
	case n < may.least:
		v.problem("%s is too little: %s; %s", s, may.why, may.usual)
	case n > may.most:
		v.problem("%s is too much: at most %s; %s", s, sizeText(may.most), may.usual)
	default:
		return n, true
	}
	return 0, false
}

// sizeText is a size in the largest unit that gives a whole number.
func sizeText(n int64) string {
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := units[strings.ToLower(unit)]; n%size == 0 {
			return strconv.FormatInt(n/size, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}

var daysPattern = regexp.MustCompile(`^(\d{1,5})d`)

// parseDuration reads a duration like 7d, 1d12h, 90s or 1.5h.
func parseDuration(s string) (time.Duration, bool) {
	var days time.Duration
	if m := daysPattern.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1]) // at most 5 digits
		days = time.Duration(n) * day
		if s = s[len(m[0]):]; s == "" {
			return days, true
		}
		if s[0] < '0' || s[0] > '9' {
			return 0, false
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || days+d < days {
		return 0, false
	}
	return days + d, true
}

// durationText is a duration as parseDuration reads it.
func durationText(d time.Duration) string {
	if d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := strings.TrimSuffix(d.String(), "m0s")
	if s != d.String() {
		s += "m"
	}
	return strings.Replace(s, "h0m", "h", 1)
}

// duration is a span of time.
func (v value) duration(may durations) (time.Duration, bool) {
	s, ok := v.scalar("90s")
	if !ok {
		return 0, false
	}
	d, ok := parseDuration(s)
	switch {
	case !ok:
		v.problem("%q is not a duration; write a number with d, h, m, s or ms, like 7d, 1h or 90s", shorten(s))
	case d < may.least:
		v.problem("%s is too short: at least %s, since %s; %s", s, durationText(may.least), may.why, may.usual)
	case d > may.most:
		v.problem("%s is too long: at most %s; %s", s, durationText(may.most), may.usual)
	default:
		return d, true
	}
	return 0, false
}

// interval is how often the journal is made durable: a duration, or always.
func (v value) interval() (time.Duration, bool) {
	s, ok := v.scalar("1s")
	if !ok || s == "always" {
		return 0, ok
	}
	d, ok := parseDuration(s)
	switch {
	case !ok:
		v.problem(`%q is not a duration; write one like 1s or 200ms, or "always"`, shorten(s))
	case d < minSync:
		v.problem(`%s is too short; write "always" to make every record durable before it is sent`, s)
	case d > maxSync:
		v.problem("%s is too long: at most %s; the default is 1s", s, durationText(maxSync))
	default:
		return d, true
	}
	return 0, false
}

// number is a whole number from least to most; one below least is no default.
func (v value) number(least, most, usual int) (int, bool) {
	s, ok := v.scalar(strconv.Itoa(max(usual, least)))
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		text := fmt.Sprintf("%q is not a whole number from %d to %d", shorten(s), least, most)
		if usual >= least {
			text += fmt.Sprintf("; the default is %d", usual)
		}
		v.problem("%s", text)
		return 0, false
	}
	return n, true
}

package config

import (
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
)

// patterns is a list of absolute glob patterns, with their places.
func (v value) patterns(example string) (globs []string, places []place) {
	v.list(example, func(v value) {
		if s, ok := v.pattern(); ok {
			globs, places = append(globs, s), append(places, v.at())
		}
	})
	return globs, places
}

func (v value) pattern() (string, bool) {
	s, ok := v.text()
	if !ok {
		return "", false
	}
	switch clean := path.Clean(s); {
	case strings.HasPrefix(s, "~"):
		v.problem("%q: ~ is not expanded; write the whole path, beginning with /", s)
	case !strings.HasPrefix(s, "/"):
		v.problem("%s", relative(s, strings.Contains(v.key, ".exclude")))
	case !doublestar.ValidatePattern(s):
		v.problem(`%q is not a valid pattern: a [ or { is not closed, or it ends in \; write \[ for the character itself`, s)
	case strings.HasSuffix(s, "/"):
		v.problem("%q is a directory; to follow the files in it, write %s", s, path.Join(clean, "*.log"))
	case clean != s:
		v.problem(`%q has a ".", a ".." or a double "/"; write %s`, s, clean)
	case deepName(s) != "":
		v.problem(`%q: ** is directories of any depth only where it stands between two /, and * is any text within a name; write %s`, s, deepName(s))
	case dated.MatchString(s):
		v.problem("%q: dates are not filled in; write * for one: %s", s, dated.ReplaceAllString(s, "*"))
	case strings.ContainsRune(s, 0):
		v.problem("%q has a NUL, which no path can have", s)
	default:
		return s, true
	}
	return "", false
}

// dated finds the year and the month of strftime, and what belongs to them.
var dated = regexp.MustCompile(`%Y[-_.]?%m([-_.T]?%[dHMS])*`)

// deepName is what was probably meant by a pattern that has ** beside other text in
// one name; empty: it has none, or that cannot be told.
func deepName(s string) string {
	if strings.ContainsAny(s, `{\`) {
		return ""
	}
	parts, found := strings.Split(s, "/"), false
	for i, part := range parts {
		if part == "**" || !strings.Contains(part, "**") {
			continue
		}
		found = true
		if rest, deep := strings.CutPrefix(part, "**"); deep {
			part = "**/*" + rest
		}
		dirs, name := path.Split(part)
		parts[i] = dirs + strings.ReplaceAll(name, "**", "*")
	}
	if !found {
		return ""
	}
	return strings.Join(parts, "/")
}

// relative says what is wrong with a pattern that does not begin with "/".
func relative(s string, excluded bool) string {
	if excluded && strings.ContainsAny(s, `^$+()|\`) {
		return fmt.Sprintf("%q is not the path of files; a regular expression of lines goes under exclude_lines", s)
	}
	return fmt.Sprintf(`%q is a relative path; begin it with "/" (/**/%s is that name in any directory)`, s, s)
}

// checkPatterns reports files that would go to two topics: a file's lines go
// to one, so that "each line once" has a meaning.
func (l *loader) checkPatterns() {
	first := map[string]place{}
	for _, in := range l.inputs {
		for i, glob := range in.Paths {
			if at, ok := first[glob]; ok {
				l.report(in.paths[i], fmt.Sprintf("%q is already in %s (%s:%d); each file goes to one topic, so remove it here or there",
					glob, at.key, at.file, at.line))
				continue
			}
			first[glob] = in.paths[i]
			l.checkLiteral(in, i)
		}
		l.checkState(in)
	}
}

// checkState reports a pattern that matches the journal: each batch that is shipped
// makes it longer, which would never end.
func (l *loader) checkState(in input) {
	glob, ok := in.Match(path.Join(l.cfg.StateDir, "journal.000001"))
	if i := slices.Index(in.Paths, glob); ok && l.cfg.StateDir != "" && i >= 0 {
		l.report(in.paths[i], fmt.Sprintf("it matches the files in state_dir too, which grow with every line that is shipped; add %s to the exclude list",
			path.Join(l.cfg.StateDir, "**")))
	}
}

// checkLiteral reports a path without wildcards that another input's pattern
// matches too, where both have different topics.
func (l *loader) checkLiteral(in input, i int) {
	name := in.Paths[i]
	if strings.ContainsAny(name, `*?[{\`) {
		return
	}
	for _, other := range l.inputs {
		if other.Topic == in.Topic && other.Output == in.Output || slices.Contains(other.Paths, name) || other.Topic == "" || in.Topic == "" {
			continue
		}
		if glob, ok := other.Match(name); ok {
			l.report(in.paths[i], fmt.Sprintf("%s matches it too (%s, topic %s), and each file goes to one topic; add it to the exclude list there",
				glob, other.At, other.Topic))
		}
	}
}

// Match says which of the patterns matches a path, unless it is excluded.
func (in *Input) Match(name string) (pattern string, ok bool) {
	for _, glob := range in.Exclude {
		if doublestar.MatchUnvalidated(glob, name) {
			return "", false
		}
	}
	for _, glob := range in.Paths {
		if doublestar.MatchUnvalidated(glob, name) {
			return glob, true
		}
	}
	return "", false
}

// brokers is the list of addresses, each with its port.
func (v value) brokers() []string {
	var addrs []string
	v.list("[localhost:9092]", func(v value) {
		s, ok := v.text()
		if !ok {
			return
		}
		addr, text := Broker(s)
		switch {
		case text != "":
			v.problem("%s", text)
		case slices.Contains(addrs, addr):
			v.problem("%s is in the list twice; remove one", addr)
		default:
			addrs = append(addrs, addr)
		}
	})
	return addrs
}

// Broker returns a broker's address as host:port, with port 9092 when it has
// none, or what is wrong with it.
func Broker(s string) (addr, problem string) {
	if strings.Contains(s, "@") { // which is not repeated here
		return "", "an address has no user or password in it: write host:port, and under sasl who this client is"
	}
	if strings.Contains(s, "://") {
		return "", fmt.Sprintf("%q: write host:port without %s", s, s[:strings.Index(s, "://")+3])
	}
	if strings.Contains(s, ",") {
		return "", fmt.Sprintf("%q is several addresses; make each an element of the list", s)
	}
	host, port := s, DefaultPort
	if i := strings.LastIndexByte(s, ':'); i > 0 && unbracketed(s[:i], s[i+1:]) {
		return "", fmt.Sprintf("%q: with IPv6, brackets tell the address from the port; write [%s]:%s", s, s[:i], s[i+1:])
	}
	if ip := net.ParseIP(strings.Trim(s, "[]")); ip != nil && strings.Contains(s, ":") {
		host = ip.String()
	} else if strings.Contains(s, ":") {
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", fmt.Sprintf("%q is not an address; write host:port, like localhost:9092", s)
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", fmt.Sprintf("%q: the port must be a number from 1 to 65535, like %s:9092", s, host)
	}
	if !strings.Contains(host, ":") && !hostPattern.MatchString(host) {
		return "", fmt.Sprintf("%q: %q is not the name or address of a host; write host:port, like localhost:9092", s, host)
	}
	return net.JoinHostPort(host, port), ""
}

// unbracketed says that a port seems to follow an address of IPv6. A number of fewer
// digits than ports have is rather the end of the address.
func unbracketed(host, port string) bool {
	_, err := strconv.Atoi(port)
	return err == nil && len(port) > 3 && strings.Contains(host, ":") && net.ParseIP(host) != nil
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]*)$`)

const nameMax = 255 // bytes of a host name or client id

// name is a text of one line without control characters.
func (v value) name() (string, bool) {
	s, ok := v.text()
	switch {
	case !ok:
	case len(s) > nameMax:
		v.problem("%d bytes are too long: at most %d", len(s), nameMax)
		return "", false
	case strings.ContainsFunc(s, unicode.IsControl):
		v.problem("%q has control characters; write it as one line of text", shorten(s))
		return "", false
	case strings.TrimSpace(s) != s:
		v.problem("%q has blanks at an end; remove them", s)
		return "", false
	}
	return s, ok
}

func (v value) clientID() (string, bool) { return v.name() }

func (l *loader) hostname(v value) { l.cfg.Hostname, _ = v.name() }

// metrics is the address at which metrics are served.
func (l *loader) metrics(v value) {
	s, ok := v.scalar("localhost:9464")
	if !ok {
		return
	}
	host, port, err := net.SplitHostPort(s)
	n, bad := strconv.Atoi(port)
	switch {
	case err != nil || bad != nil || n < 1 || n > 65535:
		v.problem("%q is not an address to listen at; write host:port, like localhost:9464", shorten(s))
	case host != "" && !strings.Contains(host, ":") && !hostPattern.MatchString(host):
		v.problem("%q: %q is not the name or address of this host; write host:port, like localhost:9464", shorten(s), shorten(host))
	default:
		l.cfg.Metrics = s
	}
}

func (l *loader) stateDir(v value) {
	s, ok := v.text()
	if !ok {
		return
	}
	if !strings.HasPrefix(s, "/") {
		v.problem("%q is a relative path; write the whole one, like %s", s, DefaultStateDir)
		return
	}
	l.cfg.StateDir = path.Clean(s)
}

package tail

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"tailrace/agent/route"
	"tailrace/inputs/tail/record"
)

// Config is one input: which files are followed, and where their lines go.
type Config struct {
	Paths   []string // absolute patterns, as doublestar has them
	Exclude []string
	Topic   string
	Route   *route.Route   // nil: all lines go to Topic
	Start   string         // "beginning", or "end": see Options.FirstStart
	At      string         // where it is written, for people
	Record  record.Options // how the bytes become records
	how     *readings      // the same, made ready; nil: lines are records as they are
	forms   *forms
	// IgnoreOlder is for how long a file must not have been written to that is
	// left alone; 0: none is. See leftAlone.
	IgnoreOlder time.Duration
	// CloseIdle is how long a file without new data stays open; 0: 5 s.
	CloseIdle time.Duration
	// DeleteAfter is for how long a file must not have been written to that is
	// deleted once it was shipped; 0: none is. See delete.go.
	DeleteAfter time.Duration
}

// topic is where the lines of the file at path go.
func (c *Config) topic(path string) string {
	if c.Route == nil {
		return c.Topic
	}
	name, _ := c.Route.Topic(path)
	return name
}

// output is the name of the output that the lines go to.
func (c *Config) output() string {
	if c.Route == nil {
		return ""
	}
	return c.Route.Output()
}

// patterns knows which paths are followed.
type patterns struct {
	inputs []Config
	dirs   []string // the directory parts of all patterns, each once
}

func newPatterns(inputs []Config) *patterns {
	p := &patterns{inputs: inputs}
	seen := map[string]bool{}
	for _, in := range inputs {
		for _, pattern := range in.Paths {
			for _, one := range braces(pattern) {
				dir := dirPart(one)
				if !seen[dir] {
					seen[dir] = true
					p.dirs = append(p.dirs, dir)
				}
			}
		}
	}
	return p
}

// dirPart is the pattern of the directories that hold what pattern matches.
func dirPart(pattern string) string {
	dir, last := filepath.Split(pattern)
	if strings.Contains(last, "**") {
		return pattern // any depth below dir, and dir itself
	}
	return strings.TrimSuffix(dir, "/")
}

// braces resolves alternatives with a slash in them, which a walk that goes
// from directory to directory cannot match: /a/{b/c,d}/x is /a/b/c/x, /a/d/x.
func braces(pattern string) []string {
	open, depth := -1, 0
	var commas []int
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '{':
			if depth == 0 {
				open, commas = i, nil
			}
			depth++
		case c == ',' && depth == 1:
			commas = append(commas, i)
		case c == '}' && depth > 0:
			depth--
			if depth == 0 && strings.Contains(pattern[open:i], "/") {
				return alternatives(pattern, open, i, commas)
			}
		}
	}
	return []string{pattern}
}

func alternatives(pattern string, open, end int, commas []int) []string {
	var out []string
	from := open + 1
	for _, to := range append(commas, end) {
		out = append(out, braces(pattern[:open]+pattern[from:to]+pattern[end+1:])...)
		from = to + 1
	}
	return out
}

// match is the number of the first input that follows path, or -1.
func (p *patterns) match(path string) int {
	for i, in := range p.inputs {
		if matchAny(in.Paths, path) && !matchAny(in.Exclude, path) {
			return i
		}
	}
	return -1
}

func matchAny(patterns []string, path string) bool {
	for _, p := range patterns {
		if ok, err := doublestar.Match(p, path); ok && err == nil {
			return true
		}
	}
	return false
}

// walk calls visit for each directory, existing or not, that may hold what the
// patterns match, and through for those in which such directories may appear
// because a wildcard matches them, with why such a one cannot be listed.
func (p *patterns) walk(d *disk, visit func(dir string), through func(dir string, err error)) {
	w := walker{disk: d, visit: visit, through: through, seen: map[string]bool{}}
	for _, dir := range p.dirs {
		w.expand("/", strings.Split(strings.TrimPrefix(dir, "/"), "/"))
	}
}

type walker struct {
	disk    *disk
	visit   func(dir string)
	through func(dir string, err error)
	seen    map[string]bool
}

// expand visits the directories below dir that match the components.
func (w *walker) expand(dir string, parts []string) {
	if len(parts) == 0 || len(parts) == 1 && parts[0] == "" {
		if !w.seen[dir] {
			w.seen[dir] = true
			w.visit(dir)
		}
		return
	}
	part, rest := parts[0], parts[1:]
	switch {
	case strings.Contains(part, "**"):
		w.expand(dir, rest)
		for _, name := range w.subdirs(dir, false) {
			w.expand(filepath.Join(dir, name), parts)
		}
	case !strings.ContainsAny(part, `*?[{\`):
		w.expand(filepath.Join(dir, part), rest)
	default:
		for _, name := range w.subdirs(dir, true) {
			if ok, err := doublestar.Match(part, name); ok && err == nil {
				w.expand(filepath.Join(dir, name), rest)
			}
		}
	}
}

// subdirs is the directories in dir, through which a pattern goes.
func (w *walker) subdirs(dir string, links bool) []string {
	dirs, err := w.disk.subdirs(dir, links)
	w.through(dir, err)
	return dirs
}

// subdirs is the directories in dir. Links to directories are among them when
// they are asked for and may be followed; "**" goes without, since they may
// lead round in a circle.
func (d *disk) subdirs(dir string, links bool) ([]string, error) {
	n, err := d.names(dir)
	if err != nil || !links {
		return n.dirs, err
	}
	for _, name := range n.links {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.IsDir() && d.mayFollow(filepath.Join(dir, name)) {
			n.dirs = append(n.dirs, name)
		}
	}
	return n.dirs, nil
}

package pattern

import (
	"path/filepath"
	"strings"
)

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

// alternatives is pattern with each of those between open and end, which commas part.
func alternatives(pattern string, open, end int, commas []int) []string {
	var out []string
	from := open + 1
	for _, to := range append(commas, end) {
		out = append(out, braces(pattern[:open]+pattern[from:to]+pattern[end+1:])...)
		from = to + 1
	}
	return out
}

package pattern

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Near says how far a pattern matches a path, with the fields of explain.Near.
type Near struct {
	Input                       int // number
	Pattern, Matched, Got, Want string
}

// Nearest is the pattern that matches the longest beginning of path, if there is any
// pattern.
func (p *Set) Nearest(path string) (best Near, ok bool) {
	var most reached
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range p.inputs {
		for _, pattern := range p.inputs[i].Paths {
			for _, one := range braces(pattern) {
				want := strings.Split(strings.TrimPrefix(one, "/"), "/")
				r := reach(want, parts)
				if ok && !most.less(r) {
					continue
				}
				most, ok = r, true
				best = Near{Input: i, Pattern: pattern, Matched: "/" + strings.Join(parts[:r.parts], "/")}
				if r.parts < len(parts) {
					best.Got = parts[r.parts]
				}
				if r.wants < len(want) {
					best.Want = want[r.wants]
				}
			}
		}
	}
	return best, ok
}

// reached is how far a pattern matches a path: that many parts of each.
type reached struct {
	fits         bool // what is left of the path is long enough for what is left of the pattern
	parts, wants int
}

// less says that o is farther.
func (r reached) less(o reached) bool {
	if r.fits != o.fits {
		return o.fits
	}
	return r.parts < o.parts || r.parts == o.parts && r.wants < o.wants
}

// reach finds the farthest point up to which the parts of a pattern match the
// parts of a path that as a whole it does not match.
func reach(want, parts []string) reached {
	need := make([]int, len(want)+1) // parts that want[i:] takes at least
	for i := len(want) - 1; i >= 0; i-- {
		need[i] = need[i+1]
		if want[i] != "**" {
			need[i]++
		}
	}
	var best reached
	seen := map[[2]int]bool{}
	var walk func(i, j int)
	walk = func(i, j int) {
		if seen[[2]int{i, j}] {
			return
		}
		seen[[2]int{i, j}] = true
		if r := (reached{fits: j+need[i] <= len(parts), parts: j, wants: i}); best.less(r) {
			best = r
		}
		switch {
		case i == len(want):
		case want[i] == "**":
			walk(i+1, j)
			if j < len(parts) {
				walk(i, j+1)
			}
		case j < len(parts):
			if ok, err := doublestar.Match(want[i], parts[j]); ok && err == nil {
				walk(i+1, j+1)
			}
		}
	}
	walk(0, 0)
	return best
}

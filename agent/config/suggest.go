package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unknown says what to do about a key that does not exist, and which one was
// probably meant, or "".
func unknown(name string, known fields, elsewhere foreign) (near, text string) {
	names := slices.Sorted(maps.Keys(known))
	if len(names) == 0 {
		return "", "unknown key; there are no options here, so remove it"
	}
	if h, ok := elsewhere.find(name); ok {
		return h.key, "unknown key; " + h.text
	}
	if near, ok := nearest(name, names); ok {
		return near, fmt.Sprintf("unknown key; did you mean %q?", near)
	}
	return "", "unknown key; known here: " + strings.Join(names, ", ")
}

// nearest finds the word that s was probably meant to be: one of which it is
// the beginning, or the other way round, or one that a few typing errors away.
func nearest(s string, words []string) (string, bool) {
	s = strings.ToLower(strings.ReplaceAll(s, "-", "_"))
	best, at := "", 1+len(s)/3
	for _, w := range words {
		d := distance(s, w)
		if len(s) > 2 && (strings.HasPrefix(w, s) || strings.HasPrefix(s, w)) {
			d = min(d, 1)
		}
		if d <= at && (best == "" || d < at) {
			best, at = w, d
		}
	}
	return best, best != ""
}

// distance is how many letters must be put in, taken out or changed to make b
// of a (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0] // the row above, one column to the left
		row[0] = i + 1
		for j := range len(b) {
			change := left
			if a[i] != b[j] {
				change++
			}
			left = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

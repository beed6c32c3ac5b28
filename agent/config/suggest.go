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
	if home := homes()[name]; home != "" {
		return "", "unknown key here: it stands " + home
	}
	if near, ok := Nearest(name, names); ok {
		return near, fmt.Sprintf("unknown key; did you mean %q?", near)
	}
	return "", "unknown key; known here: " + strings.Join(names, ", ")
}

// homes is where the keys stand that are easily put elsewhere.
func homes() map[string]string {
	all := map[string]string{}
	for _, h := range []struct{ home, keys string }{
		{"at the top of the file", "buffer hold_deleted hostname inputs metrics outputs state_dir sync"},
		{"in an element of inputs", "close_idle container delete_after_ack encoding exclude exclude_lines fallback_topic fields format headers ignore_older " +
			"include_lines key long_lines max_line multiline partition path_pattern paths start time topic"},
		{"under kafka in outputs", "brokers client_id compression delivery partitioner sasl tls"},
		{"under outputs", "kafka"},
	} {
		for key := range strings.FieldsSeq(h.keys) {
			all[key] = h.home
		}
	}
	return all
}

// Nearest finds the word that s was probably meant to be: one of which it is
// the beginning, or the other way round, or one that a few typing errors away.
func Nearest(s string, words []string) (string, bool) {
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

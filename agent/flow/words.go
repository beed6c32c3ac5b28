package flow

import "strconv"

// Count is a number of things for people: "1 file", "2 files".
func Count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.FormatInt(n, 10) + " " + noun
}

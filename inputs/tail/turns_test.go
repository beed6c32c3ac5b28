package tail

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// Files that all have a lot to read when they are found have their turns in
// strict order, from the first on; one with a single line goes before them.
func TestTurnsFromTheStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const files = 100
		h := newHost(t, "*.log")
		for i := range files {
			h.append(fmt.Sprintf("%02d.log", i), strings.Repeat(strings.Repeat("x", 99)+"\n", 1000))
		}
		h.append("quiet.log", "a line\n")
		h.start()
		defer h.stop()
		turns, least, most := map[string]int{}, 0, 0
		var c flow.Chunk
		for n := 0; h.next(&c, readSize); n++ {
			if quiet := c.Path == h.path("quiet.log"); quiet && n > 0 {
				t.Errorf("a single line came after %d turns of others", n)
			} else if quiet {
				continue
			}
			turns[c.Path]++
			most = max(most, turns[c.Path])
			if len(turns) == files {
				least = slices.Min(slices.Collect(maps.Values(turns)))
			}
			if most > least+1 {
				t.Fatalf("%s has its turn %d, another one had %d", c.Path, most, least)
			}
		}
		if most < 3 {
			t.Errorf("%d turns say nothing", most)
		}
	})
}

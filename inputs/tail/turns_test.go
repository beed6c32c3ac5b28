package tail

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// Files that have a backlog take turns; those that had nothing to read a moment
// ago go first, though not always.
func TestTurns(t *testing.T) {
	f := func(moves, want string) {
		t.Helper()
		var q turns
		files := map[rune]*file{}
		var got []rune
		for _, m := range moves {
			switch {
			case m == '>':
				g := q.next()
				for r, f := range files {
					if f == g {
						got = append(got, r)
					}
				}
				continue
			case files[m] == nil:
				files[m] = &file{}
			}
			q.remove(files[m])
			if 'a' <= m && m <= 'z' {
				q.fresh.push(files[m])
			} else {
				q.backlog.push(files[m])
			}
		}
		if string(got) != want || q.len() != 0 {
			t.Errorf("%s gave %q, want %q; %d are left", moves, string(got), want, q.len())
		}
	}
	f("ABC>A>B>>>", "ABCAB")
	f("ABab>>c>>>", "abcAB")
	f("ABA>>>", "BA") // the one that is put in again comes once
	// one that is written to again and again does not keep the others waiting
	f("ABa>a>a>a>a>a>a>a>a>>>", "aaaaaaaaAaB")
	f(">", "")
}

// The more files wait, the less each gives in its turn.
func TestQuantum(t *testing.T) {
	f := func(waiting, want int) {
		t.Helper()
		var q turns
		for range waiting {
			q.backlog.push(&file{})
		}
		if got := q.quantum(); got != want {
			t.Errorf("with %d files %d bytes, want %d", waiting, got, want)
		}
	}
	f(0, readSize)
	f(15, readSize)
	f(31, readSize/2)
	f(3000, quantumMin)
}

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

// A fifo that was long does not keep its memory, a short one does.
func TestFifoShrinks(t *testing.T) {
	var r fifo
	f := func(n int, keeps bool) {
		t.Helper()
		for range n {
			r.push(&file{})
		}
		for range n {
			if r.pop() == nil {
				t.Fatal("a file is missing")
			}
		}
		if (cap(r.files) > 0) != keeps || r.len() != 0 {
			t.Errorf("after %d files there is room for %d", n, cap(r.files))
		}
	}
	f(10, true)
	f(2*fifoKeep, false)
	f(10, true)
}

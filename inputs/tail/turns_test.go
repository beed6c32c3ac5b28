package tail

import "testing"

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

package turns

import "testing"

// Files that have a backlog take turns; those that had nothing to read a moment
// ago go first, though not always.
func TestTurns(t *testing.T) {
	f := func(moves, want string) {
		t.Helper()
		var q Order[*int]
		files := map[rune]*int{}
		var got []rune
		for _, m := range moves {
			switch {
			case m == '>':
				g := q.Next()
				for r, f := range files {
					if f == g {
						got = append(got, r)
					}
				}
				continue
			case files[m] == nil:
				files[m] = new(int)
			}
			q.Remove(files[m])
			if 'a' <= m && m <= 'z' {
				q.Fresh(files[m])
			} else {
				q.Backlog(files[m])
			}
		}
		if string(got) != want || q.Len() != 0 {
			t.Errorf("%s gave %q, want %q; %d are left", moves, string(got), want, q.Len())
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
	const most = 256 << 10
	f := func(waiting, want int) {
		t.Helper()
		var q Order[*int]
		for range waiting {
			q.Backlog(new(int))
		}
		if got := q.Quantum(most); got != want {
			t.Errorf("with %d files %d bytes, want %d", waiting, got, want)
		}
	}
	f(0, most)
	f(15, most)
	f(31, most/2)
	f(3000, QuantumMin)
}

// A fifo that was long does not keep its memory, a short one does.
func TestFifoShrinks(t *testing.T) {
	var r FIFO[*int]
	f := func(n int, keeps bool) {
		t.Helper()
		for range n {
			r.Push(new(int))
		}
		for range n {
			if r.Pop() == nil {
				t.Fatal("a file is missing")
			}
		}
		if (cap(r.files) > 0) != keeps || r.Len() != 0 {
			t.Errorf("after %d files there is room for %d", n, cap(r.files))
		}
	}
	f(10, true)
	f(2*fifoKeep, false)
	f(10, true)
}

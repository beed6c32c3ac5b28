package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestThousands(t *testing.T) {
	f := func(n int, want string) {
		t.Helper()
		if got := thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	f(0, "0")
	f(999, "999")
	f(1000, "1,000")
	f(123456, "123,456")
	f(1234567, "1,234,567")
}

func TestClip(t *testing.T) {
	f := func(text string, n int, want string) {
		t.Helper()
		if got := clip(text, n); got != want {
			t.Errorf("%q in %d columns: %q, want %q", text, n, got, want)
		}
	}
	f("short", 10, "short")
	f("exactly10!", 10, "exactly10!")
	f("longer than that", 10, "longer th…")
	// What a log holds must not move the cursor.
	f("a\x1b[2Jb\tc\xff", 20, "a?[2Jb?c?")
}

// TestScreen plays what the screen writes on a terminal of its own: events
// stay, the state is what was shown last.
func TestScreen(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "tty"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s := &screen{out: out, live: true, start: time.Now()}
	s.event("one", "first")
	s.show(state{written: 4, topic: 2, unit: "lines", agent: "up", latest: []string{"a", "b"}})
	s.event("two", "second")
	s.show(state{written: 2000, topic: 2000, unit: "lines", agent: "up", latest: []string{"c", "d"}})
	want := `   0.0 s  one      first
   0.0 s  two      second

  written               2,000 lines
  in the topic          2,000 lines  ██████████████████████████████████████████████████
  agent        up

  c
  d
`
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if got := terminal(t, string(text)); got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
	s.clear()
	s.live = false
	s.show(state{written: 4, topic: 2, unit: "lines", latest: []string{"a", "b"}})
	s.show(state{written: 4, topic: 3, unit: "lines"}) // within the same second
	text, err = os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	want = "   0.0 s  one      first\n   0.0 s  two      second\n   0.0 s  topic    2 of 4 lines; b\n"
	if got := terminal(t, string(text)); got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
}

// terminal is what a terminal shows of text.
func terminal(t *testing.T, text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		for strings.HasPrefix(line, "\x1b[") {
			var up int
			if _, err := fmt.Sscanf(line, "\x1b[%dA\x1b[J", &up); err != nil {
				t.Fatalf("%q", line)
			}
			lines = lines[:len(lines)-up]
			line = line[strings.Index(line, "J")+1:]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

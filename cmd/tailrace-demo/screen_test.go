package main

import "testing"

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

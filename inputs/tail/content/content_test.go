package content

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// of is the content of a file with these bytes.
func of(t *testing.T, p []byte) Content {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, p, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return Of(new(disk.Disk), int(f.Fd()))
}

// The last line begins behind the newline before it, however far back that is.
func TestLineStart(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 40<<10)
	f := func(text string, width int, off, want int64) {
		t.Helper()
		if got, err := of(t, []byte(text)).LineStart(off, width); got != want || err != nil {
			t.Errorf("before %d of %d bytes: %d, %v, want %d", off, len(text), got, err, want)
		}
	}
	f("", 1, 0, 0)
	f("ab", 1, 2, 0)
	f("ab\n", 1, 3, 3)
	f("ab\ncd", 1, 5, 3)
	f("ab\n"+string(long), 1, 3+40<<10, 3)
	// UTF-16, in both orders
	f("a\x00\n\x00b\x00", 2, 6, 4)
	f("\x00a\x00\n\x00b", 2, 6, 4)
	// no newline: its two bytes are halves of two others
	f("\x00a\n\x0ab\x00", 2, 6, 0)
}

// Data is found behind NULs, and behind a hole.
func TestFirstData(t *testing.T) {
	f := func(before int, text string, off, want int64) {
		t.Helper()
		c := of(t, append(make([]byte, before), text...))
		if got, err := c.FirstData(off); got != want || err != nil {
			t.Errorf("from %d: %d, %v, want %d", off, got, err, want)
		}
	}
	f(0, "ab", 1, 1)
	f(100, "ab", 0, 100)
	f(40<<10, "ab", 3, 40<<10)
	f(40<<10, "", 0, -1)
	f(0, "", 0, -1)
}

// The NULs in which a content ends begin where its text ends, unless they are few.
func TestSpaceAt(t *testing.T) {
	f := func(text string, nuls int, from, want int64) {
		t.Helper()
		c := of(t, append([]byte(text), make([]byte, nuls)...))
		if got := c.SpaceAt(from, int64(len(text)+nuls)); got != want {
			t.Errorf("%d bytes and %d NULs, from %d: %d, want %d", len(text), nuls, from, got, want)
		}
	}
	lines := strings.Repeat("a line\n", 1000)
	f(lines, 0, 0, 7000)
	f(lines, 63, 0, 7063)
	f(lines, 64, 0, 7000)
	f(lines, 1<<20, 0, 7000)
	f(lines, 1<<20, 6999, 7000)
	f(lines, 1<<20, 7000, 7000)
	f(lines, 1<<20, 7100, 7100)
	f("", 4096, 0, 0)
	f("", 0, 0, 0)
}

// A place is known again by the bytes before it and the first ones, and by no others.
func TestMarkIsKnownAgain(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcde\n"), 1<<10)
	for _, off := range []int64{1, 16, flow.PrefixMax, flow.PrefixMax + 1, int64(len(text))} {
		m, ok, err := of(t, text).MarkAt(off)
		if !ok || err != nil {
			t.Fatalf("at %d: %v, %v", off, ok, err)
		}
		for _, at := range []int64{0, off - 1, off} {
			other := bytes.Clone(text)
			if at < int64(len(other)) {
				other[at] = '?'
			}
			want := at == off // what is behind the place does not matter
			if got, err := of(t, other).Matches(off, m); got != want || err != nil {
				t.Errorf("at %d, with another byte at %d: %v, %v", off, at, got, err)
			}
		}
		if got, err := of(t, text[:off-1]).Matches(off, m); got || err != nil {
			t.Errorf("at %d of a shorter file: %v, %v", off, got, err)
		}
	}
}

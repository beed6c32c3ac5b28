package pattern

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailrace/inputs/tail/disk"
)

// The nearest pattern, and where it fails.
func TestNearest(t *testing.T) {
	f := func(path string, want Near, patterns ...string) {
		t.Helper()
		got, ok := New([]Input{{Paths: patterns}}).Nearest(path)
		if !ok || got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
	near := func(pattern, matched, got, want string) Near {
		return Near{Pattern: pattern, Matched: matched, Got: got, Want: want}
	}
	// the name
	f("/var/log/app.txt", near("/var/log/*.log", "/var/log", "app.txt", "*.log"), "/var/log/*.log", "/var/log/nginx/*.log")
	// a directory
	f("/var/log/apache/x.log", near("/var/log/nginx/*.log", "/var/log", "apache", "nginx"), "/srv/*.log", "/var/log/nginx/*.log")
	// any depth, and then the name
	f("/srv/a/b/c.txt", near("/srv/**/*.log", "/srv/a/b", "c.txt", "*.log"), "/srv/**/*.log")
	// deeper than the pattern goes
	f("/var/log/sub/x.log", near("/var/log/*.log", "/var/log", "sub", "*.log"), "/var/log/*.log")
	f("/var/log/x.log/y", near("/var/log/*.log", "/var/log/x.log", "y", ""), "/var/log/*.log")
	// not as deep
	f("/var", near("/var/log/*.log", "/var", "", "log"), "/var/log/*.log")
	// alternatives with a slash
	f("/a/d/y", near("/a/{b/c,d}/x", "/a/d", "y", "x"), "/a/{b/c,d}/x")
	// nothing at all
	f("/x", near("/var/log/*.log", "/", "x", "var"), "/var/log/*.log")
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"x/log/one/two", "y/log", "z/other"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f := func(pattern string, want ...string) {
		t.Helper()
		var got []string
		New([]Input{{Paths: []string{dir + pattern}}}).Walk(new(disk.Disk), func(d string) {
			got = append(got, strings.TrimPrefix(d, dir))
		}, func(string, error) {})
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
	f("/a.log", "")
	f("/not/there/*.log", "/not/there")
	// whether the last directories exist is found out by looking
	f("/*/log/*.log", "/x/log", "/y/log", "/z/log")
	f("/*/log/**/app.log", "/x/log", "/x/log/one", "/x/log/one/two", "/y/log", "/z/log")
	f("/{x/log,z}/*.log", "/x/log", "/z")
	f("/x/log/**", "/x/log", "/x/log/one", "/x/log/one/two")
}

package tail

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFamily(t *testing.T) {
	f := func(base, name, want string) {
		t.Helper()
		g, ok := parseGeneration(base, name)
		got := "none"
		if ok {
			got = []string{"itself", "number", "date"}[g.kind]
			if g.packed {
				got += " packed"
			}
		}
		if got != want {
			t.Errorf("%s of %s is %s, want %s", name, base, got, want)
		}
	}
	f("app.log", "app.log", "itself")
	f("app.log", "app.log.1", "number")
	f("app.log", "app.log.12.gz", "number packed")
	f("app.log", "app.log-3.zst", "number packed")
	f("app.log", "app.log.gz", "number packed")
	f("app.log", "app.log.old", "number")
	f("app.log", "app.1.log", "number")
	f("app.log", "app.1", "number")
	f("app.log", "app-20260131.gz", "date packed")
	f("app.log", "app.gz", "none")
	f("app.log", "app-20260131.log", "date")
	f("app.log", "app.log-20260131", "date")
	f("app.log", "app.log-20260131.xz", "date packed")
	f("app.log", "app.log.2026-01-31_12:30", "date")
	f("app.log", "app.log-1769817600", "date")
	f("syslog", "syslog.2.bz2", "number packed")
	// log4j2, logback, lumberjack, python, nginx, multilog
	f("app.log", "app-01-31-2026-1.log.gz", "date packed")
	f("app.log", "app.2026-01-31.0.log", "date")
	f("app.log", "app-2026-01-31T15-04-05.000.log", "date")
	f("app.log", "app.log.2026-01-31_15-04", "date")
	f("access.log", "access.log.0", "number")
	f("current", "@4000000065b8f1a01d2c3b4c.s", "date")
	f("current", "@4000000065b8f1a01d2c3b4c.u", "date")
	f("app.log", "@4000000065b8f1a01d2c3b4c.s", "none")
	f("current", "@4000.s", "none")
	f("app.log", "app-31-2026.log", "none")
	f("app.log", "app.log.bak", "none")
	f("app.log", "app.log~", "none")
	f("app.log", ".app.log.swp", "none")
	f("app.log", "app.log.1.tmp", "none")
	f("app.log", "application.log", "none")
	f("app.log", "app.log.", "none")
	f("a", "a.b", "none")
	f("a.1", "a.2", "none")
	f("a-20260131", "a-20260130", "none")
}

// When all times were reset, nothing but the names tells the order.
func TestFamilyOrder(t *testing.T) {
	f := func(want ...string) {
		t.Helper()
		dir := t.TempDir()
		for i := len(want) - 1; i >= 0; i-- {
			path, reset := filepath.Join(dir, want[i]), time.Unix(1700000000, 0)
			if err := cmp.Or(os.WriteFile(path, nil, 0o644), os.Chtimes(path, reset, reset)); err != nil {
				t.Fatal(err)
			}
		}
		l, err := new(disk).collect(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		base := "a.log"
		if want[0][0] == '@' {
			base = multilog
		}
		for _, m := range l.family(filepath.Join(dir, base)) {
			got = append(got, filepath.Base(m.path))
		}
		if !slices.Equal(got, want) {
			t.Errorf("oldest first: %q, want %q", got, want)
		}
	}
	f("a.log.10.gz", "a.log.9", "a.log.2", "a.log.1")
	f("a.log-20251231.gz", "a.log-20260101", "a.log-20260102")
	f("a.log.1", "a.log.0")
	f("a.2026-01-31.9.log", "a.2026-01-31.10.log", "a.2026-02-01.0.log")
	f("a-12-31-2025-2.log.gz", "a-01-01-2026-9.log.gz", "a-01-01-2026-10.log.gz")
	f("a-2026-01-31T15-04-05.000.log", "a-2026-01-31T15-04-05.010.log", "a-2026-02-01T00-00-00.000.log")
	f("a.log.2026-01-31", "a.log.2026-01-31_09-59", "a.log.2026-01-31_15-04")
	f("a.log-2026013109", "a.log-2026013110", "a.log-2026020100")
	f("@4000000065b8f1a01d2c3b4c.s", "@4000000065b8f1a11d2c3b4c.u", "@4000000065b8f1b11d2c3b4c.s")
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
		newPatterns([]Config{{Paths: []string{dir + pattern}}}).walk(new(disk), func(d string) {
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

// Whatever parseGeneration takes for a generation of a name, originals finds
// that name.
func TestOriginals(t *testing.T) {
	f := func(name string, want ...string) {
		t.Helper()
		got := originals(name)
		for _, base := range want {
			if g, ok := parseGeneration(base, name); !ok || g.kind == 0 {
				t.Errorf("%q is no generation of %q", name, base)
			}
			if !slices.Contains(got, base) {
				t.Errorf("originals of %q: %q, want %q among them", name, got, base)
			}
		}
		if len(want) == 0 && len(got) > 0 {
			t.Errorf("originals of %q: %q, want none", name, got)
		}
	}
	f("app.log.1", "app.log")
	f("app.log-1.gz", "app.log")
	f("app.1.log", "app.log")
	f("app.log-20260131", "app.log")
	f("app-2026-01-31_12.log", "app.log")
	f("app20260131.log", "app.log")
	f("app.log.old", "app.log")
	f("app-01-31-2026-1.log.gz", "app.log")
	f("app.2026-01-31.0.log", "app.log")
	f("@4000000065b8f1a01d2c3b4c.s", "current")
	f("messages.1.2", "messages.1")
	f("app.log")
	f("app.log.bak")
	f("app2.log")
	f("")
}

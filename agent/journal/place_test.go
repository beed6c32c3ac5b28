package journal

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A journal keeps when its first run began, and the names of its host, over any
// number of runs and generations; a state that was lost says neither.
func TestFirstAndHosts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	clock := time.UnixMilli(1_000)
	run := func(host string) {
		t.Helper()
		clock = clock.Add(time.Hour)
		j := mustOpen(t, dir, Options{Host: host, now: func() time.Time { return clock }})
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}})
		mustClose(t, j)
	}
	want := func(first int64, hosts ...string) {
		t.Helper()
		st, _, err := Read(dir)
		if err != nil || st.Prior.First != first || !slices.Equal(st.Prior.Hosts, hosts) {
			t.Errorf("%+v, %v; want first %d, hosts %q", st.Prior, err, first, hosts)
		}
	}
	const first = 1_000 + 3_600_000
	run("a")
	want(first, "a")
	run("a")
	run("b\n")
	want(first, "a", "b\n")
	run("a")
	want(first, "b\n", "a")
	gens, err := generations(osDisk{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range gens {
		if err := os.WriteFile(generationName(dir, n), []byte("damaged\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("a")
	want(0, "a")
}

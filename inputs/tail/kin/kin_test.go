package kin

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"tailrace/inputs/tail/rotation"
)

// Rotated files of many logs are in one directory: whose a file there is, is found
// out by its name, without going through them all.
func TestKinOfMany(t *testing.T) {
	f := func(logs int) float64 {
		var k Dirs
		for i := range logs {
			k.Note(fmt.Sprintf("/log/%05d.log", i), "/old")
		}
		const name = "00003.log-20260131"
		if path, ok := k.Path("/old", name, false); path != "/log/00003.log" || !ok {
			t.Errorf("%q is of %q", name, path)
		}
		return testing.AllocsPerRun(100, func() { k.Path("/old", name, false) })
	}
	if few, many := f(10), f(10_000); many > few+5 { // a few vary: regexps take their memory from a pool
		t.Errorf("%v allocations among 10 logs, %v among 10,000", few, many)
	}
}

// All names that a rotated file may have in another directory lead to its path,
// and of several paths to the first; none does when nothing is known of it.
func TestKinOf(t *testing.T) {
	var k Dirs
	paths := []string{"/log/app.log", "/log/b/app.log", "/log/app", "/log/current", "/log/a.1", "/log/.log", "/log/ä.log", "/log/x9", "/other/app.err"}
	for _, path := range paths {
		k.Note(path, "/old")
	}
	names := []string{"app.log", "app.log.1", "app.log.2.gz", "app.log.gz", "app-20260131.log", "app.1", "app.1.zst", "app.err-20260131", "app-20260131",
		"@400000005f5e1000deadbeef.s", "a.1", "a.1.3", "a.1-20260131", ".log.1", ".1", "ä.log.1", "ä.1", "x920260131", "other.log.1", "ap", "app.log.bak", "current.1"}
	check := func() {
		t.Helper()
		for _, name := range names {
			var want string
			for _, path := range paths {
				if _, ok := rotation.Parse(filepath.Base(path), name); ok && slices.Contains(k.Of(path), "/old") && (want == "" || before(path, want)) {
					want = path
				}
			}
			if path, ok := k.Path("/old", name, false); path != want || ok != (want != "") {
				t.Errorf("%q is of %q, want %q", name, path, want)
			}
			if path, ok := k.Path("/log", name, false); ok {
				t.Errorf("%q is of %q in its own directory", name, path)
			}
		}
	}
	check()
	for _, path := range paths {
		k.Forget(path)
		check()
	}
	if len(k.names)+len(k.paths) != 0 {
		t.Errorf("still known: %v, %v", k.names, k.paths)
	}
}

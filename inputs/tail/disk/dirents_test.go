package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// All names come, however many and whatever is in them, but those of
// directories; again they are the same strings.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 2000 {
		want = append(want, filepath.Join(dir, fmt.Sprintf("%04d", i)+strings.Repeat("x", i%240)))
	}
	want = append(want, filepath.Join(dir, " ü\n\xff"), filepath.Join(dir, "..."))
	for _, path := range want {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	d := new(Disk)
	l, err := d.Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range l.Files {
		got = append(got, e.Path)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%d of %d paths", len(got), len(want))
	}
	again, err := d.paths(dir, l)
	if err != nil || len(again) != len(want)+1 {
		t.Fatalf("%d paths, %v", len(again), err)
	}
	for _, path := range again {
		if i, ok := slices.BinarySearch(got, path); ok && unsafe.StringData(got[i]) != unsafe.StringData(path) {
			t.Fatalf("%q is another string", path)
		}
	}
	if none, err := d.paths(filepath.Join(dir, "none"), nil); err != nil || none != nil {
		t.Errorf("of no directory: %q, %v", none, err)
	}
	if none, err := d.paths(want[0]+"/in a file", nil); err != nil || none != nil {
		t.Errorf("below a file: %q, %v", none, err)
	}
}

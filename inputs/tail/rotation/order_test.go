package rotation

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tailrace/inputs/tail/disk"
)

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
		l, err := new(disk.Disk).Collect(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		base := "a.log"
		if want[0][0] == '@' {
			base = Multilog
		}
		for _, m := range Family(l, filepath.Join(dir, base)) {
			got = append(got, filepath.Base(m.Path))
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
	f("a__2026-01-31_09-59-59.log", "a__2026-01-31_10-00-00.log", "a__2026-02-01_00-00-00.log")
	f("a_25.12.31_23.59.59.log", "a_26.01.01_00.00.00.0.log", "a_26.01.01_00.00.00.1.log")
	f("a.log-2026013109", "a.log-2026013110", "a.log-2026020100")
	f("@4000000065b8f1a01d2c3b4c.s", "@4000000065b8f1a11d2c3b4c.u", "@4000000065b8f1b11d2c3b4c.s")
}

// Numbers, births and last writes in some unit, and what is older than what.
func TestOrder(t *testing.T) {
	type file struct {
		number     int
		birth, mod int64
		known      bool
	}
	f := func(name string, files []file, want ...int) {
		t.Helper()
		var family []Member
		for _, f := range files {
			e := disk.Entry{Mtime: f.mod}
			e.Key.Birth = f.birth
			family = append(family, Member{Entry: e, Gen: Generation{Kind: 1, number: f.number}, Known: f.known, Unread: !f.known && f.mod >= f.birth})
		}
		Sort(family)
		var got []int
		for _, m := range family {
			got = append(got, m.Gen.number)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: oldest first %d, want %d", name, got, want)
		}
	}
	f("up", []file{{1, 1, 2, false}, {2, 2, 3, false}, {3, 3, 4, false}}, 1, 2, 3)
	f("down", []file{{1, 3, 4, false}, {2, 2, 3, false}, {3, 1, 2, false}}, 3, 2, 1)
	f("a ring", []file{{1, 4, 5, false}, {2, 2, 3, false}, {3, 3, 4, false}}, 2, 3, 1)
	f("births are not known", []file{{1, 0, 2, false}, {2, 0, 3, false}}, 1, 2)
	f("down, made at once, and the older one got a late line", []file{{1, 1, 2, false}, {2, 1, 3, false}}, 2, 1)
	f("one that was read got a late line", []file{{1, 1, 4, true}, {2, 2, 3, false}}, 1, 2)
	f("one of three got a late line", []file{{1, 1, 4, false}, {2, 2, 3, false}, {3, 3, 5, false}}, 1, 2, 3)
	f("down, the older one got a late line and was compressed first", []file{{1, 8, 4, false}, {2, 7, 5, false}}, 2, 1)
	f("down, one that was read got a late line, the next was compressed", []file{{1, 8, 5, false}, {2, 1, 6, true}}, 2, 1)
	f("up, the older one got a late line", []file{{1, 1, 4, false}, {2, 2, 3, false}}, 1, 2)
	f("up, the older one was read and compressed last", []file{{1, 8, 4, true}, {2, 7, 5, false}}, 1, 2)
	f("up, the older one got a late line, the next was copied", []file{{1, 1, 4, true}, {2, 8, 3, false}, {3, 5, 6, false}}, 1, 2, 3)
	f("up, compressed", []file{{1, 7, 4, false}, {2, 8, 5, false}}, 1, 2)
	f("down, one that was read got a late line and was copied", []file{{1, 5, 6, false}, {2, 9, 7, true}}, 2, 1)
	f("all were touched", []file{{1, 1, 9, false}, {2, 2, 9, false}, {3, 3, 9, false}}, 1, 2, 3)
}

// logrotate moves a file out of its way when compression was changed: what is numbered
// after that is newer.
func TestOrderOfMovedAside(t *testing.T) {
	var family []Member
	for i, name := range []string{"a.log.3.gz", "a.log.2.gz", "a.log.1-2026013112.backup"} {
		g, _ := Parse("a.log", name)
		e := disk.Entry{Path: name, Mtime: []int64{3, 4, 2}[i]}
		e.Key.Birth = int64(5 + i)
		family = append(family, Member{Entry: e, Gen: g})
	}
	Sort(family)
	if family[0].Path != "a.log.1-2026013112.backup" || family[1].Path != "a.log.3.gz" {
		t.Errorf("oldest first: %v", family)
	}
}

// Only the file with the higher number is compressed, and nothing is known of both. What
// counts downwards renames all of them, so that no later write tells of the other way.
func TestOrderByRename(t *testing.T) {
	f := func(renamed, written int64, want ...int) {
		t.Helper()
		a := Member{Entry: disk.Entry{Mtime: 2, Ctime: renamed}, Gen: Generation{Kind: 1, number: 1}}
		b := Member{Entry: disk.Entry{Mtime: written, Ctime: 9}, Gen: Generation{Kind: 1, number: 2, Packed: true}}
		a.Key.Birth, b.Key.Birth = 1, 9
		family := []Member{a, b}
		Sort(family)
		if got := []int{family[0].Gen.number, family[1].Gen.number}; !slices.Equal(got, want) {
			t.Errorf("renamed at %d, the other written to at %d: oldest first %d, want %d", renamed, written, got, want)
		}
	}
	f(4, 5, 1, 2)
	f(5, 4, 2, 1)
	f(4, 4, 2, 1)
}

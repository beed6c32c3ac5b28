package tail

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// calls counts the system calls of h that count is true of, from now on.
func (h *host) calls(count func(call, path string) bool) *int {
	var n int
	h.before = func(call, path string) error {
		if count(call, path) {
			h.mu.Lock()
			n++
			h.mu.Unlock()
		}
		return nil
	}
	return &n
}

// Of each path the identities of some rotated files are kept that are deleted by
// now. Once that is known, a look costs no system call for them.
func TestGoneCostsNothing(t *testing.T) {
	f := func(gone int) int {
		var n int
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			opened := h.calls(func(call, path string) bool { return call == "open" && path == "" })
			h.append("a.log", "1\n")
			h.start()
			for i := range gone {
				h.settle()
				h.rename("a.log", "a.log.1")
				h.append("a.log", fmt.Sprintf("%d\n", i+2))
				h.settle()
				h.wait(2 * graceTime)
				h.remove("a.log.1")
				h.wait(2 * scanEvery)
			}
			*opened = 0
			h.wait(10 * scanEvery)
			n = *opened
			h.stop()
		})
		return n
	}
	if n := f(8); n > 0 {
		t.Errorf("%d files were opened by their handles", n)
	}
}

// A file of a listing is found by its identity, under its first name that is no
// link.
func TestFind(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	l := &listing{dir: "/d"}
	for i := range 300 {
		k := key{ino: rnd.Uint64N(100), birth: int64(rnd.IntN(2)), dev: rnd.Uint64N(2)}
		l.files = append(l.files, entry{path: fmt.Sprintf("/d/%03d", i), key: k, link: rnd.IntN(3) == 0})
	}
	for n := range 400 {
		k := key{ino: uint64(n / 4), birth: int64(n / 2 % 2), dev: uint64(n % 2)}
		var want string
		for _, e := range l.files {
			if e.key == k && !e.link {
				want = e.path
				break
			}
		}
		if e, ok := l.find(k); e.path != want || ok != (want != "") {
			t.Errorf("%+v is at %q, %v, want %q", k, e.path, ok, want)
		}
	}
}

// What a lookup by identity needs does not grow with the directory, once it was
// prepared.
func TestFindIsPrepared(t *testing.T) {
	l := &listing{dir: "/d"}
	for i := range 1000 {
		l.files = append(l.files, entry{path: fmt.Sprintf("/d/%04d", i), key: key{ino: uint64(i)}})
	}
	if _, ok := l.find(key{ino: 999}); !ok {
		t.Fatal("not found")
	}
	before := &l.byKey[0]
	if _, ok := l.find(key{ino: 1000}); ok || before != &l.byKey[0] {
		t.Error("prepared anew")
	}
}

// A log has many compressed generations that a pattern matches: how often each is
// looked at before it is known does not depend on how many there are.
func TestManyMatchedGenerations(t *testing.T) {
	f := func(generations int) int {
		var n int
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log*")
			stats := h.calls(func(call, path string) bool { return call == "stat" })
			for i := range generations {
				name := fmt.Sprintf("a.log.%d", i+1)
				h.append(name, fmt.Sprintf("%d\n", i))
				h.compress(name, ".gz")
			}
			h.start()
			h.wait(time.Minute)
			n = *stats
			h.stop()
		})
		return n
	}
	if few, many := f(10), f(100); many > 15*few {
		t.Errorf("%d calls for 10, %d for 100", few, many)
	}
}

// Rotated files of many logs are in one directory: whose a file there is, is found
// out by its name, without going through them all.
func TestKinOfMany(t *testing.T) {
	f := func(logs int) float64 {
		in := bareInput(t)
		for i := range logs {
			in.noteKin(fmt.Sprintf("/log/%05d.log", i), "/old")
		}
		e := entry{path: "/old/00003.log-20260131"}
		if path, ok := in.kinOf("/old", e); path != "/log/00003.log" || !ok {
			t.Errorf("%q is of %q", e.path, path)
		}
		return testing.AllocsPerRun(100, func() { in.kinOf("/old", e) })
	}
	if few, many := f(10), f(10_000); many > few+5 { // a few vary: regexps take their memory from a pool
		t.Errorf("%v allocations among 10 logs, %v among 10,000", few, many)
	}
}

// All names that a rotated file may have in another directory lead to its path,
// and of several paths to the first; none does when nothing is known of it.
func TestKinOf(t *testing.T) {
	in := bareInput(t)
	paths := []string{"/log/app.log", "/log/b/app.log", "/log/app", "/log/current", "/log/a.1", "/log/.log", "/log/ä.log", "/log/x9", "/other/app.err"}
	for _, path := range paths {
		in.noteKin(path, "/old")
	}
	names := []string{"app.log", "app.log.1", "app.log.2.gz", "app.log.gz", "app-20260131.log", "app.1", "app.1.zst", "app.err-20260131", "app-20260131",
		"@400000005f5e1000deadbeef.s", "a.1", "a.1.3", "a.1-20260131", ".log.1", ".1", "ä.log.1", "ä.1", "x920260131", "other.log.1", "ap", "app.log.bak", "current.1"}
	check := func() {
		t.Helper()
		for _, name := range names {
			e := entry{path: "/old/" + name}
			var want string
			for _, path := range paths {
				if _, ok := parseGeneration(filepath.Base(path), name); ok && slices.Contains(in.kin[filepath.Dir(path)][path], "/old") && (want == "" || before(path, want)) {
					want = path
				}
			}
			if path, ok := in.kinOf("/old", e); path != want || ok != (want != "") {
				t.Errorf("%q is of %q, want %q", name, path, want)
			}
			if path, ok := in.kinOf("/log", e); ok {
				t.Errorf("%q is of %q in its own directory", name, path)
			}
		}
	}
	check()
	for _, path := range paths {
		in.forgetKin(path)
		check()
	}
	if len(in.kinNames) != 0 {
		t.Errorf("still known: %v", in.kinNames)
	}
}

// What is compressed near a file that is missing costs no system call where its
// times tell that it was looked at before.
func TestStrangersByTimes(t *testing.T) {
	in := bareInput(t)
	in.o.Life = time.Unix(1000, 0)
	var calls int
	in.disk.before = func(call, _ string) error {
		if call == "stat" {
			calls++
		}
		return nil
	}
	l := &listing{dir: filepath.Join(t.TempDir(), "log")}
	for i := range 100 {
		l.files = append(l.files, entry{path: fmt.Sprintf("%s/%02d.gz", l.dir, i), key: key{ino: uint64(i + 1)}, mtime: 1})
	}
	path := filepath.Join(l.dir, "a.log")
	if found := in.unrelatedPacked(&file{path: path, now: path}, l); len(found) > 0 || calls > 0 {
		t.Errorf("%d calls, found %v", calls, found)
	}
	l.files[7].mtime = time.Unix(2000, 0).UnixNano()
	if found := in.unrelatedPacked(&file{path: path, now: path}, l); len(found) != 1 || calls == 0 {
		t.Errorf("found %v of one that is new", found)
	}
}

// bareInput follows all logs, and does nothing.
func bareInput(t *testing.T) *Input {
	in, err := New(Options{Inputs: []Config{{Topic: "t", Paths: []string{"/log/*", "/log/b/*", "/other/*"}}}, Journal: &fakeJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

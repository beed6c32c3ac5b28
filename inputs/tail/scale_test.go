package tail

import (
	"fmt"
	"math/rand/v2"
	"testing"
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

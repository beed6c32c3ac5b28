package disk

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A file of a listing is found by its identity, under its first name that is no
// link.
func TestFind(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	l := &Listing{Dir: "/d"}
	for i := range 300 {
		k := Key{Ino: rnd.Uint64N(100), Birth: int64(rnd.IntN(2)), Dev: rnd.Uint64N(2)}
		l.Files = append(l.Files, Entry{Path: fmt.Sprintf("/d/%03d", i), Key: k, Link: rnd.IntN(3) == 0})
	}
	for n := range 400 {
		k := Key{Ino: uint64(n / 4), Birth: int64(n / 2 % 2), Dev: uint64(n % 2)}
		var want string
		for _, e := range l.Files {
			if e.Key == k && !e.Link {
				want = e.Path
				break
			}
		}
		if e, ok := l.Find(k); e.Path != want || ok != (want != "") {
			t.Errorf("%+v is at %q, %v, want %q", k, e.Path, ok, want)
		}
	}
}

// What a lookup by identity needs does not grow with the directory, once it was
// prepared.
func TestFindIsPrepared(t *testing.T) {
	l := &Listing{Dir: "/d"}
	for i := range 1000 {
		l.Files = append(l.Files, Entry{Path: fmt.Sprintf("/d/%04d", i), Key: Key{Ino: uint64(i)}})
	}
	if _, ok := l.Find(Key{Ino: 999}); !ok {
		t.Fatal("not found")
	}
	before := &l.byKey[0]
	if _, ok := l.Find(Key{Ino: 1000}); ok || before != &l.byKey[0] {
		t.Error("prepared anew")
	}
}

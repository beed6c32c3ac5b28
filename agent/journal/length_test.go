package journal

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// inDoubt says whether a run that begins now doubts that the journal knows all.
func inDoubt(t *testing.T, dir string) bool {
	t.Helper()
	st, _, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(st.Lanes, func(l LaneState) bool { return l.Doubt != "" })
}

// A process is killed, and the end of what it wrote is cut off while the machine
// runs, behind any byte: that is seen. What a kill leaves of a record is none, and
// nothing that counted.
func TestEndIsMissing(t *testing.T) {
	put := func(name string, p []byte) { // in place: it is the same file
		t.Helper()
		if err := os.WriteFile(name, p, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir, m := t.TempDir(), newModel()
		j := mustOpen(t, dir, Options{Sync: time.Hour, compactMin: 2 << 10, asideMin: int64(seed % 2)})
		for range 60 + r.IntN(40) {
			if _, err := play(j, m, m.random(r)); err != nil {
				t.Fatal(err)
			}
			j.making.Wait()
		}
		name := generationName(dir, j.gen)
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(p, []byte(`{"end"`))
		for at += bytes.IndexByte(p[at:], '\n') + 1; at < len(p); at += 1 + 6*r.IntN(2) {
			records := bytes.LastIndexByte(p[:at], '\n') + 1 // ends between two
			for _, n := range []int{records, at} {
				if put(name, p[:n]); !inDoubt(t, dir) {
					t.Fatalf("seed %d: cut off behind %d of %d bytes, which is not seen", seed, n, len(p))
				}
			}
		}
		if put(name, p); inDoubt(t, dir) {
			t.Fatalf("seed %d: all is there", seed)
		}
		if put(name, append(slices.Clip(p), p[:20]...)); inDoubt(t, dir) {
			t.Fatalf("seed %d: killed within a write", seed)
		}
		if j.gen < 2 {
			t.Fatalf("seed %d: one generation", seed)
		}
		os.Remove(name)
		if !inDoubt(t, dir) {
			t.Fatalf("seed %d: the newest file is gone, which is not seen", seed)
		}
	}
}

// Nothing tells how long the journal was, as with one of an older version or when
// there was no room for it: then what ends in the middle of a record is taken for
// cut off.
func TestLengthIsNotKnown(t *testing.T) {
	f := func(what string, text []byte) {
		t.Helper()
		dir := t.TempDir()
		j := mustOpen(t, dir, Options{})
		mustWrite(t, j, Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 5}})
		name := filepath.Join(dir, lengthName)
		os.Remove(name)
		if text != nil {
			os.WriteFile(name, text, 0o600)
		}
		for cut, want := range []bool{false, true} {
			if err := os.Truncate(generationName(dir, 1), j.out.size-int64(cut)); err != nil {
				t.Fatal(err)
			}
			if got := inDoubt(t, dir); got != want {
				t.Errorf("%s: %d bytes less: in doubt %v", what, cut, got)
			}
		}
	}
	f("no file", nil)
	f("empty", []byte{})
	f("damaged", []byte("00000000 1 99999\n"))
	f("of a file before", []byte("fa416238 0 99999\n"))
}

package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"tailrace/agent/flow"
)

// snapshotOf is all that is in a directory, to see that nothing changes it.
func snapshotOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	ents, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range ents {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// Read finds what Open would, while the journal is open and after, and leaves
// the directory as it is.
func TestReadFindsWhatOpenWould(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	mustWrite(t, j,
		Record{File: &File{ID: 3, Path: "/a.log", Topic: "a", Ino: 9}}, Record{Lane: &Lane{ID: 1, Topic: "a"}},
		intent(1, 5, 0, 2, span(3, 0, 20)), intent(1, 5, 2, 1, span(3, 20, 30)))
	j.Note(ack(1, 0, 7))
	f := func(when string) State {
		t.Helper()
		before := snapshotOf(t, dir)
		st, at, err := Read(dir)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if after := snapshotOf(t, dir); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: the directory has changed", when)
		}
		if at.IsZero() || st.Fresh || len(st.Files) != 1 {
			t.Errorf("%s: written at %v, %+v", when, at, st)
		}
		if got := st.Files[0]; got.Acked != 20 || got.Resume != 30 || got.Path != "/a.log" {
			t.Errorf("%s: %+v", when, got)
		}
		return st
	}
	f("while it is open")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	read := f("after it was closed")
	open := mustOpen(t, dir, Options{}).State()
	read.SentUp = open.SentUp // each is of its moment
	if !reflect.DeepEqual(read, open) {
		t.Errorf("read   %+v\nopened %+v", read, open)
	}
}

// A reader always sees a state that was, however fast generations follow each
// other.
func TestReadWhileGenerationsAreMade(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{compactMin: 200})
	mustWrite(t, j, Record{File: &File{ID: 1, Path: "/a.log"}})
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := int64(1); ; n++ {
			select {
			case <-stop:
				return
			default:
				j.Note(Record{Done: &Done{Spans: []flow.Span{span(1, n-1, n)}}})
			}
		}
	})
	last := int64(0)
	for range 100 {
		st, _, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if st.Damaged > 0 || len(st.Files) != 1 || st.Files[0].Acked < last {
			t.Fatalf("after %d: %+v", last, st)
		}
		last = st.Files[0].Acked
	}
	close(stop)
	writer.Wait()
	if s := j.Stats(); s.Generation < 2 {
		t.Errorf("only %d generations were made", s.Generation)
	}
}

func TestReadNothing(t *testing.T) {
	if st, at, err := Read(t.TempDir()); err != nil || !st.Fresh || !at.IsZero() {
		t.Errorf("an empty directory: %+v, %v, %v", st, at, err)
	}
	if _, _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error of a directory that does not exist")
	}
}

func TestStats(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	before := j.Stats()
	mustWrite(t, j, Record{File: &File{ID: 1, Path: "/a.log"}})
	if err := j.WriteSync(Record{Forget: &Forget{ID: 1}}); err != nil {
		t.Fatal(err)
	}
	s := j.Stats()
	if s.Generation != 1 || s.Bytes <= before.Bytes || s.Written != s.Bytes-before.Bytes || s.Syncs != before.Syncs+2 || s.SyncTime <= 0 || s.Failing["write"] {
		t.Errorf("before %+v, after %+v", before, s)
	}
}

func TestHolder(t *testing.T) {
	dir := t.TempDir()
	f := func(when string, held bool) {
		t.Helper()
		if got := Holder(dir); strings.HasPrefix(got, fmt.Sprintf("process %d (since ", os.Getpid())) != held || (got == "") == held {
			t.Errorf("%s: %q", when, got)
		}
	}
	f("before", false)
	j := mustOpen(t, dir, Options{})
	f("while it is open", true)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	f("after", false)
}

package journal

import (
	"fmt"
	"reflect"
	"testing"
)

// What is lost is kept by path and cause over generations, for so many paths;
// the rest is summed up.
func TestLosses(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	for i := range lossesMax + 10 {
		j.Note(Record{Lost: &Lost{File: 1, Path: fmt.Sprintf("/%05d", i), Bytes: 2, Lines: 1, Cause: "a"}})
	}
	j.Note(Record{Lost: &Lost{Path: "/00000", Bytes: 3, Cause: "a"}}, Record{Lost: &Lost{Path: "/00000", Bytes: 5, Cause: "b"}})
	j.Note(Record{Lost: &Lost{Path: "/00001", Cause: "c"}}, Record{Lost: &Lost{Path: "/00001", Cause: "c"}})
	f := func(got []Loss) {
		t.Helper()
		if len(got) != lossesMax+3 {
			t.Fatalf("%d entries", len(got))
		}
		want := []Loss{{Cause: "a", Bytes: 20, Lines: 10}, {Cause: "b", Bytes: 5}, {Cause: "c", Unknown: 2}, {Path: "/00000", Cause: "a", Bytes: 5, Lines: 1}}
		if !reflect.DeepEqual(got[:4], want) {
			t.Errorf("%+v, want %+v", got[:4], want)
		}
	}
	f(j.Losses())
	for range 2 {
		mustClose(t, j)
		j = mustOpen(t, dir, Options{})
		f(j.State().Losses)
	}
	if got := j.State().Lost; got["a"] != 2*(lossesMax+10)+3 || got["b"] != 5 {
		t.Errorf("by cause: %v", got)
	}
}

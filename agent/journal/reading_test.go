package journal

import (
	"maps"
	"slices"
	"testing"

	"tailrace/agent/flow"
)

// A reading stays as long as a span that is not acked names it, or the run uses
// it. Its number is never another's.
func TestReadingsStayWhileNeeded(t *testing.T) {
	dir := t.TempDir()
	f := func(want map[int]string, run func(j *Journal)) {
		t.Helper()
		j := mustOpen(t, dir, Options{})
		if got := j.State().Readings; !maps.Equal(got, want) {
			t.Errorf("readings %v, want %v", got, want)
		}
		run(j)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	reading := func(j *Journal, spec string, want int) {
		t.Helper()
		if got := j.Reading(spec); got != want {
			t.Errorf("reading %q has number %d, want %d", spec, got, want)
		}
	}
	f(map[int]string{}, func(j *Journal) {
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1, Topic: "t"}}, Record{PID: &PID{Lane: 1, PID: 7}})
		reading(j, "a", 1)
		reading(j, "b", 2)
		reading(j, "a", 1)
		s := span(1, 0, 100)
		s.Reading = 2
		mustWrite(t, j, intent(1, 7, 0, 2, s))
	})
	// the next run uses others; what is not acked needs b
	f(map[int]string{1: "a", 2: "b"}, func(j *Journal) { reading(j, "c", 3) })
	f(map[int]string{2: "b", 3: "c"}, func(j *Journal) {
		reading(j, "c", 3)
		j.Note(ack(1, 0, 5))
	})
	f(map[int]string{2: "b", 3: "c"}, func(*Journal) {})
	// a stretch of the file names it
	f(map[int]string{2: "b"}, func(j *Journal) { mustWrite(t, j, Record{Forget: &Forget{ID: 1}}) })
	f(map[int]string{2: "b"}, func(*Journal) {}) // until the next snapshot
	f(map[int]string{}, func(j *Journal) { reading(j, "d", 4) })
}

// While other records of the same bytes are not acked, the file stays where it is.
func TestAckOfSomeRecordsOfASpan(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	first, rest := span(1, 0, 100), span(1, 0, 100)
	first.Take, rest.Skip = 2, 2
	mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1, Topic: "t"}}, Record{PID: &PID{Lane: 1, PID: 7}},
		intent(1, 7, 0, 5, span(1, 0, 100)), Record{Split: &Split{Lane: 1, First: 0, Into: []Intent{
			*intent(1, 7, 0, 2, first).Intent, *intent(1, 7, 2, 3, rest).Intent}}})
	j.Note(ack(1, 0, 10))
	if at, _ := j.Acked(1); at != 0 {
		t.Errorf("acked up to %d, although records before it are not", at)
	}
	j.Note(ack(1, 2, 12))
	if at, _ := j.Acked(1); at != 100 {
		t.Errorf("acked up to %d, want 100", at)
	}
}

// How the bytes of a file were cut is kept for as long as the file is known, over
// restarts, with a snapshot or without: so are the readings that it names.
func TestStretchesStayWithTheirFile(t *testing.T) {
	dir := t.TempDir()
	run := func(want []Stretch, readings map[int]string, run func(j *Journal)) {
		t.Helper()
		j := mustOpen(t, dir, Options{})
		st := j.State()
		if len(st.Files) > 0 && !slices.Equal(st.Files[0].Stretches, want) || !maps.Equal(st.Readings, readings) {
			t.Errorf("%+v, readings %v; want %+v and %v", st.Files, st.Readings, want, readings)
		}
		run(j)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cut := func(j *Journal, reading int, from, to int64) {
		s := span(1, from, to)
		s.Reading, s.Mark.Part = reading, 3
		j.Note(Record{Done: &Done{Spans: []flow.Span{s}}})
	}
	run(nil, map[int]string{}, func(j *Journal) {
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log", Base: 10}})
		cut(j, 0, 10, 50)
		cut(j, j.Reading("a"), 50, 100)
		cut(j, j.Reading("a"), 100, 110)
	})
	want := []Stretch{{50, 3, 1}}
	run(want, map[int]string{1: "a"}, func(j *Journal) {
		cut(j, 1, 100, 105) // again
		cut(j, j.Reading("b"), 110, 120)
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log", Base: 10, Done: true}})
		cut(j, 0, 120, 130)
	})
	want = append(want, Stretch{110, 3, 2}, Stretch{120, 3, 0})
	for range 2 {
		run(want, map[int]string{1: "a", 2: "b"}, func(*Journal) {})
	}
	run(want, map[int]string{1: "a", 2: "b"}, func(j *Journal) { mustWrite(t, j, Record{Forget: &Forget{ID: 1}}) })
	run(nil, map[int]string{1: "a", 2: "b"}, func(*Journal) {}) // until the next snapshot
	run(nil, map[int]string{}, func(*Journal) {})

	// They do not grow without end.
	run(nil, map[int]string{}, func(j *Journal) {
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}})
		for i := range int64(3 * stretchesMax) {
			cut(j, int(i%2), 10*i, 10*i+10)
		}
		if n := len(j.fold.files[1].stretches()); n != stretchesMax {
			t.Errorf("%d stretches", n)
		}
	})
}

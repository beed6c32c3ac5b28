package journal

import (
	"os"
	"testing"
	"time"

	"tailrace/agent/flow"
)

func mustOpen(t *testing.T, dir string, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func mustWrite(t *testing.T, j *Journal, recs ...Record) {
	t.Helper()
	if err := j.Write(recs...); err != nil {
		t.Fatal(err)
	}
}

// span is bytes of a file with a mark that can be told from others.
func span(id flow.FileID, from, to int64) flow.Span {
	return flow.Span{File: id, Start: from, End: to, Sum: uint32(to),
		Mark: flow.Mark{PrefixLen: int(min(to, flow.PrefixMax)), Prefix: uint64(id) << 60, Tail: uint64(to) * 0x9E3779B97F4A7C15}}
}

func intent(lane int32, pid int64, first, count int32, spans ...flow.Span) Record {
	return Record{Intent: &Intent{Lane: lane, PID: pid, First: first, Count: count, Time: 1000 + int64(first), Codec: "lz4", Spans: spans}}
}

func ack(lane, first int32, offset int64) Record {
	return Record{Ack: &Ack{Lane: lane, First: first, Offset: offset, Time: 2000 + int64(first)}}
}

func TestAckMovesTheFile(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	if !j.State().Fresh {
		t.Error("a new journal is not fresh")
	}
	id, lane := j.NewFile(), j.NewLane()
	mustWrite(t, j,
		Record{File: &File{ID: id, Path: "/log", Topic: "t", Base: 10}},
		Record{Lane: &Lane{ID: lane, Topic: "t", Key: "host"}},
		Record{PID: &PID{Lane: lane, PID: 7}},
		intent(lane, 7, 0, 2, span(id, 10, 100)),
		intent(lane, 7, 2, 3, span(id, 100, 200)),
		intent(lane, 7, 5, 1, span(id, 200, 300)))
	if at, _ := j.Acked(id); at != 10 {
		t.Errorf("before the ack: %d, want the base 10", at)
	}
	j.Note(ack(lane, 2, 40))
	if at, m := j.Acked(id); at != 200 || m != span(id, 0, 200).Mark {
		t.Errorf("after the ack: %d %v", at, m)
	}
	j.Close()

	st := mustOpen(t, dir, Options{}).State()
	if st.Fresh || !st.SameBoot || !st.SameMachine || !st.SameDir || st.Damaged != 0 || st.Prior.Format != formatVersion {
		t.Errorf("state %+v", st)
	}
	f := st.Files[0]
	if f.Acked != 200 || f.Resume != 300 || f.ResumeMark != span(id, 0, 300).Mark {
		t.Errorf("file %+v", f)
	}
	l := st.Lanes[0]
	if len(l.Intents) != 1 || l.Intents[0].First != 5 || l.Warm != 2002 || l.Offset != 42 || l.PID.PID != 7 {
		t.Errorf("lane %+v", l)
	}
}

func TestNumbersAreNotUsedAgain(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	j.NewFile()
	id := j.NewFile()
	mustWrite(t, j, Record{File: &File{ID: id, Path: "/a"}})
	j.Note(Record{Forget: &Forget{ID: id}})
	for range 3 { // over several generations, too
		j.Close()
		j = mustOpen(t, dir, Options{})
		if got := j.NewFile(); got <= id {
			t.Fatalf("file %d again", got)
		}
	}
}

// A rebind acks what it does not send again, since that was found in the
// topic, and what is lost; what it sends again stays un-acked.
func TestRebind(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	var recs []Record
	for id := flow.FileID(1); id <= 3; id++ {
		recs = append(recs, Record{File: &File{ID: id, Path: "/x"}})
	}
	recs = append(recs, Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 7}},
		intent(1, 7, 0, 1, span(1, 0, 10)), intent(1, 7, 1, 1, span(2, 0, 10)), intent(1, 7, 2, 1, span(3, 0, 10)))
	mustWrite(t, j, recs...)
	mustWrite(t, j, Record{Rebind: &Rebind{Lane: 1, PID: 8, Cause: "read back",
		Intents: []Intent{*intent(1, 8, 0, 1, span(2, 0, 10)).Intent}, Lost: []flow.Span{span(3, 0, 10)}}})
	for id, want := range map[flow.FileID]int64{1: 10, 2: 0, 3: 10} {
		if at, _ := j.Acked(id); at != want {
			t.Errorf("file %d: %d, want %d", id, at, want)
		}
	}
	j.Close()
	st := mustOpen(t, dir, Options{}).State()
	if l := st.Lanes[0]; l.PID.PID != 8 || l.Warm != 0 || len(l.Intents) != 1 || st.Files[1].Resume != 10 {
		t.Errorf("%+v", st)
	}
}

func TestSplitKeepsTheNumbers(t *testing.T) {
	f := func(want int, into ...Record) {
		t.Helper()
		j := mustOpen(t, t.TempDir(), Options{})
		mustWrite(t, j, Record{Lane: &Lane{ID: 1}}, intent(1, 7, 0, 4, span(1, 0, 10)), intent(1, 7, 4, 1, span(1, 10, 20)))
		s := &Split{Lane: 1, First: 0}
		for _, r := range into {
			s.Into = append(s.Into, *r.Intent)
		}
		mustWrite(t, j, Record{Split: s})
		if got := len(j.fold.lanes[1].intents); got != want {
			t.Errorf("%d intents, want %d", got, want)
		}
	}
	// two halves
	f(3, intent(1, 7, 0, 2, span(1, 0, 5)), intent(1, 7, 2, 2, span(1, 5, 10)))
	// a number would be left over
	f(2, intent(1, 7, 0, 2, span(1, 0, 5)), intent(1, 7, 2, 1, span(1, 5, 10)))
	// nothing
	f(2)
}

// A position never goes back, and what a caller uses again is not kept.
func TestTheFoldKeepsItsOwn(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	spans := []flow.Span{span(1, 0, 20)}
	mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}}, intent(1, 5, 0, 1, spans...))
	spans[0] = span(1, 0, 99)
	j.Note(ack(1, 0, 0))
	j.Note(Record{Done: &Done{Spans: []flow.Span{span(1, 0, 10)}}})
	if at, _ := j.Acked(1); at != 20 {
		t.Errorf("acked at %d, want 20", at)
	}
}

func mustClose(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// Life is when the last run that looked at all files wrote last, or when the
// first run of all began.
func TestLife(t *testing.T) {
	dir := t.TempDir()
	clock := time.Now().Truncate(time.Millisecond)
	open := func() *Journal {
		clock = clock.Add(time.Hour)
		return mustOpen(t, dir, Options{now: func() time.Time { return clock }})
	}
	f := func(j *Journal, life time.Time, first bool) {
		t.Helper()
		if st := j.State(); !st.Life.Equal(life) || st.FirstStart != first {
			t.Errorf("life %v, first %v; want %v, %v", st.Life, st.FirstStart, life, first)
		}
	}
	j := open()
	began := clock
	f(j, began, true)
	mustClose(t, j)
	j = open()
	f(j, began, true)
	j.Note(Record{Looked: &Looked{Done: true}})
	mustClose(t, j)
	closed := clock
	for range 2 { // neither looks at all files
		j = open()
		f(j, closed, false)
		mustClose(t, j)
	}
	// killed: its last write counts
	j = open()
	j.Note(Record{Looked: &Looked{Done: true}})
	at := clock.Add(time.Minute)
	if err := os.Chtimes(generationName(dir, j.gen), at, at); err != nil {
		t.Fatal(err)
	}
	st, _, err := Read(dir)
	if err != nil || !st.Life.Equal(at) {
		t.Errorf("life %v, %v, want %v", st.Life, err, at)
	}
	mustClose(t, j)
}

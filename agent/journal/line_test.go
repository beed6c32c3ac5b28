package journal

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"tailrace/agent/flow"
)

// everyRecord is one of each kind, with all fields set.
func everyRecord() []Record {
	long := flow.Span{File: 1 << 63, Start: 1 << 40, End: 1<<40 + 7, Part: 3, Final: true, Sum: 1<<32 - 1,
		Mark: flow.Mark{PrefixLen: 1024, Prefix: 1<<64 - 1, Tail: 1 << 63, Window: 1024, Part: 1}, Reading: 5, Skip: 6, Take: 7}
	i := Intent{Lane: 2, PID: 1 << 40, Epoch: 3, First: 1<<31 - 1, Count: 9, Time: 1700000000000, Codec: "zstd",
		Spans: []flow.Span{long, span(4, 0, 9)}, Short: 77}
	a := Ack{Lane: 2, First: 5, Offset: -1, Time: 6}
	return []Record{
		{Header: &Header{Format: 1, Machine: "m", Boot: "b", Inode: 3, Time: 4}},
		{File: &File{ID: 3, Path: "/a <b> & \"c\"\n\x00\xff\xe9é\u2028", Now: "\xff", Output: "a \"b", Topic: "t", Dev: 1, Ino: 1 << 63, Birth: -5,
			Owner: 1001, Handle: "1:00ff", Prev: 2, Base: 8, BaseMark: &long.Mark, Hole: 5, Alike: 7, Done: true, End: 9, Deleting: true, Size: 11}},
		{File: &File{ID: 1}},
		{Forget: &Forget{ID: 9}},
		{Lane: &Lane{ID: 1, Output: "other", Topic: "t", Partition: 5, TopicID: "a", Cluster: "b", Remade: 7, Key: "host"}},
		{PID: &PID{Lane: 1, PID: 2, Epoch: 3}},
		{Intent: &i},
		{Split: &Split{Lane: 1, First: 2, Into: []Intent{i, i}}},
		{Ack: &a},
		{Rebind: &Rebind{Lane: 1, PID: 2, Epoch: 3, Intents: []Intent{i}, Lost: []flow.Span{long}, Cause: "c\xfe"}},
		{Done: &Done{Spans: []flow.Span{long}}},
		{Lost: &Lost{File: 1, Path: "p\x80", Bytes: 5, Lines: 2, Cause: "c"}},
		{Looked: &Looked{Done: true, Time: 7, First: true}},
		{Highest: &Highest{File: 1<<64 - 1, Lane: 3, Reading: 4}},
		{Position: &Position{ID: 1, End: 2, Mark: long.Mark}},
		{Position: &Position{ID: 1, End: 2, Mark: long.Mark, Ladder: Ladder{{Off: 5, Tail: 1<<32 - 1}, {Off: 1 << 40}}}},
		{Position: &Position{ID: 1, End: 2, Mark: long.Mark, Stretches: []Stretch{{Start: 0, Reading: 2}, {Start: 1 << 40, Part: 3}}}},
		{Progress: &Progress{Lane: 1, Acked: &a, Warm: 2, Offset: 3}},
		{Doubt: &Doubt{Lane: 1, Cause: "c\xfe"}},
		{Closed: &Closed{Time: 5}},
		{End: &End{Records: 4}},
		{Reading: &Reading{ID: 3, Spec: `{"start":"^\\d <&>ÿ"}`}},
	}
}

func TestRoundTrip(t *testing.T) {
	seen := map[int]bool{}
	for _, r := range everyRecord() {
		line := appendLine([]byte("before"), r)[len("before"):]
		got, err := parseLine(line[:len(line)-1])
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s: %v, %+v", line, err, got)
		}
		for n := range reflect.TypeFor[Record]().NumField() {
			if !reflect.ValueOf(r).Field(n).IsNil() {
				seen[n] = true
			}
		}
	}
	if n := reflect.TypeFor[Record]().NumField(); len(seen) != n {
		t.Errorf("%d of %d kinds tried", len(seen), n)
	}
}

// What is written by hand is what encoding/json would write, and is read as it
// would. Each field is tried, so that a new one cannot be forgotten.
func TestByHandIsJSON(t *testing.T) {
	f := func(r Record) {
		t.Helper()
		want, got := appendJSON(nil, r), appendRecord(nil, r)
		if string(got) != string(want) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		back, ok := parseHot(got)
		if hot := r.File != nil || r.Position != nil; ok != hot || hot && !reflect.DeepEqual(back, r) {
			t.Errorf("%s is read by hand: %v, %+v", got, ok, back)
		}
	}
	for _, r := range []Record{{File: &File{}}, {Position: &Position{}}, {Position: &Position{Stretches: make([]Stretch, 2)}}, {Ack: &Ack{}}, {Intent: &Intent{Spans: make([]flow.Span, 2)}}} {
		f(r)
		eachField(reflect.ValueOf(&r).Elem(), func() { f(r) })
	}
}

// eachField sets the numbers, texts and truths in v, and in what it points to,
// one after the other, and calls try for each value that it gives them.
func eachField(v reflect.Value, try func()) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachField(v.Elem(), try)
		}
		return
	case reflect.Struct:
		for n := range v.NumField() {
			eachField(v.Field(n), try)
		}
		return
	case reflect.Slice:
		for n := range v.Len() {
			eachField(v.Index(n), try)
		}
		return
	}
	for _, x := range []any{-1, int64(math.MaxInt64), uint64(math.MaxUint64), "/var/log/müller <a>.log", true} {
		if w := reflect.ValueOf(x); w.Kind() == v.Kind() || w.CanInt() && v.CanInt() || w.CanUint() && v.CanUint() {
			v.Set(w.Convert(v.Type()))
			try()
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, r := range everyRecord() {
		line := appendLine(nil, r)
		f.Add(line[:len(line)-1])
		f.Add(line[9 : len(line)-1])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		parseLine(line)
		// The same bytes with a right checksum get past it.
		summed := appendSum(line)
		r, err := parseLine(summed)
		if err != nil {
			return
		}
		if hot, ok := parseHot(summed[crcLen+1:]); ok {
			var slow Record
			if err := json.Unmarshal(summed[crcLen+1:], &slow); err != nil || !reflect.DeepEqual(hot, slow) {
				t.Errorf("%q reads as %+v by hand, as %+v otherwise, %v", line, hot, slow, err)
			}
		}
		newFold().apply(r)
		again := appendLine(nil, r)
		got, err := parseLine(again[:len(again)-1])
		if err != nil || string(appendLine(nil, got)) != string(again) {
			t.Errorf("%q reads as %q, %v", line, again, err)
		}
	})
}

func BenchmarkAppendIntent(b *testing.B) {
	r := intent(1, 1<<40, 12345, 5000, span(12, 1<<30, 1<<30+1<<20))
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = appendLine(buf[:0], r)
	}
}

func BenchmarkAppendIntentByJSON(b *testing.B) {
	r := intent(1, 1<<40, 12345, 5000, span(12, 1<<30, 1<<30+1<<20))
	b.ReportAllocs()
	for b.Loop() {
		json.Marshal(r)
	}
}

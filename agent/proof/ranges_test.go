package proof

import (
	"fmt"
	"strings"
	"testing"
)

// file is one file of lines in a Set.
type lined struct {
	set   *Set
	file  *File
	lines []Record
}

// newLined is a file of these lines, each with its newline.
func newLined(block int64, lines ...string) *lined {
	l := &lined{set: New(block)}
	at := int64(0)
	for _, s := range lines {
		l.lines = append(l.lines, Record{Offset: at, Size: int32(len(s)), Value: value(s)})
		at += int64(len(s)) + 1
	}
	l.file = l.set.Add("/a", 0, at, 0)
	for _, r := range l.lines {
		l.file.Expect(r, Resume{})
	}
	return l
}

// sent is a record of the topic.
type sent struct {
	offset    int64
	value     string
	cut       bool
	partition int32
	part      int32
	final     bool
}

// told compares with a topic, and says what is found in words.
func (l *lined) told(topic []sent, begins map[int32]int64, confirm Confirm) string {
	return l.limited(1, topic, begins, confirm)
}

// limited is told with so many records looked at at a time.
func (l *lined) limited(limit int, topic []sent, begins map[int32]int64, confirm Confirm) string {
	pass := func() {
		l.set.Begin()
		next := map[int32]int64{}
		for p, begin := range begins {
			next[p] = begin
		}
		for _, s := range topic {
			r := Record{Offset: s.offset, Size: int32(len(s.value)), Value: value(s.value), Cut: s.cut, Part: s.part, Final: s.final}
			l.set.Find([]byte("/a"), r, Place{Lane{0, s.partition}, next[s.partition]})
			next[s.partition]++
		}
		l.set.End(confirm)
	}
	pass()
	for again := l.set.Closer(limit); len(again) > 0; again = l.set.Closer(limit) {
		for _, b := range again {
			for _, r := range l.lines {
				if !b.Reread(r) {
					break
				}
			}
		}
		pass()
	}
	var out []string
	first := map[Lane]int64{}
	for p, begin := range begins {
		first[Lane{0, p}] = begin
	}
	l.set.Result(first, func(_ *File, found Found) {
		for _, r := range found.Ranges {
			out = append(out, fmt.Sprintf("%s %d-%d (%d)", r.State, r.Start, r.End, r.Records))
		}
	})
	return strings.Join(out, ", ")
}

// What the brokers did not take whole is told apart from what was changed.
func TestShortened(t *testing.T) {
	text := "one\na long line\nthree\n"
	confirm := func(_ *File, r Record) (int64, bool) {
		end := r.Offset + int64(r.Size)
		return end + 1, value(text[r.Offset:end]) == r.Value
	}
	f := func(s sent, confirm Confirm, want string) {
		t.Helper()
		l := newLined(1<<10, "one", "a long line", "three")
		if got := l.told([]sent{{value: "one"}, s, {offset: 16, value: "three"}}, nil, confirm); got != want {
			t.Errorf("%q: %s, want %s", s.value, got, want)
		}
	}
	f(sent{offset: 4, value: "a long", cut: true}, confirm, "delivered 0-4 (1), shortened 4-16 (1), delivered 16-22 (1)")
	f(sent{offset: 4, value: "a song", cut: true}, confirm, "delivered 0-4 (1), different 4-16 (1), delivered 16-22 (1)")
	f(sent{offset: 4, value: "a long"}, confirm, "delivered 0-4 (1), different 4-16 (1), delivered 16-22 (1)")
	// Nothing is known of the bytes.
	f(sent{offset: 4, value: "what", cut: true}, nil, "delivered 0-4 (1), shortened 4-16 (1), delivered 16-22 (1)")
}

// A record of several lines may have been shipped in parts, or be cut elsewhere
// since one before it was.
func TestShippedInParts(t *testing.T) {
	text := "A\n b\n c\nB\n d\nC\n"
	confirm := func(_ *File, r Record) (int64, bool) {
		end := r.Offset + int64(r.Size)
		return end + 1, value(text[r.Offset:end]) == r.Value
	}
	f := func(want string, topic ...sent) {
		t.Helper()
		l := newLined(1<<10, "A\n b\n c", "B\n d", "C")
		if got := l.told(topic, nil, confirm); got != want {
			t.Errorf("%v: %s, want %s", topic, got, want)
		}
	}
	last := sent{offset: 13, value: "C"}
	f("delivered 0-15 (3)", sent{value: "A\n b\n c"}, sent{offset: 8, value: "B\n d"}, last)
	f("delivered 0-15 (3)", sent{value: "A"}, sent{offset: 2, value: " b\n c"}, sent{offset: 8, value: "B\n d"}, last)
	f("delivered 0-15 (3)", sent{value: "A"}, sent{offset: 2, value: " b\n c\nB"}, sent{offset: 10, value: " d"}, last)
	f("delivered 0-15 (3)", sent{value: "A\n b", part: 1}, sent{offset: 5, value: " c", part: 2, final: true}, sent{offset: 8, value: "B\n d"}, last)
	f("missing 0-8 (1), delivered 8-15 (2)", sent{value: "A\n x", part: 1}, sent{offset: 8, value: "B\n d"}, last)
	f("missing 0-8 (1), delivered 8-15 (2)", sent{value: "A"}, sent{offset: 5, value: " c"}, sent{offset: 8, value: "B\n d"}, last)
	f("missing 0-8 (1), delivered 8-15 (2)", sent{value: "A"}, sent{offset: 2, value: " b"}, sent{offset: 5, value: " x"}, sent{offset: 8, value: "B\n d"}, last)
}

// What is missing at the beginning may have been deleted in the topic, but not
// what is missing behind something that is there.
func TestExpired(t *testing.T) {
	f := func(want string, begins map[int32]int64, topic ...sent) {
		t.Helper()
		l := newLined(8, "one", "two", "three", "four")
		if got := l.told(topic, begins, nil); got != want {
			t.Errorf("%v of a topic that begins at %v: %s, want %s", topic, begins, got, want)
		}
	}
	three, four := sent{offset: 8, value: "three"}, sent{offset: 14, value: "four"}
	f("missing 0-8 (2), delivered 8-19 (2)", map[int32]int64{0: 0}, three, four)
	f("expired 0-8 (2), delivered 8-19 (2)", map[int32]int64{0: 7}, three, four)
	f("expired 0-8 (2), delivered 8-14 (1), missing 14-19 (1)", map[int32]int64{0: 7}, three)
	f("expired 0-19 (4)", map[int32]int64{0: 0, 1: 7})
	f("missing 0-19 (4)", map[int32]int64{0: 0, 1: 0})
	// Another partition has nothing of it.
	f("missing 0-8 (2), delivered 8-19 (2)", map[int32]int64{0: 0, 1: 7}, three, four)
}

// The order of what is in several partitions is not known; twice is twice.
func TestPartitions(t *testing.T) {
	l := newLined(8, "one", "two", "three", "four")
	got := l.told([]sent{
		{offset: 8, value: "three", partition: 1}, {offset: 14, value: "four", partition: 1},
		{value: "one"}, {offset: 4, value: "two"}, {value: "one", partition: 1},
	}, nil, nil)
	if want := "repeated 0-4 (1), delivered 4-19 (3)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Of a block in which everything alternates the ranges are bounded, and say the
// worst.
func TestItemsAreBounded(t *testing.T) {
	var text []string
	var topic []sent
	for i := range 10_000 {
		text = append(text, "line")
		if i%2 == 0 {
			topic = append(topic, sent{offset: int64(5 * i), value: "line"})
		}
	}
	l := newLined(1<<20, text...)
	got := l.told(topic, nil, nil)
	if n := strings.Count(got, ","); n+1 != itemsMax || !strings.HasSuffix(got, "missing 5115-50000 (8977)") {
		t.Errorf("%d ranges, the last ends with %s", n+1, got[max(0, len(got)-60):])
	}
}

package wire

import (
	"fmt"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// recordChunk has records with the values of text, of which those with a "|" are
// clean. Each has a header of its own.
func recordChunk(text ...string) *flow.Chunk {
	c := &flow.Chunk{Path: "/a.log", Start: 1000, Reading: 1, Data: make([]byte, 10*len(text))}
	for i, v := range text {
		value, clean := strings.CutSuffix(v, "|")
		c.Records = append(c.Records, flow.Record{
			Start: uint32(10*i + 1), End: uint32(10*i + 10), Clean: clean, Value: []byte(value),
			Headers: []flow.Header{{Key: "n", Value: fmt.Append(nil, i)}},
		})
	}
	return c
}

// Records have headers of their own and the offset where they begin.
func TestRecords(t *testing.T) {
	c := recordChunk("one|", "|", "three|")
	c.Records[1].Headers = nil
	e := NewEncoder()
	e.Begin([]byte("key"), LZ4, 1<<20, 1)
	if to := e.Add(c, 0); to != 3 {
		t.Fatalf("took %d records", to)
	}
	values, err := e.Finish(1, 0, 0).Values()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, v := range values {
		got += fmt.Sprintf("%s@%d %q", v.Path, v.Offset, v.Line)
		for _, h := range v.Headers {
			got += fmt.Sprintf(" %s=%s", h.Key, h.Value)
		}
		got += "\n"
	}
	if want := "/a.log@1001 \"one\" n=0\n/a.log@1011 \"\"\n/a.log@1021 \"three\" n=2\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A batch ends only behind a clean record, and the first group is always taken
// whole.
func TestRecordsInGroups(t *testing.T) {
	long := strings.Repeat("x", 400)
	f := func(want int, filled bool, text ...string) {
		t.Helper()
		e := NewEncoder()
		e.Begin(nil, None, 1000, 1)
		if filled {
			e.Add(recordChunk("before|"), 0)
		}
		before := int(e.Count())
		to := e.Add(recordChunk(text...), 0)
		if b := e.Finish(1, 0, 0); to != want || int(b.Count) != before+want {
			t.Errorf("took %d records, want %d; the batch has %d, and had %d", to, want, b.Count, before)
		} else if _, err := b.Values(); err != nil {
			t.Error(err)
		}
	}
	f(2, false, long+"|", long+"|", long+"|")
	f(1, false, long+"|", long, long+"|")
	f(3, false, long, long, long+"|", long+"|")
	f(0, true, long, long, long+"|", long+"|")
	f(1, true, long+"|", long, long, long+"|")
	f(4, true, "a", "b", "c|", "d|")
}

// A record that is shortened keeps its headers.
func TestShortRecord(t *testing.T) {
	e := NewEncoder()
	e.Begin(nil, None, 1<<20, 1)
	e.AddShort(recordChunk(strings.Repeat("x", 1000)+"|"), 300)
	values, err := e.Finish(1, 0, 0).Values()
	if err != nil || len(values) != 1 || values[0].Offset != 1001 || len(values[0].Line) == 0 || len(values[0].Line) >= 300 {
		t.Fatalf("%+v, %v", values, err)
	}
	if h := fmt.Sprintf("%s", values[0].Headers); h != "[{n 0} {truncated 1000}]" {
		t.Errorf("headers %s", h)
	}
}

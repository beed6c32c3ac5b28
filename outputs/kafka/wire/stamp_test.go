package wire

import (
	"fmt"
	"testing"

	"tailrace/agent/flow"
)

// Records may have timestamps of their own, in any order: another's decoder
// gives them back, and the newest is the batch's. What does not fit leaves
// nothing of itself.
func TestStamps(t *testing.T) {
	const made = 1700000000123
	stamps := []int64{made - 5000, 0, made - 1<<40, made - 1, made - 5001}
	c := &flow.Chunk{Path: "/p", Reading: 1, Data: make([]byte, len(stamps))}
	for i, at := range stamps {
		c.Records = append(c.Records, flow.Record{Start: uint32(i), End: uint32(i + 1), Clean: true, Value: fmt.Append(nil, i), Stamp: at})
	}
	f := func(from, to int, newest int64) {
		t.Helper()
		e := NewEncoder()
		part := *c
		part.Take(from, to)
		e.Begin([]byte("k"), LZ4, 1<<20, made)
		e.Add(&part, 0)
		b := e.Finish(1, 0, 0)
		values, err := b.Values()
		if err != nil {
			t.Fatal(err)
		}
		most := int64(0)
		for i, r := range records(t, b) {
			want := stamps[from+i]
			if want == 0 {
				want = made
			}
			most = max(most, want)
			if r.millis != want || values[i].Millis != want {
				t.Errorf("record %d has %d and %d, want %d", from+i, r.millis, values[i].Millis, want)
			}
		}
		if b.Millis() != most || e.Newest() != newest {
			t.Errorf("records %d to %d: the newest is %d in the batch, %d beside it; want %d, %d", from, to, b.Millis(), e.Newest(), most, newest)
		}
	}
	f(0, 5, made)
	f(2, 5, made-1)
	f(2, 3, made-1<<40)
	f(1, 2, 0) // it has that of the batch

	c.Records[0].Clean = false // 0 and 1 belong together
	c.Records[2].Clean = false // 2 to 4 too, and they do not fit
	c.Records[3].Clean = false
	e := NewEncoder()
	e.Begin([]byte("k"), None, 150, made)
	if to := e.Add(c, 0); to != 2 || e.Newest() != made {
		t.Errorf("took %d records, the newest is %d", to, e.Newest())
	}
	c.Take(2, 5)
	if e.Add(c, 0); e.Newest() != made || len(records(t, e.Finish(1, 0, 0))) != 2 {
		t.Errorf("the newest is %d", e.Newest())
	}
	e.Begin([]byte("k"), None, 150, made)
	e.AddShort(c, 100)
	if e.Newest() != made-1<<40 {
		t.Errorf("shortened, it has %d", e.Newest())
	}
}

package turns

import (
	"testing"

	"tailrace/agent/flow"
)

type someFile struct {
	seat Seat
	form *flow.Form
}

func (f *someFile) Form() *flow.Form { return f.form }
func (f *someFile) Seat() *Seat      { return &f.seat }

// rowFeed is a feed of which only the row is used.
type rowFeed struct {
	flow.Feed
	row *Row[*someFile]
}

func newRows() *Queue[*someFile] {
	return NewQueue(func(r *Row[*someFile]) flow.Feed { return &rowFeed{row: r} })
}

func rowOf(q *Queue[*someFile], number int32) *Row[*someFile] { return q.Feed(number).(*rowFeed).row }

// Files go to the row of their form, also those that were ready before there were
// any; a row is told of when it has got its first one, and not one that was asked for.
func TestShare(t *testing.T) {
	first, second := &flow.Form{}, &flow.Form{}
	a, b, c := &someFile{form: first}, &someFile{form: second}, &someFile{form: second}
	q := newRows()
	if asleep := q.Add(a); !asleep || !q.Waits(a) {
		t.Error("a file is not ready before Share")
	}
	asked := rowOf(q, 1)
	var told []int32
	q.Share(func(f *flow.Form) int32 {
		if f == first {
			return 1
		}
		return 2
	}, func(number int32, _ flow.Feed) { told = append(told, number) })
	if asleep := q.Add(b); asleep {
		t.Error("somebody has called Share")
	}
	q.Add(c)
	q.Add(c) // it waits already
	if len(told) != 1 || told[0] != 2 {
		t.Errorf("told of %v, want [2]", told)
	}
	if f := asked.Take(); f != a || asked.Take() != nil {
		t.Error("the first row has not just the first file")
	}
	second2 := rowOf(q, 2)
	if !second2.Shares()(second) || second2.Shares()(first) {
		t.Error("it is not told which forms a row has")
	}
	select {
	case <-second2.Wake():
	default:
		t.Error("the second row was not woken")
	}
	if f := second2.Take(); f != b || !q.Busy(b) {
		t.Error("the file that is read is not busy")
	}
	second2.Put(b, true, false)
	if !q.Busy(b) || second2.Last() != b {
		t.Error("a file that may be unread is not busy")
	}
	if f := second2.Take(); f != c || q.Busy(b) {
		t.Error("a file is busy that can no longer be unread")
	}
	if second2.Put(c, false, false); second2.Take() != nil {
		t.Error("a file comes twice")
	}
}

// Rest takes the files back, and the next Share may give them other rows; a file that
// was removed is in none, and after Close nothing is given.
func TestRest(t *testing.T) {
	form := &flow.Form{}
	a, b, c := &someFile{form: form}, &someFile{form: form}, &someFile{form: form}
	q := newRows()
	in := func(number int32) func(*flow.Form) int32 { return func(*flow.Form) int32 { return number } }
	q.Share(in(1), func(int32, flow.Feed) {})
	q.Add(a)
	q.Add(b)
	q.Add(c)
	if r := rowOf(q, 1); r.Take() != a {
		t.Fatal("the first file is another")
	} else {
		r.Put(a, true, false)
	}
	q.Remove(b)
	untaken := false
	if left := q.Rest(func() { untaken = true }); !left || !untaken || q.Busy(a) || !q.Waits(c) {
		t.Error("Rest did not take the files back")
	}
	q.Share(in(2), func(int32, flow.Feed) {})
	q.Add(a)
	r := rowOf(q, 2)
	if r.Take() != c || r.Take() != a || r.Take() != nil {
		t.Error("after Rest the second row has not the files that were left")
	}
	r.Put(a, false, false)
	q.Add(b)
	if q.Remove(b); q.Busy(b) || r.Take() != nil {
		t.Error("a file is there that was removed")
	}
	q.Close()
	if q.Add(b); r.Take() != nil || q.Rest(func() {}) {
		t.Error("a file is given after Close")
	}
}

package tail

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/content"
	"tailrace/inputs/tail/disk"
)

// A batch that is made anew is cut in the middle of what was read at once. The
// file is known again by the mark at the cut, wherever that is.
func TestFetchedSpanCanBeCut(t *testing.T) {
	var data []byte
	for i := range 400 {
		data = fmt.Appendf(data, "line %d\n", i)
	}
	in := openInput(t, data)
	var c, again flow.Chunk
	for in.Feed("t").Next(&c, 300) {
		if err := in.Fetch(c.Span(0, c.Lines()), &again); err != nil {
			t.Fatal(err)
		}
		for cut := 1; cut <= again.Lines(); cut++ {
			s := again.Span(0, cut)
			if want := markOf(data[:s.End]); s.Mark != want {
				t.Errorf("cut at %d of [%d, %d): mark %+v, want %+v", s.End, c.Start, c.Start+int64(len(c.Data)), s.Mark, want)
			}
			fd, err := new(disk.Disk).Open(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := content.Of(new(disk.Disk), fd).Matches(s.End, s.Mark); !ok || err != nil {
				t.Errorf("cut at %d: not recognised, %v", s.End, err)
			}
			if err := unix.Close(fd); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A span whose file is gone is looked for in the files beside it, by its mark: it is
// not read out of those that do not have it.
func TestGoneSpanIsNotReadFromOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.write("a.log", 1, 2000)
		h.start()
		var c flow.Chunk
		if h.wait(time.Second); !h.next(&c, readSize) {
			t.Fatal("nothing to read")
		}
		s := c.Span(0, c.Lines())
		h.j.intent(s)
		h.stop()
		h.rename("a.log", "b.log") // to be found there
		h.write("other.log", 2001, 6000)
		in := h.in
		fetchFrom := func(name string) (room int, err error) {
			var c flow.Chunk
			err = in.fetchFrom(h.path(name), s, &c)
			return cap(c.Buf), err
		}
		if room, err := fetchFrom("other.log"); err != flow.ErrGone || room > 0 {
			t.Errorf("of another file %d bytes are read: %v", room, err)
		}
		if room, err := fetchFrom("b.log"); err != nil || room < int(s.End-s.Start) {
			t.Errorf("of its file %d bytes are read: %v", room, err)
		}
	})
}

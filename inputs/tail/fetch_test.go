package tail

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
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
			fd, err := new(disk).openFile(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := new(disk).content(fd).matches(s.End, s.Mark); !ok || err != nil {
				t.Errorf("cut at %d: not recognised, %v", s.End, err)
			}
			if err := unix.Close(fd); err != nil {
				t.Fatal(err)
			}
		}
	}
}

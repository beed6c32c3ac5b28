package wire

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// A batch of several lines is never longer than the limit, with lines that do
// not compress in any codec, and the next line would not have fit.
func TestLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, codec := range codecs {
		e := NewEncoder()
		for range 40 {
			limit := 200 + r.IntN(100_000)
			var data []byte
			for len(data) < 2*limit {
				at := r.IntN(1000)
				data = append(data, noise(1000 + r.IntN(limit/4))[at:]...)
				data = append(data, '\n')
			}
			c := chunkOf(data)
			for at := 0; at < c.Lines(); {
				e.Begin([]byte("key"), codec, limit, 1)
				to := e.Add(c, at)
				full := len(e.raw) // uncompressed
				b := e.Finish(1, 0, 0)
				if int(b.Count) != to-at || to == at {
					t.Fatalf("%v: %d records for %d lines", codec, b.Count, to-at)
				}
				if b.Count > 1 && max(full, len(b.Bytes)) > limit {
					t.Fatalf("%v: %d bytes, limit %d", codec, len(b.Bytes), limit)
				}
				if to < c.Lines() {
					e.Begin([]byte("key"), None, 1<<30, 1)
					e.Add(&flow.Chunk{Path: c.Path, Start: c.Start, Data: c.Data, Ends: c.Ends[:to+1]}, at)
					if n := len(e.Finish(1, 0, 0).Bytes); n <= limit {
						t.Fatalf("%v: one more line makes %d bytes, limit %d", codec, n, limit)
					}
				}
				at = to
			}
		}
	}
}

// A line that is longer than the limit is taken alone.
func TestLongLineAlone(t *testing.T) {
	long := strings.Repeat("l", 5000)
	c := chunkOf([]byte(long + "\n" + long + "\nshort\n"))
	e := NewEncoder()
	for at := range 2 {
		e.Begin(nil, None, 1000, 1)
		if to := e.Add(c, at); to != at+1 {
			t.Fatalf("took %d lines, want 1", to-at)
		}
		if e.Room() != 0 {
			t.Errorf("room for %d bytes in a batch that is too long", e.Room())
		}
	}
}

// A shortened line fits exactly, begins as the whole, and says how long it was.
func TestAddShort(t *testing.T) {
	f := func(c *flow.Chunk, codec Codec, limit int, extra string) {
		t.Helper()
		c.Split()
		line := strings.TrimSuffix(string(c.Data), "\n")
		e := NewEncoder()
		e.Begin([]byte("key"), codec, limit, 1)
		e.AddShort(c, limit)
		b := e.Finish(1, 0, 77)
		got := records(t, b)
		if len(got) != 1 || b.First() != 77 {
			t.Fatalf("%d records from %d", len(got), b.First())
		}
		if len(b.Bytes) > limit && got[0].value != "" {
			t.Errorf("%d bytes, limit %d", len(b.Bytes), limit)
		}
		if codec == None && len(b.Bytes) < limit-recordMax && got[0].value != line {
			t.Errorf("only %d bytes, limit %d", len(b.Bytes), limit)
		}
		if !strings.HasPrefix(line, got[0].value) {
			t.Error("not the begin of the line")
		}
		want := "path=/p offset=5" + extra + " truncated=" + strconv.Itoa(len(line))
		if got[0].headers != want {
			t.Errorf("headers %q, want %q", got[0].headers, want)
		}
	}
	long := []byte(noise(100_000) + "\n")
	for _, codec := range codecs {
		f(&flow.Chunk{Path: "/p", Start: 5, Data: long}, codec, 1000, "")
		f(&flow.Chunk{Path: "/p", Start: 5, Data: long}, codec, 65_000, "")
		// Room for less than an empty line.
		f(&flow.Chunk{Path: "/p", Start: 5, Data: long}, codec, 10, "")
		// A line that fits has the header all the same.
		f(&flow.Chunk{Path: "/p", Start: 5, Data: []byte("fits\n")}, codec, 1000, "")
		// A piece of a line.
		f(&flow.Chunk{Path: "/p", Start: 5, Data: long[:5000], Part: 3}, codec, 1000, " part=3")
		f(&flow.Chunk{Path: "/p", Start: 5, Data: long, Part: 4, Final: true}, codec, 1000, " part=4/4")
	}
}

// Reading as much as Room says fills the batch in a few reads, and what does
// not fit at its end is little.
func TestRoom(t *testing.T) {
	const limit = 1_000_000
	for _, n := range []int{31, 200, 1023} {
		data := logLines(n, 8<<20)
		e := NewEncoder()
		for batch := range 4 {
			e.Begin([]byte("web-1"), LZ4, limit, 1)
			reads, over := 0, 0
			for e.Room() > 0 && over == 0 {
				room := e.Room()
				end := bytes.LastIndexByte(data[:min(room, len(data))], '\n') + 1
				if end == 0 {
					end = bytes.IndexByte(data, '\n') + 1
				}
				c := chunkOf(data[:end])
				to := e.Add(c, 0)
				over = len(c.Data) - c.LineStart(to)
				data = data[c.LineStart(to):]
				reads++
			}
			e.Finish(1, 0, 0)
			if batch == 0 {
				continue // it learns from the first
			}
			if reads > 4 || over > 20_000 || len(e.raw) < limit*95/100 {
				t.Errorf("lines of %d, batch %d: %d reads, %d bytes given back, %d bytes full",
					n, batch, reads, over, len(e.raw))
			}
		}
	}
}

// Nothing is allocated per line: a batch of thousands of lines costs what its
// bytes cost.
func TestNoAllocationPerLine(t *testing.T) {
	few, many := chunkOf(logLines(200, 1000)), chunkOf(logLines(200, 800_000))
	for _, codec := range codecs {
		e := NewEncoder()
		run := func(c *flow.Chunk) float64 {
			return testing.AllocsPerRun(5, func() {
				e.Begin([]byte("web-1"), codec, 2<<20, 1)
				e.Add(c, 0)
				e.Finish(1, 0, 0)
			})
		}
		run(many)
		a, b := run(few), run(many)
		if limit := 4.0; a > limit || b > limit {
			t.Errorf("%v: %v allocations for 5 lines, %v for 4000", codec, a, b)
		}
	}
}

// The key may be empty, which is not the same as none.
func TestEmptyKey(t *testing.T) {
	e := NewEncoder()
	e.Begin([]byte{}, None, 1000, 1)
	e.Add(chunkOf([]byte("x\n")), 0)
	r := decode(t, e.Finish(1, 0, 0))
	if r[0].Key == nil || !slices.Equal(r[0].Key, []byte{}) {
		t.Errorf("key %v, want an empty one", r[0].Key)
	}
}

// The scratch is no larger than a full batch needs, and stays from batch to
// batch.
func TestScratch(t *testing.T) {
	const limit = 1_000_000
	for _, codec := range codecs {
		e := NewEncoder()
		for range 3 {
			c := chunkOf(logLines(200, 2*limit))
			e.Begin([]byte("web-1"), codec, limit, 1)
			e.Add(c, 0)
			b := e.Finish(1, 0, 0)
			if cap(b.Bytes) > len(b.Bytes)*5/4 {
				t.Errorf("%v: a batch of %d bytes holds %d", codec, len(b.Bytes), cap(b.Bytes))
			}
		}
		if cap(e.raw) > limit || cap(e.out) > limit*5/4 {
			t.Errorf("%v: scratch of %d and %d bytes", codec, cap(e.raw), cap(e.out))
		}
	}
}

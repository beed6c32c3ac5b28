package tail

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
)

// open is an input over one real file, that has made its first scan. It does
// not use the fake clock.
func openInput(t testing.TB, data []byte, o ...record.Options) *Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	c := Config{Paths: []string{path}, Topic: "t"}
	if len(o) > 0 {
		c.Record = o[0]
	}
	in, err := New(Options{Inputs: []Config{c}, Journal: &fakeJournal{}, NoNotify: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = in.Run(ctx)
	}()
	<-in.scanned
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return in
}

// FuzzRead reads a file in quanta of any size and compares what comes out with
// the lines of a naive splitter.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), 3)
	f.Add([]byte("\x00\x00a\n"), 1)
	f.Add(append(bytes.Repeat([]byte("x"), maxLine+10), '\n'), 1<<20)
	f.Add(append(bytes.Repeat([]byte("x"), maxLine), "\nshort\n"...), 100)
	f.Fuzz(func(t *testing.T, data []byte, quantum int) {
		if len(data) > 3<<20 || bytes.HasPrefix(data, make([]byte, nulRun)) {
			return
		}
		in := openInput(t, data)
		whole := data[:bytes.LastIndexByte(data, '\n')+1]
		var got []byte
		var c flow.Chunk
		for in.Feed("t").Next(&c, 1+quantum&0xfffff) {
			if c.Start != int64(len(got)) {
				t.Fatalf("chunk at %d behind %d bytes", c.Start, len(got))
			}
			if c.Part == 0 && c.Data[len(c.Data)-1] != '\n' {
				t.Fatalf("broken line %q", c.Data)
			}
			if n := bytes.Count(c.Data, []byte{'\n'}); c.Part == 0 && n != c.Lines() || c.Part > 0 && c.Lines() != 1 {
				t.Fatalf("%d lines in %q, part %d", c.Lines(), c.Data, c.Part)
			}
			if want := whole[max(0, len(got)-flow.TailMax):len(got)]; !bytes.Equal(c.Lead, want) {
				t.Fatalf("lead %q, want %q", c.Lead, want)
			}
			s := c.Span(0, c.Lines())
			got = append(got, c.Data...)
			want := markOf(got)
			if !c.Final {
				want.Part = c.Part
			}
			if s.Mark != want {
				t.Fatalf("mark %+v, want %+v", s.Mark, want)
			}
			var again flow.Chunk
			if err := in.Fetch(s, &again); err != nil || !bytes.Equal(again.Data, c.Data) || again.Lines() != c.Lines() {
				t.Fatalf("fetched %q, %v, want %q", again.Data, err, c.Data)
			}
		}
		if rest := data[len(got):]; !bytes.HasPrefix(data, got) || len(got) < len(whole) || len(rest) > maxLine {
			t.Fatalf("got %d bytes of %d", len(got), len(whole))
		}
	})
}

func markOf(p []byte) flow.Mark {
	return flow.NewMark(p[:min(len(p), flow.PrefixMax)], p)
}

// A line that is longer than the limit comes as pieces, between whole lines.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("0123456789", maxLine/5) // two pieces
	f := func(data string, want ...string) {
		t.Helper()
		in := openInput(t, []byte(data))
		var c flow.Chunk
		var got []string
		for in.Feed("t").Next(&c, readSize) {
			got = append(got, fmt.Sprintf("%d %v %d×%d", c.Part, c.Final, c.Lines(), len(c.Data)))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	// as long as the limit, in one
	f(long[:maxLine]+"\n", fmt.Sprintf("0 false 1×%d", maxLine+1))
	f("a\n"+long[:maxLine+1]+"\nb\n", "0 false 1×2", fmt.Sprintf("1 false 1×%d", maxLine), "2 true 1×2", "0 false 1×2")
	f(long+"\n", fmt.Sprintf("1 false 1×%d", maxLine), fmt.Sprintf("2 true 1×%d", maxLine+1))
	// a character stays whole
	f(long[:maxLine-1]+"é\n", fmt.Sprintf("1 false 1×%d", maxLine-1), "2 true 1×3")
	// the last piece waits for its newline
	f(long[:maxLine+5], fmt.Sprintf("1 false 1×%d", maxLine))
}

// Reading allocates nothing for a line, and nothing for a chunk.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	in := openInput(t, bytes.Repeat([]byte(strings.Repeat("x", 199)+"\n"), 100_000))
	q := in.Feed("t")
	var c flow.Chunk
	if !q.Next(&c, readSize) {
		t.Fatal("nothing to read")
	}
	lines := 0
	n := testing.AllocsPerRun(50, func() {
		if !q.Next(&c, readSize) {
			t.Fatal("nothing more to read")
		}
		lines = c.Lines()
	})
	if n > 0 {
		t.Errorf("%v allocations for %d lines", n, lines)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, size := range []int{31, 200, 511, 1023} {
		b.Run(fmt.Sprintf("line=%d", size), func(b *testing.B) {
			const total = 10 << 20
			line := strings.Repeat("x", size-1) + "\n"
			in := openInput(b, bytes.Repeat([]byte(line), total/size))
			q := in.Feed("t")
			var f *file
			for _, f = range in.files {
			}
			b.SetBytes(total / int64(size) * int64(size))
			b.ReportAllocs()
			for b.Loop() {
				var c flow.Chunk
				for q.Next(&c, readSize) {
				}
				f.mu.Lock()
				f.pos, f.searched = position{}, 0
				f.mu.Unlock()
				f.queue.add(f)
			}
		})
	}
}

// What a read of one line costs, when lines come one by one.
func BenchmarkOneLine(b *testing.B) {
	in := openInput(b, bytes.Repeat([]byte(strings.Repeat("x", 199)+"\n"), 50_000))
	q := in.Feed("t")
	var f *file
	for _, f = range in.files {
	}
	var c flow.Chunk
	b.ReportAllocs()
	for b.Loop() {
		if !q.Next(&c, 200) {
			f.mu.Lock()
			f.pos, f.searched = position{}, 0
			f.mu.Unlock()
			f.queue.add(f)
			continue
		}
		c.Span(0, 1)
	}
}

// The bytes before the position are compared as they were read with the data,
// not only after it: they become part of the mark. Here they are others for the
// moment of the first read.
func TestLeadOfTheSameRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		first := strings.Repeat("a", 99) + "\n"
		h.append("a.log", first)
		reads, armed := 0, false
		h.before = func(call, _ string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if call != "pread" || !armed {
				return nil
			}
			if reads++; reads == 1 {
				h.overwrite("a.log", 50, "bbbb")
			} else {
				h.overwrite("a.log", 50, "aaaa")
			}
			return nil
		}
		h.start()
		h.take()
		h.append("a.log", "second\n")
		h.wait(2 * time.Second)
		armed = true
		h.wait(0)
		var c flow.Chunk
		for !h.in.Feed("t").Next(&c, readSize) {
			h.wait(time.Second)
		}
		h.stop()
		if got, want := c.Span(0, 1).Mark, markOf([]byte(first+"second\n")); string(c.Data) != "second\n" || got != want {
			t.Errorf("%q with mark %+v, want %+v", c.Data, got, want)
		}
		if reads < 2 {
			t.Errorf("%d reads", reads)
		}
	})
}

func (h *host) overwrite(name string, at int64, data string) {
	f, err := os.OpenFile(h.path(name), os.O_WRONLY, 0)
	h.must(err)
	_, err = f.WriteAt([]byte(data), at)
	h.must(err)
	h.must(f.Close())
}

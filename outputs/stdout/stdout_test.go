package stdout

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// feed gives its chunks, then calls empty. It is a source of one topic, too.
type feed struct {
	chunks []string
	empty  func()
	wake   chan struct{}
}

func (f *feed) Next(c *flow.Chunk, _ int) bool {
	if len(f.chunks) == 0 {
		f.empty()
		return false
	}
	*c = flow.Chunk{File: 1, Path: "/log", Data: []byte(f.chunks[0])}
	c.Split()
	f.chunks = f.chunks[1:]
	return true
}
func (f *feed) Unread(*flow.Chunk, int) {}
func (f *feed) Wake() <-chan struct{}   { return f.wake }
func (f *feed) Past() flow.Past         { return flow.Past{Looked: true} }

func (f *feed) Was(flow.FileID) (size, born int64) { return 0, 0 }

func (f *feed) Take(_ string, open func(flow.Topic)) { open(f) }
func (f *feed) Name() string                         { return "t" }
func (f *feed) Wanted() bool                         { return true }
func (f *feed) Rest()                                {}
func (f *feed) Feed(int32) flow.Feed                 { return f }
func (f *feed) Form(flow.FileID) *flow.Form          { return nil }

func (f *feed) Share(_ func(*flow.Form) int32, open func(int32, flow.Feed)) { open(0, f) }

// notes keeps what was noted.
type notes []journal.Record

func (n *notes) Note(recs ...journal.Record) { *n = append(*n, recs...) }

func TestPrintsLinesAndNotesThem(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := &feed{chunks: []string{"a\n\nb\r\n", "no newline"}, empty: cancel}
	var out bytes.Buffer
	var n notes
	if err := New(&out, f, &n).Run(ctx, ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "a\n\nb\r\nno newline\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if len(n) != 2 || n[0].Done.Spans[0].End != 6 || n[1].Done.Spans[0].End != 10 {
		t.Errorf("noted %+v", n)
	}
}

func TestPrintingFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := &feed{chunks: []string{"a\n"}, empty: func() {}}
	r, w := io.Pipe()
	broken := errors.New("nobody reads")
	r.CloseWithError(broken)
	var n notes
	if err := New(w, f, &n).Run(ctx, ctx); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if len(n) != 0 {
		t.Errorf("noted %+v although nothing was printed", n)
	}
}

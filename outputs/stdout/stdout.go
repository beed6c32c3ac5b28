// Package stdout prints lines: an output for trying out what an input reads.
package stdout

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// readMax is how many bytes are read before they are printed.
const readMax = 256 << 10

// Journal takes what was printed.
type Journal interface {
	Note(recs ...journal.Record)
}

// Output prints every line of its feeds, as it is, and a newline. A line that
// was printed is printed again after a crash only when the crash came before
// the journal had it: there is no asking standard output what it took.
type Output struct {
	source  flow.Source
	journal Journal

	mu    sync.Mutex // guards out: lines of several topics do not mix
	out   *bufio.Writer
	lines int64
}

// New returns an output of the topics of source that prints on w.
func New(w io.Writer, source flow.Source, j Journal) *Output {
	return &Output{source: source, journal: j, out: bufio.NewWriterSize(w, 64<<10)}
}

// Run prints until ctx ends, or printing fails.
func (o *Output) Run(ctx, _ context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var mu sync.Mutex
	over := false // nothing more is begun
	begin := func(_ int32, feed flow.Feed) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		all.Go(func() {
			if err := o.follow(ctx, feed); err != nil {
				cancel(err)
			}
		})
	}
	o.source.Take("", func(t flow.Topic) { t.Share(func(*flow.Form) int32 { return 0 }, begin) })
	<-ctx.Done()
	mu.Lock()
	over = true
	mu.Unlock()
	all.Wait()
	if err := context.Cause(ctx); err != context.Canceled {
		return err
	}
	return nil
}

func (o *Output) follow(ctx context.Context, feed flow.Feed) error {
	var c flow.Chunk
	for {
		for ctx.Err() == nil {
			c.Time = time.Now().UnixMilli()
			if !feed.Next(&c, readMax) {
				break
			}
			if err := o.print(&c); err != nil {
				return fmt.Errorf("standard output: %w", err)
			}
		}
		select {
		case <-feed.Wake():
		case <-ctx.Done():
			return nil
		}
	}
}

func (o *Output) print(c *flow.Chunk) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range c.Lines() {
		_, _ = o.out.Write(c.Line(i)) // the error stays with the writer
		_ = o.out.WriteByte('\n')
	}
	if err := o.out.Flush(); err != nil {
		return err
	}
	o.lines += int64(c.Lines())
	o.journal.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{c.Span(0, c.Lines())}}})
	return nil
}

// Status is one short sentence.
func (o *Output) Status() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return flow.Count(o.lines, "line") + " printed"
}

// Alive reports whether the output makes progress; printing may well wait for
// whoever reads.
func (o *Output) Alive() bool { return true }

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// restart has the agent ship n short files, and then starts it again some times,
// with a new line in one of them each time, and prints how long it took from the
// start of the process until that line was in the topic.
func (b *bench) restart(ctx context.Context, out io.Writer, n, runs int) error {
	r, err := b.startIdler(ctx, "start", n, perDirectory, idleLines)
	if err != nil {
		return err
	}
	defer r.end()
	if err := r.settle(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d files of %d lines: shipped after %.2f s\n", n, idleLines, r.took.Seconds())
	var took []time.Duration
	for i := range runs {
		if err := r.process.stop(); err != nil {
			return r.process.words(err)
		}
		// from the first that is looked at to the last
		if err := appendLine(r.path((n - 1) * i / max(1, runs-1))); err != nil {
			return err
		}
		r.job.Lines++
		if err := r.start(); err != nil {
			return err
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
		took = append(took, r.took)
	}
	slices.Sort(took)
	fmt.Fprintf(out, "first new line with %d known files, %d starts: %.2f s (%.2f to %.2f)\n",
		n, runs, quantile(took, 0.5).Seconds(), took[0].Seconds(), took[len(took)-1].Seconds())
	return r.process.stop()
}

func appendLine(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(newLines(uint64(time.Now().UnixNano())).next()); err != nil {
		return err
	}
	return f.Close()
}

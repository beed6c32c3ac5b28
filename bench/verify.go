package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// verify has the agent ship lines from some files, and prints what it costs to
// compare them with the topic, and, beside that, only to read the topic.
func (b *bench) verify(ctx context.Context, out io.Writer, files int, lines int64) (err error) {
	j, err := b.filled("verify", files, lines)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.delete(j.Topic)) }()
	if _, _, err := b.ship(ctx, j); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d lines in %d files\n", lines, files)
	for _, args := range [][]string{
		{"verify", "--config", filepath.Join(b.dir, "config.yaml")},
		{"consume", "--brokers", strings.Join(j.Brokers, ","), "--topic", j.Topic},
	} {
		if err := b.measure(ctx, out, args, float64(lines*lineSize)); err != nil {
			return err
		}
	}
	return nil
}

// measure runs a command of tailrace to its end, which must be a good one.
func (b *bench) measure(ctx context.Context, out io.Writer, args []string, bytes float64) error {
	p, err := startProcess(exec.Command(b.agent, args...))
	if err != nil {
		return err
	}
	defer p.kill()
	looks := time.NewTicker(pollEvery)
	defer looks.Stop()
	for !p.ended {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-p.gone:
			if p.end(err) != nil {
				return p.words(fmt.Errorf("tailrace %s: %w", args[0], err))
			}
		case <-looks.C:
			p.look()
		}
	}
	took := time.Since(p.start).Seconds()
	fmt.Fprintf(out, "%-8s %.1f s, %.0f MB/s, %.2f CPU-s per GB, %.0f MB at its peak\n",
		args[0], took, bytes/took/1e6, p.cpu().Seconds()/bytes*1e9, p.peakMB)
	return nil
}

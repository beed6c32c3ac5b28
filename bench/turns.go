package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/IBM/sarama"
)

// turns has the agent ship lines that wait in many files at once, and prints how
// fast it was and how far from each other the files were at the worst moment.
func (b *bench) turns(ctx context.Context, out io.Writer, files int, lines int64) (err error) {
	j, err := b.filled("turns", files, lines)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.delete(j.Topic)) }()
	p, took, err := b.ship(ctx, j)
	if err != nil {
		return err
	}
	bytes := float64(lines * lineSize)
	fmt.Fprintf(out, "%d lines from %d files: %.0f lines/s, %.2f CPU-s per GB, %.0f MB at its peak\n",
		lines, files, float64(lines)/took.Seconds(), p.cpu().Seconds()/bytes*1e9, p.peakMB)
	r := newRace(files)
	if err := b.eachRecord(ctx, j, func(path string) { r.step(path) }); err != nil {
		return err
	}
	fmt.Fprintf(out, "files of %d lines: the first was never more than %d lines ahead of the last\n",
		lines/int64(files), r.apart)
	return nil
}

// filled writes lines to files in a directory of that name, and makes a topic for
// them.
func (b *bench) filled(name string, files int, lines int64) (job, error) {
	dir := filepath.Join(b.dir, name)
	j := job{
		Topic: fmt.Sprintf("bench-%s-%d", name, os.Getpid()), Codec: "lz4", Brokers: b.cluster.brokers,
		Files: []string{filepath.Join(dir, "*.log")}, Lines: lines,
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return j, err
	}
	for n := range files {
		if err := writeFile(filepath.Join(dir, fmt.Sprintf("%d.log", n)), uint64(n+1), share(lines, files, n)); err != nil {
			return j, err
		}
	}
	return j, b.cluster.create(j.Topic)
}

// ship has an agent ship all of j, and ends it. It returns the time from its start
// until all lines were in the topic.
func (b *bench) ship(ctx context.Context, j job) (*process, time.Duration, error) {
	p, err := startAgent(b.agent, b.dir, j)
	if err != nil {
		return nil, 0, err
	}
	defer p.kill()
	took, err := b.shipped(ctx, p, j)
	if err == nil {
		p.look()
		err = p.stop()
	}
	if err != nil {
		p.kill()
		return nil, 0, p.words(err)
	}
	return p, took, nil
}

// A race tells how far apart the files are that take turns.
type race struct {
	at    map[string]int // lines of each file so far
	count []int          // files that are at a number of lines
	last  int            // the least number of lines
	apart int            // the most that a file was ahead of that
}

func newRace(files int) *race {
	return &race{at: map[string]int{}, count: []int{files}}
}

// step takes one line of a file.
func (r *race) step(path string) {
	n := r.at[path]
	r.at[path] = n + 1
	r.count[n]--
	if n+1 == len(r.count) {
		r.count = append(r.count, 0)
	}
	r.count[n+1]++
	for r.count[r.last] == 0 {
		r.last++
	}
	r.apart = max(r.apart, n+1-r.last)
}

// eachRecord calls use with the path of each record of the topic, in order.
func (b *bench) eachRecord(ctx context.Context, j job, use func(path string)) error {
	consumer, err := sarama.NewConsumerFromClient(b.cluster.client)
	if err != nil {
		return err
	}
	pc, err := consumer.ConsumePartition(j.Topic, 0, sarama.OffsetOldest)
	if err != nil {
		return err
	}
	defer pc.AsyncClose()
	quiet := time.NewTimer(patience)
	for n := int64(0); n < j.Lines; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-quiet.C:
			return fmt.Errorf("only %d of %d records can be read", n, j.Lines)
		case m := <-pc.Messages():
			quiet.Reset(patience)
			if len(m.Headers) == 0 {
				return errors.New("a record has no path")
			}
			use(string(m.Headers[0].Value))
		}
	}
	return nil
}

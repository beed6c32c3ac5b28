package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	// pollEvery is how often the log end offset and the memory of a contender
	// are looked at.
	pollEvery = 20 * time.Millisecond
	// patience is how long a contender may go without getting anything into
	// the topic.
	patience = time.Minute
)

// A result is what one run took.
type result struct {
	linesPerSecond float64
	cpuPerGB       float64 // seconds, user and system, for 10^9 bytes of lines
	peakMB         float64 // 10^6 bytes
}

// A bench runs contenders over the same lines on one broker. It is for one
// goroutine.
type bench struct {
	cluster *cluster
	dir     string // for files of its own
	agent   string // the agent's binary
	inputs  map[int][]string
	lines   int64
	runs    int // topics that were made
}

// prepare writes the lines, for every number of files that is asked for, and
// reads nothing: they are in the page cache for everyone.
func (b *bench) prepare(list []contender) error {
	b.inputs = make(map[int][]string)
	for _, c := range list {
		if b.inputs[c.files] != nil {
			continue
		}
		for n := range c.files {
			path := filepath.Join(b.dir, fmt.Sprintf("in-%d", c.files), fmt.Sprintf("%02d.log", n))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			if err := writeFile(path, uint64(n+1), share(b.lines, c.files, n)); err != nil {
				return err
			}
			b.inputs[c.files] = append(b.inputs[c.files], path)
		}
	}
	return nil
}

// share is how many of the lines file n of files holds.
func share(lines int64, files, n int) int64 {
	return lines*int64(n+1)/int64(files) - lines*int64(n)/int64(files)
}

// run runs one contender once, on a topic of its own.
func (b *bench) run(ctx context.Context, c contender, codec string) (r result, err error) {
	b.runs++
	j := job{
		Contender: c.name, Files: b.inputs[c.files], Lines: b.lines, Codec: codec,
		Brokers: b.cluster.brokers, Topic: fmt.Sprintf("bench-%d-%d", os.Getpid(), b.runs),
	}
	if err := b.cluster.create(j.Topic); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.cluster.delete(j.Topic)) }()
	p, err := b.start(c, j)
	if err != nil {
		return r, err
	}
	defer p.kill()
	took, err := b.await(ctx, c, p, j)
	if err != nil {
		p.kill()
		return r, fmt.Errorf("%s: %w", c.name, p.words(err))
	}
	bytes := float64(b.lines * lineSize)
	return result{
		linesPerSecond: float64(b.lines) / took.Seconds(),
		cpuPerGB:       p.cpu().Seconds() / bytes * 1e9,
		peakMB:         p.peakMB,
	}, nil
}

func (b *bench) start(c contender, j job) (*process, error) {
	if c.run != nil {
		return startJob(j)
	}
	dir, err := os.MkdirTemp(b.dir, "agent-")
	if err != nil {
		return nil, err
	}
	return startAgent(b.agent, dir, j)
}

// await waits until the contender has done its job, ends the agent then, and
// returns the time from its start until all lines were in the topic.
func (b *bench) await(ctx context.Context, c contender, p *process, j job) (time.Duration, error) {
	if c.reads {
		return b.awaitReader(ctx, p)
	}
	ticks := time.NewTicker(pollEvery)
	defer ticks.Stop()
	gone := p.gone
	have, since := int64(0), time.Now()
	for have < j.Lines {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case err := <-gone:
			// All is acked then, and the next look sees it.
			if err := p.end(err); err != nil {
				return 0, err
			}
			gone = nil
		case <-ticks.C:
		}
		p.look()
		end, err := b.cluster.end(j.Topic)
		if err != nil {
			return 0, err
		}
		if end > have {
			have, since = end, time.Now()
		}
		if time.Since(since) > patience || (p.ended && have < j.Lines) {
			return 0, fmt.Errorf("only %d of %d lines came", have, j.Lines)
		}
	}
	took := time.Since(p.start)
	if err := b.finish(c, p); err != nil {
		return 0, err
	}
	end, err := b.cluster.end(j.Topic)
	if err == nil && end != j.Lines {
		err = fmt.Errorf("%d records for %d lines", end, j.Lines)
	}
	return took, err
}

// finish waits for the end of a contender that has done its job.
func (b *bench) finish(c contender, p *process) error {
	switch {
	case p.ended:
		return nil
	case c.run == nil:
		return p.stop()
	default:
		return p.wait(patience)
	}
}

// awaitReader is await for a contender that only reads.
func (b *bench) awaitReader(ctx context.Context, p *process) (time.Duration, error) {
	ticks := time.NewTicker(pollEvery)
	defer ticks.Stop()
	limit := time.After(10 * time.Minute)
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-limit:
			return 0, errors.New("it did not end in time")
		case err := <-p.gone:
			return time.Since(p.start), p.end(err)
		case <-ticks.C:
			p.look()
		}
	}
}

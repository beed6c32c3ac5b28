package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// idleLines is how many lines each idle file holds.
	idleLines = 10
	// settleTime is how long the agent may take to let go of files that have
	// been shipped before it is measured.
	settleTime = 15 * time.Second
	// perDirectory is how many files are in one directory.
	perDirectory = 1000
)

// idle has the agent ship n short files and then measures it for a while in
// which nothing happens.
func (b *bench) idle(ctx context.Context, out io.Writer, n int, length time.Duration) (err error) {
	j := job{
		Topic: fmt.Sprintf("bench-idle-%d", os.Getpid()), Codec: "lz4", Brokers: b.cluster.brokers,
		Files: []string{filepath.Join(b.dir, "idle", "*", "*.log")}, Lines: int64(n) * idleLines,
	}
	if err := writeIdle(filepath.Join(b.dir, "idle"), n); err != nil {
		return err
	}
	if err := b.cluster.create(j.Topic); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.delete(j.Topic)) }()
	p, err := startAgent(b.agent, b.dir, j)
	if err != nil {
		return err
	}
	defer p.kill()
	took, err := b.shipped(ctx, p, j)
	if err == nil {
		fmt.Fprintf(out, "%d files of %d lines: shipped after %.2f s\n", n, idleLines, took.Seconds())
		err = b.measureIdle(ctx, out, p, length)
	}
	if err != nil {
		p.kill()
		return p.words(err)
	}
	return p.stop()
}

// writeIdle writes n files, a thousand to a directory.
func writeIdle(dir string, n int) error {
	for i := range n {
		sub := filepath.Join(dir, strconv.Itoa(i/perDirectory))
		if i%perDirectory == 0 {
			if err := os.MkdirAll(sub, 0o700); err != nil {
				return err
			}
		}
		if err := writeFile(filepath.Join(sub, fmt.Sprintf("%d.log", i)), uint64(i+1), idleLines); err != nil {
			return err
		}
	}
	return nil
}

// shipped waits until the topic holds all lines.
func (b *bench) shipped(ctx context.Context, p *process, j job) (time.Duration, error) {
	ticks := time.NewTicker(pollEvery)
	defer ticks.Stop()
	limit := time.After(10 * patience)
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-limit:
			return 0, errors.New("the lines did not all come")
		case err := <-p.gone:
			return 0, errors.Join(errors.New("the agent ended"), p.end(err))
		case <-ticks.C:
		}
		end, err := b.cluster.end(j.Topic)
		if err != nil {
			return 0, err
		}
		if end >= j.Lines {
			return time.Since(p.start), nil
		}
	}
}

// measureIdle prints what the agent takes while nothing happens.
func (b *bench) measureIdle(ctx context.Context, out io.Writer, p *process, length time.Duration) error {
	pid := p.cmd.Process.Pid
	if err := pause(ctx, p, settleTime); err != nil {
		return err
	}
	before, err := procCPU(pid)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := pause(ctx, p, length); err != nil {
		return err
	}
	after, err := procCPU(pid)
	if err != nil {
		return err
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return err
	}
	rss, err := procStatus(pid, "VmRSS")
	if err != nil {
		return err
	}
	p.look()
	fmt.Fprintf(out, "over %v: %.2f s of CPU, %.2f %% of a core\n",
		length, (after - before).Seconds(), 100*(after-before).Seconds()/time.Since(start).Seconds())
	fmt.Fprintf(out, "open files: %d\nmemory: %.1f MB now, %.1f MB at its peak\n", len(fds), float64(rss)*1024/1e6, p.peakMB)
	return nil
}

// pause lets time pass in which the agent must not end.
func pause(ctx context.Context, p *process, length time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-p.gone:
		return errors.Join(errors.New("the agent ended"), p.end(err))
	case <-time.After(length):
		return nil
	}
}

// procCPU is what a process that runs has used so far, in steps of 10 ms.
func procCPU(pid int) (time.Duration, error) {
	const ticksPerSecond = 100 // USER_HZ, the same on all Linux that Go runs on
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; utime and stime are the
	// 12th and 13th field behind it.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: cannot read its CPU time", pid)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticksPerSecond, errors.Join(err1, err2)
}

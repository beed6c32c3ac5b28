package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// idleLines is how many lines each idle file holds.
	idleLines = 10
	// settleTime is how long the agent may take to let go of files that have
	// been shipped, and of memory, before it is measured.
	settleTime = 90 * time.Second
	// perDirectory is how many files are in one directory, usually.
	perDirectory = 1000
	// samples is how often memory is looked at: what a full scan of the files takes is
	// given back some seconds later.
	samples = 24
)

// idle has the agent ship n short files and then measures it for a while in
// which nothing happens, beside one that has shipped as many lines from a single
// file. each is how many files are in one directory.
func (b *bench) idle(ctx context.Context, out io.Writer, n, each int, length time.Duration) (err error) {
	var runs [2]*idler
	for i, files := range []int{1, n} {
		r, err := b.startIdler(ctx, fmt.Sprintf("idle-%d", i), files, each, int64(n/files)*idleLines)
		if err != nil {
			return err
		}
		defer r.end()
		if err := r.settle(ctx); err != nil {
			return err
		}
		runs[i] = r
	}
	one, many := runs[0], runs[1]
	fmt.Fprintf(out, "%d files of %d lines: shipped after %.2f s\n", n, idleLines, many.took.Seconds())
	if err := pause(ctx, many.process, settleTime); err != nil {
		return err
	}
	before, err := procCPU(many.pid())
	if err != nil {
		return err
	}
	start := time.Now()
	var rss []int64
	for range samples {
		if err := pause(ctx, many.process, length/samples); err != nil {
			return err
		}
		kb, err := procStatus(many.pid(), "VmRSS")
		if err != nil {
			return err
		}
		rss = append(rss, kb)
	}
	slices.Sort(rss)
	after, err := procCPU(many.pid())
	if err != nil {
		return err
	}
	cpu := (after - before).Seconds()
	fmt.Fprintf(out, "over %v: %.2f s of CPU, %.3f %% of a core\n", length, cpu, 100*cpu/time.Since(start).Seconds())
	return errors.Join(memory(out, one, many, rss), one.process.stop(), many.process.stop())
}

// memory prints what the files take, by the samples of VmRSS in ascending order.
func memory(out io.Writer, one, many *idler, rss []int64) error {
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", many.pid()))
	if err != nil {
		return err
	}
	base, err := procStatus(one.pid(), "VmRSS")
	if err != nil {
		return err
	}
	many.process.look()
	median := rss[len(rss)/2]
	fmt.Fprintf(out, "open files: %d\nmemory: %.1f MB, %.1f MB at most meanwhile, %.1f MB at its peak; %.1f MB with one file, so %.0f bytes for each\n",
		len(fds), float64(median)*1024/1e6, float64(rss[len(rss)-1])*1024/1e6, many.process.peakMB, float64(base)*1024/1e6,
		float64(median-base)*1024/float64(max(1, many.files-1)))
	return nil
}

// An idler is an agent that has shipped short files, and the files.
type idler struct {
	b       *bench
	job     job
	dir     string // with the agent's state in it
	files   int
	each    int // files in one directory
	process *process
	took    time.Duration // from the start until all was shipped
}

func (r *idler) pid() int { return r.process.cmd.Process.Pid }

// startIdler writes n files of some lines and starts an agent on them, and a
// topic.
func (b *bench) startIdler(ctx context.Context, name string, n, each int, lines int64) (*idler, error) {
	r := &idler{b: b, dir: filepath.Join(b.dir, name), files: n, each: each}
	r.job = job{
		Topic: fmt.Sprintf("bench-%s-%d", name, os.Getpid()), Codec: "lz4", Brokers: b.cluster.brokers,
		Files: []string{filepath.Join(r.dir, "logs", "*", "*.log")}, Lines: int64(n) * lines,
	}
	if err := r.write(lines); err != nil {
		return nil, err
	}
	if err := b.cluster.create(r.job.Topic); err != nil {
		return nil, err
	}
	if err := r.start(); err != nil {
		return nil, errors.Join(err, b.cluster.delete(r.job.Topic))
	}
	return r, nil
}

func (r *idler) start() (err error) {
	r.process, err = startAgent(r.b.agent, r.dir, r.job)
	return err
}

// settle waits until all lines are shipped.
func (r *idler) settle(ctx context.Context) (err error) {
	if r.took, err = r.b.shipped(ctx, r.process, r.job); err != nil {
		r.process.kill()
		return r.process.words(err)
	}
	return nil
}

// end ends the agent, if it runs, and removes the topic.
func (r *idler) end() {
	r.process.kill()
	r.b.cluster.delete(r.job.Topic) // what is left of it goes with the broker
}

// path is where the n-th file is.
func (r *idler) path(n int) string {
	return filepath.Join(r.dir, "logs", strconv.Itoa(n/r.each), fmt.Sprintf("%d.log", n))
}

// write writes the files, each of some lines.
func (r *idler) write(lines int64) error {
	for i := range r.files {
		path := r.path(i)
		if i%r.each == 0 {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
		}
		if err := writeFile(path, uint64(i+1), lines); err != nil {
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

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// warmUp is how many lines are not counted: the agent is just starting.
const warmUp = 20

// A load is lines written while the agent follows their files.
type load struct {
	files int
	lines int           // in all, of 200 bytes, one write for each
	every time.Duration // between two lines
}

// latency has the agent follow the files of a load, and prints how long each
// line took from its write to a consumer, and what the agent used.
func (b *bench) latency(ctx context.Context, out io.Writer, l load) (err error) {
	j := job{
		Topic: fmt.Sprintf("bench-latency-%d", os.Getpid()), Codec: "lz4",
		Brokers: b.cluster.brokers, Files: []string{filepath.Join(b.dir, "live-*.log")},
	}
	if err := b.cluster.create(j.Topic); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.delete(j.Topic)) }()
	var files []io.Writer
	for i := range l.files {
		file, err := os.Create(filepath.Join(b.dir, fmt.Sprintf("live-%d.log", i)))
		if err != nil {
			return err
		}
		defer file.Close()
		files = append(files, file)
	}
	p, err := startAgent(b.agent, b.dir, j)
	if err != nil {
		return err
	}
	defer p.kill()
	arrived, stop, err := consume(b.cluster.client, j.Topic)
	if err != nil {
		return err
	}
	defer stop()
	writing := make(chan error, 1)
	go func() { writing <- l.write(ctx, files, l.lines+warmUp) }()
	took, err := b.collect(ctx, p, arrived, writing, l.lines+warmUp)
	if err == nil {
		p.look()
		err = p.stop()
	}
	if err != nil {
		p.kill()
		return p.words(err)
	}
	l.print(out, took[warmUp:], p)
	return nil
}

// consume gives the values of the topic's records with the time they came.
func consume(client sarama.Client, topic string) (<-chan arrival, func(), error) {
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, nil, err
	}
	pc, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		return nil, nil, err
	}
	arrived := make(chan arrival, 1024)
	go func() {
		defer close(arrived)
		for m := range pc.Messages() {
			arrived <- arrival{time.Now(), m.Value}
		}
	}()
	return arrived, func() { pc.AsyncClose() }, nil
}

// An arrival is a record at the consumer.
type arrival struct {
	at    time.Time
	value []byte
}

// write writes n lines that begin with the time of their writing, to the files
// in turns.
func (l load) write(ctx context.Context, files []io.Writer, n int) error {
	ticks := time.NewTicker(max(l.every, time.Millisecond))
	defer ticks.Stop()
	words := newLines(1)
	start := time.Now()
	for written := 0; written < n; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		}
		for due := min(n, int(time.Since(start)/l.every)); written < due; written++ {
			line := bytes.Clone(words.next())
			copy(line, fmt.Sprintf("%d ", time.Now().UnixNano()))
			if _, err := files[written%len(files)].Write(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// collect waits for n records and returns how long each was under way.
func (b *bench) collect(ctx context.Context, p *process, arrived <-chan arrival, writing <-chan error, n int) ([]time.Duration, error) {
	var took []time.Duration
	quiet := time.NewTimer(patience)
	for len(took) < n {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-p.gone:
			return nil, errors.Join(errors.New("the agent ended"), p.end(err))
		case <-quiet.C:
			return nil, fmt.Errorf("only %d of %d lines came", len(took), n)
		case err := <-writing:
			if err != nil {
				return nil, err
			}
			writing = nil
		case a := <-arrived:
			quiet.Reset(patience)
			at, _, _ := bytes.Cut(a.value, []byte{' '})
			written, err := strconv.ParseInt(string(at), 10, 64)
			if err != nil {
				return nil, err
			}
			took = append(took, a.at.Sub(time.Unix(0, written)))
		}
	}
	return took, nil
}

func (l load) print(out io.Writer, took []time.Duration, p *process) {
	slices.Sort(took)
	fmt.Fprintf(out, "%d lines to %d files, one every %v, from write to consumer:\n", len(took), l.files, l.every)
	for _, q := range []float64{0.5, 0.9, 0.99, 1} {
		fmt.Fprintf(out, "  %3.0f %% within %6.1f ms\n", q*100, quantile(took, q).Seconds()*1000)
	}
	const lineBytes = 200
	cpu := p.cpu().Seconds()
	fmt.Fprintf(out, "the agent: %.2f s of CPU in all, %.1f CPU-s per GB, %.0f MB at its peak\n",
		cpu, cpu/(float64(len(took)*lineBytes)/1e9), p.peakMB)
}

// quantile is the least of the sorted values that a share q of them does not
// exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

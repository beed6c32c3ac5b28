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

// latency writes one line at a time, n in all, to a file that the agent
// follows, and prints how long each took from its write to a consumer.
func (b *bench) latency(ctx context.Context, out io.Writer, n int, every time.Duration) (err error) {
	j := job{
		Topic: fmt.Sprintf("bench-latency-%d", os.Getpid()), Codec: "lz4",
		Brokers: b.cluster.brokers, Files: []string{filepath.Join(b.dir, "slow.log")},
	}
	if err := b.cluster.create(j.Topic); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.delete(j.Topic)) }()
	file, err := os.Create(j.Files[0])
	if err != nil {
		return err
	}
	defer file.Close()
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
	go func() { writing <- writeSlowly(ctx, file, n+warmUp, every) }()
	took, err := b.collect(ctx, p, arrived, writing, n+warmUp)
	if err != nil {
		p.kill()
		return p.words(err)
	}
	printLatency(out, took[warmUp:], every)
	return p.stop()
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

// writeSlowly writes n lines that begin with the time of their writing, each
// 200 bytes with its newline and with one write.
func writeSlowly(ctx context.Context, w io.Writer, n int, every time.Duration) error {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	words := newLines(1)
	for range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		}
		line := bytes.Clone(words.next())
		copy(line, fmt.Sprintf("%d ", time.Now().UnixNano()))
		if _, err := w.Write(line); err != nil {
			return err
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

func printLatency(out io.Writer, took []time.Duration, every time.Duration) {
	slices.Sort(took)
	fmt.Fprintf(out, "%d lines, one every %v, from write to consumer:\n", len(took), every)
	for _, q := range []float64{0.5, 0.9, 0.99, 1} {
		fmt.Fprintf(out, "  %3.0f %% within %6.1f ms\n", q*100, quantile(took, q).Seconds()*1000)
	}
}

// quantile is the least of the sorted values that a share q of them does not
// exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

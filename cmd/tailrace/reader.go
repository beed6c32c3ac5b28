package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// quiet is how long the end of a partition is waited for when nothing comes.
// What is missing then are no messages: the marks that transactions leave have
// offsets too. A broker that does not answer is an error before that.
func quiet() time.Duration { return answerTime + 2*time.Second }

// reader reads all partitions of a topic. One goroutine calls it.
type reader struct {
	follow   bool
	topic    string
	errOut   io.Writer
	client   sarama.Client
	consumer sarama.Consumer
	parts    []sarama.PartitionConsumer
	left     map[int32]int64 // the partitions whose end is not reached, with the offset after their last message
	messages chan *sarama.ConsumerMessage
	failed   chan error
	stop     chan struct{} // closed by close
	pumps    sync.WaitGroup
}

// newReader begins to read the topic's partitions where o says.
func newReader(c *cluster, t *topic, o consumeOptions, errOut io.Writer) (*reader, error) {
	conf := c.config()
	conf.Consumer.Return.Errors = true
	conf.Consumer.MaxWaitTime = 100 * time.Millisecond // the end waits that long for the last fetch
	client, err := sarama.NewClient(c.brokers, conf)
	if err != nil {
		return nil, err
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, err
	}
	r := &reader{
		follow: o.follow, topic: t.Name, errOut: errOut, client: client, consumer: consumer, left: map[int32]int64{},
		messages: make(chan *sarama.ConsumerMessage), failed: make(chan error, 1), stop: make(chan struct{}),
	}
	for _, p := range t.Partitions {
		if err := r.add(p.ID, o); err != nil {
			r.close()
			return nil, fmt.Errorf("partition %d: %w", p.ID, err)
		}
	}
	return r, nil
}

// add begins to read one partition, unless there is nothing to read in it.
func (r *reader) add(id int32, o consumeOptions) error {
	oldest, err := r.client.GetOffset(r.topic, id, sarama.OffsetOldest)
	if err != nil {
		return err
	}
	newest, err := r.client.GetOffset(r.topic, id, sarama.OffsetNewest)
	if err != nil {
		return err
	}
	from := r.begin(id, oldest, newest, o)
	if from < newest {
		r.left[id] = newest
	} else if !r.follow {
		return nil
	}
	pc, err := r.consumer.ConsumePartition(r.topic, id, from)
	if err != nil {
		return err
	}
	r.parts = append(r.parts, pc)
	r.pumps.Go(func() { r.pump(pc) })
	return nil
}

// begin is the offset to begin at: one that the partition has, or its end.
func (r *reader) begin(id int32, oldest, newest int64, o consumeOptions) int64 {
	switch {
	case o.oldest():
		return oldest
	case o.newest():
		return newest
	case o.offset < oldest:
		fmt.Fprintf(r.errOut, "Partition %d begins at offset %d now: the older ones were removed, so reading begins there.\n", id, oldest)
		return oldest
	case o.offset > newest:
		fmt.Fprintf(r.errOut, "Partition %d ends before offset %d: its next message gets offset %d.\n", id, o.offset, newest)
		return newest
	}
	return o.offset
}

// pump hands over what one partition gives, until the reader is closed. An error
// that comes at each try is told once, until there is a message again.
func (r *reader) pump(pc sarama.PartitionConsumer) {
	said := ""
	for {
		select {
		case m, ok := <-pc.Messages():
			if !ok {
				return
			}
			said = ""
			select {
			case r.messages <- m:
			case <-r.stop:
				return
			}
		case e, ok := <-pc.Errors():
			if !ok {
				return
			}
			if text := e.Err.Error(); text != said {
				said = text
				r.fail(e)
			}
		case <-r.stop:
			return
		}
	}
}

// fail reports an error; sarama tries again by itself, and following goes on.
func (r *reader) fail(e *sarama.ConsumerError) {
	if r.follow {
		fmt.Fprintf(r.errOut, "Partition %d: %v; trying again.\n", e.Partition, e.Err)
		return
	}
	select {
	case r.failed <- e.Err:
	default:
	}
}

// read gives each message to print, until the ends are reached, ctx ends, or
// something fails.
func (r *reader) read(ctx context.Context, print func(*sarama.ConsumerMessage) error) error {
	silence := time.NewTimer(quiet())
	defer silence.Stop()
	for r.follow || len(r.left) > 0 {
		select {
		case m := <-r.messages:
			end, open := r.left[m.Partition]
			if !r.follow && (!open || m.Offset >= end) {
				delete(r.left, m.Partition)
				continue // written after the start
			}
			if err := print(m); err != nil {
				return err
			}
			if m.Offset+1 >= end {
				delete(r.left, m.Partition)
			}
			silence.Reset(quiet())
		case err := <-r.failed:
			return err
		case <-silence.C:
			if !r.follow {
				r.saySilence()
				return nil
			}
		case <-ctx.Done():
			if !r.follow {
				return errInterrupted
			}
			return nil
		}
	}
	return nil
}

var errInterrupted = errors.New("interrupted: not all messages were printed")

func (r *reader) saySilence() {
	for _, id := range slices.Sorted(maps.Keys(r.left)) {
		fmt.Fprintf(r.errOut, "Partition %d: nothing more came for %v, although its next offset is %d. "+
			"After transactions, or where old messages were compacted away, that is normal.\n", id, quiet(), r.left[id])
	}
}

// close ends all reading.
func (r *reader) close() error {
	close(r.stop)
	r.pumps.Wait()
	for _, pc := range r.parts {
		pc.AsyncClose()
	}
	for _, pc := range r.parts {
		for range pc.Messages() {
		}
		for range pc.Errors() {
		}
	}
	return errors.Join(r.consumer.Close(), r.client.Close())
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// A reader reads the whole topic as any consumer would: all partitions, each
// from its first record. It is for one goroutine.
type reader struct {
	client   sarama.Client
	consumer sarama.Consumer
}

func newReader(brokers []string) (*reader, error) {
	cfg := sarama.NewConfig()
	cfg.ClientID = "tailrace-demo-reader"
	cfg.Consumer.Return.Errors = true
	cfg.Consumer.MaxWaitTime = 100 * time.Millisecond
	client, err := sarama.NewClient(brokers, cfg)
	if err != nil {
		return nil, fmt.Errorf("read the topic: %w", err)
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("read the topic: %w", err)
	}
	return &reader{client: client, consumer: consumer}, nil
}

func (r *reader) close() {
	r.consumer.Close()
	r.client.Close()
}

// follow gives every record to take, those that are there and those that come,
// until ctx ends, which is no error. Take is called by one goroutine at a time.
func (r *reader) follow(ctx context.Context, take func(*sarama.ConsumerMessage)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := make(chan *sarama.ConsumerMessage)
	failed := make(chan error, partitions)
	for p := range int32(partitions) {
		go func() {
			failed <- r.partition(ctx, p, -1, func(m *sarama.ConsumerMessage) {
				select {
				case messages <- m:
				case <-ctx.Done():
				}
			})
		}()
	}
	for ended := 0; ended < partitions; {
		select {
		case m := <-messages:
			take(m)
		case err := <-failed:
			if err != nil && ctx.Err() == nil {
				cancel()
				for ended++; ended < partitions; ended++ {
					<-failed
				}
				return err
			}
			ended++
		}
	}
	return nil
}

// all gives every record that the topic holds now to take, one partition after
// the other.
func (r *reader) all(ctx context.Context, take func(*sarama.ConsumerMessage)) error {
	for p := range int32(partitions) {
		end, err := r.client.GetOffset(topic, p, sarama.OffsetNewest)
		if err != nil {
			return fmt.Errorf("read the topic: log end of partition %d: %w", p, err)
		}
		if err := r.partition(ctx, p, end, take); err != nil {
			return err
		}
	}
	return nil
}

// partition gives the records of one partition up to offset end to take, or
// all that come if end is negative.
func (r *reader) partition(ctx context.Context, p int32, end int64, take func(*sarama.ConsumerMessage)) error {
	if end == 0 {
		return nil
	}
	pc, err := r.consumer.ConsumePartition(topic, p, sarama.OffsetOldest)
	if err != nil {
		return fmt.Errorf("read partition %d: %w", p, err)
	}
	defer pc.Close()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-pc.Errors():
			return fmt.Errorf("read partition %d: %w", p, err)
		case m := <-pc.Messages():
			take(m)
			if m.Offset+1 == end {
				return nil
			}
		}
	}
}

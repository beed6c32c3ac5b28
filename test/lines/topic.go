package lines

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

// A Topic is read as any consumer would. It is for one goroutine.
type Topic struct {
	Name   string
	client sarama.Client
}

// OpenTopic connects to brokers, host:port, separated by commas.
func OpenTopic(brokers, name string) (*Topic, error) {
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	conf.ClientID = "tailrace-test-reader"
	conf.Metadata.AllowAutoTopicCreation = false
	conf.Consumer.Return.Errors = true
	conf.Consumer.Fetch.Default = 4 << 20
	conf.Consumer.MaxWaitTime = 100 * time.Millisecond
	conf.Net.DialTimeout = 5 * time.Second
	conf.Net.ReadTimeout = 5 * time.Second
	client, err := sarama.NewClient(strings.Split(brokers, ","), conf)
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", name, err)
	}
	return &Topic{Name: name, client: client}, nil
}

// Close closes the connections.
func (t *Topic) Close() error { return t.client.Close() }

// End is the number of records that the topic has ever taken: the sum of its
// partitions' log ends. A broker that is away is an error.
func (t *Topic) End() (int, error) {
	partitions, err := t.client.Partitions(t.Name)
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, p := range partitions {
		end, err := t.client.GetOffset(t.Name, p, sarama.OffsetNewest)
		if err != nil {
			t.client.RefreshMetadata(t.Name)
			return 0, err
		}
		sum += int(end)
	}
	return sum, nil
}

// Read gives every record that the topic has now, one partition after the
// other, each in its order. A value is good until the next call of f only.
func (t *Topic) Read(ctx context.Context, f func(Record)) error {
	partitions, err := t.client.Partitions(t.Name)
	if err != nil {
		return fmt.Errorf("read topic %s: %w", t.Name, err)
	}
	for _, p := range partitions {
		end, err := t.client.GetOffset(t.Name, p, sarama.OffsetNewest)
		if err != nil {
			return fmt.Errorf("read topic %s: %w", t.Name, err)
		}
		if end == 0 {
			continue
		}
		err = t.follow(ctx, p, sarama.OffsetOldest, func(m *sarama.ConsumerMessage) bool {
			f(record(m))
			return m.Offset < end-1
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Last is the value of the last record of partition 0.
func (t *Topic) Last() (value []byte, err error) {
	end, err := t.client.GetOffset(t.Name, 0, sarama.OffsetNewest)
	if err != nil || end == 0 {
		return nil, err
	}
	err = t.follow(context.Background(), 0, end-1, func(m *sarama.ConsumerMessage) bool {
		value = m.Value
		return false
	})
	return value, err
}

// Follow gives every record that comes to partition 0 from now on, until ctx
// ends. ready is closed when it has begun.
func (t *Topic) Follow(ctx context.Context, ready chan<- struct{}, f func(Record)) error {
	end, err := t.client.GetOffset(t.Name, 0, sarama.OffsetNewest)
	if err != nil {
		return err
	}
	close(ready)
	err = t.follow(ctx, 0, end, func(m *sarama.ConsumerMessage) bool {
		f(record(m))
		return true
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// follow reads a partition until f returns false. No record for a minute is an
// error while ctx lasts.
func (t *Topic) follow(ctx context.Context, partition int32, from int64, f func(*sarama.ConsumerMessage) bool) error {
	consumer, err := sarama.NewConsumerFromClient(t.client)
	if err != nil {
		return fmt.Errorf("read topic %s: %w", t.Name, err)
	}
	defer consumer.Close()
	pc, err := consumer.ConsumePartition(t.Name, partition, from)
	if err != nil {
		return fmt.Errorf("read topic %s: %w", t.Name, err)
	}
	defer pc.Close()
	quiet := time.NewTimer(time.Minute)
	defer quiet.Stop()
	for {
		select {
		case m, ok := <-pc.Messages():
			if !ok || !f(m) {
				return nil
			}
			quiet.Reset(time.Minute)
		case err := <-pc.Errors():
			return fmt.Errorf("read topic %s: %w", t.Name, err)
		case <-quiet.C:
			return fmt.Errorf("read topic %s, partition %d: no record for a minute", t.Name, partition)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func record(m *sarama.ConsumerMessage) Record {
	r := Record{Partition: m.Partition, Offset: m.Offset, Key: string(m.Key), Value: m.Value,
		Time: m.Timestamp, Headers: make(map[string]string, len(m.Headers))}
	for _, h := range m.Headers {
		r.Headers[string(h.Key)] = string(h.Value)
	}
	return r
}

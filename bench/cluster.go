package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	"tailrace/test/kafka"
)

// A cluster is the broker that all contenders use in turn. It is for one
// goroutine.
type cluster struct {
	brokers []string
	client  sarama.Client
	admin   sarama.ClusterAdmin
	stop    func()
}

// openCluster connects to a running broker; stop is called at the end.
func openCluster(brokers []string, stop func()) (*cluster, error) {
	client, err := sarama.NewClient(brokers, saramaConfig())
	if err != nil {
		stop()
		return nil, fmt.Errorf("brokers %q: %w", brokers, err)
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		client.Close()
		stop()
		return nil, err
	}
	c := &cluster{brokers: brokers, client: client, admin: admin, stop: stop}
	if err := c.awaitIDs(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// awaitIDs waits until the broker gives producer ids: one that has just been
// started does not, and whoever came first would have to wait.
func (c *cluster) awaitIDs() error {
	broker, err := c.client.Controller()
	if err != nil {
		return err
	}
	return retry("get a producer id", func() error {
		_, err := producerID(broker)
		return err
	})
}

// retry calls f until it has no error, for half a minute.
func retry(what string, f func() error) error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := f()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

// startCluster starts a real Kafka of our own, with Kafka's usual heap.
func startCluster(ctx context.Context) (*cluster, error) {
	fmt.Fprintln(os.Stderr, "starting Kafka")
	broker, err := kafka.Start(ctx, kafka.Options{Heap: "1g"})
	if err != nil {
		return nil, err
	}
	return openCluster([]string{broker.Addr}, broker.Close)
}

func (c *cluster) close() {
	c.admin.Close() // and the client with it
	c.stop()
}

// create creates a topic with one partition, whose files are removed soon after
// the topic is. It returns when the partition has a leader.
func (c *cluster) create(topic string) error {
	limit, gone := fmt.Sprint(batchBytes), "1000"
	err := c.admin.CreateTopic(topic, &sarama.TopicDetail{
		NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{"max.message.bytes": &limit, "file.delete.delay.ms": &gone},
	}, false)
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return retry("topic "+topic, func() error {
		if err := c.client.RefreshMetadata(topic); err != nil {
			return err
		}
		_, err := c.end(topic)
		return err
	})
}

func (c *cluster) delete(topic string) error { return c.admin.DeleteTopic(topic) }

// end is the topic's log end offset: how many records it holds.
func (c *cluster) end(topic string) (int64, error) {
	return c.client.GetOffset(topic, 0, sarama.OffsetNewest)
}

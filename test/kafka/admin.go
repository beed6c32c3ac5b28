package kafka

import (
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// ClientConfig is a sarama configuration that fits the broker.
func ClientConfig() *sarama.Config {
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	conf.ClientID = "tailrace-test"
	conf.Admin.Timeout = 30 * time.Second
	conf.Metadata.AllowAutoTopicCreation = false
	return conf
}

// admin calls f with a client that is closed behind it.
func (b *Broker) admin(f func(sarama.ClusterAdmin) error) error {
	conf := ClientConfig()
	conf.Net.DialTimeout, conf.Net.ReadTimeout = 10*time.Second, 10*time.Second // a node may be paused
	a, err := sarama.NewClusterAdmin(b.seeds, conf)
	if err != nil {
		return err
	}
	defer a.Close()
	return f(a)
}

// CreateTopic makes a topic, with settings such as "max.message.bytes".
func (b *Broker) CreateTopic(name string, partitions int32, settings map[string]string) error {
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: int16(b.copies), ConfigEntries: entries(settings)}
	err := b.admin(func(a sarama.ClusterAdmin) error { return a.CreateTopic(name, detail, false) })
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	return nil
}

// DeleteTopic deletes a topic with all its records.
func (b *Broker) DeleteTopic(name string) error {
	err := b.admin(func(a sarama.ClusterAdmin) error { return a.DeleteTopic(name) })
	if err != nil {
		return fmt.Errorf("delete topic %s: %w", name, err)
	}
	return nil
}

// SetTopic changes settings of a topic; the others go back to their defaults.
func (b *Broker) SetTopic(name string, settings map[string]string) error {
	err := b.admin(func(a sarama.ClusterAdmin) error {
		return a.AlterConfig(sarama.TopicResource, name, entries(settings), false)
	})
	if err != nil {
		return fmt.Errorf("set up topic %s: %w", name, err)
	}
	return nil
}

func entries(settings map[string]string) map[string]*string {
	e := map[string]*string{}
	for k, v := range settings {
		e[k] = &v
	}
	return e
}

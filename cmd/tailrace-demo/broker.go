package main

import (
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	topic      = "demo"
	partitions = 3
)

// startBroker starts a Kafka broker in this process, on a free port of the
// loopback interface, with the demo's topic. It keeps records in memory, and
// drops a batch that it has taken before like a real one.
func startBroker() (*kfake.Cluster, error) {
	broker, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.SeedTopics(partitions, topic),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(1 << 20)}),
	)
	if err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	return broker, nil
}

package kafka

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
)

// Oldest is the oldest release that exactly once is possible with: the first
// with idempotent producers and headers, of June 2017. It has no topic ids, no
// zstd, no DescribeProducers, and keeps its metadata in ZooKeeper.
const Oldest = "0.11.0.3"

//go:embed pom-0.11.xml
var oldestPom []byte

//go:embed log4j.properties
var oldLog4j []byte

// StartOldest is Start for one node of the release Oldest, with a ZooKeeper of
// its own. The settings are lines for its server.properties. After a Kill,
// Restart fails until ZooKeeper has missed the node for 3 s.
func StartOldest(ctx context.Context, settings map[string]string) (*Broker, error) {
	jars, err := jarsOf(ctx, Oldest, oldestPom)
	if err != nil {
		return nil, err
	}
	b := &Broker{jars: jars, heap: "256m", copies: 1, own: true}
	if b.Dir, err = os.MkdirTemp("", "tailrace-kafka-"); err != nil {
		return nil, fmt.Errorf("start Kafka: %w", err)
	}
	err = b.prepareOldest(settings)
	if err == nil {
		err = b.Restart(ctx)
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// prepareOldest writes the node's files and starts its ZooKeeper.
func (b *Broker) prepareOldest(settings map[string]string) error {
	if err := b.hold("127.0.0.1", 2); err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	b.Addr = b.ports[0].Addr
	b.seeds = []string{b.Addr}
	b.props = filepath.Join(b.Dir, "server.properties")
	text := oldestProperties(b.Addr, b.ports[1].Addr, filepath.Join(b.Dir, "data"), settings)
	if err := os.WriteFile(b.props, []byte(text), 0o644); err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "log4j.properties"), oldLog4j, 0o644); err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	var err error
	b.zookeeper, err = startJava(b.jars, b.Dir, "128m", nil, "org.apache.zookeeper.server.ZooKeeperServerMain",
		strconv.Itoa(b.ports[1].Number), filepath.Join(b.Dir, "zookeeper"), "500") // milliseconds of a tick
	if err != nil {
		return fmt.Errorf("start ZooKeeper: %w", err)
	}
	return nil
}

// oldestProperties is the text of server.properties for the release Oldest.
func oldestProperties(addr, zookeeper, data string, more map[string]string) string {
	p := map[string]string{
		"broker.id":                       "1",
		"zookeeper.connect":               zookeeper,
		"zookeeper.session.timeout.ms":    "3000",
		"zookeeper.connection.timeout.ms": "30000",
		"listeners":                       "PLAINTEXT://" + addr,
		"log.dirs":                        data,

		"offsets.topic.num.partitions":             "1",
		"offsets.topic.replication.factor":         "1",
		"transaction.state.log.num.partitions":     "1",
		"transaction.state.log.replication.factor": "1",
		"transaction.state.log.min.isr":            "1",
	}
	maps.Copy(p, more)
	return propertiesText(p)
}

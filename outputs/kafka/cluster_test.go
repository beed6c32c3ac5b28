package kafka

import (
	"log/slog"
	"net"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/outputs/kafka/security"
)

// The brokers go away between the first question and that for a producer id,
// and come back: sarama has struck them off its list by then.
func TestProducerIDAfterAnOutage(t *testing.T) {
	first, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	addr := first.ListenAddrs()[0]
	c := newCluster([]string{addr}, "test", "", plain(), slog.New(slog.DiscardHandler))
	defer c.close()
	if _, err := c.topic("logs", 0); err != nil {
		t.Fatal(err)
	}
	first.Close()
	for range 2 {
		if _, _, err := c.producerID(); err == nil {
			t.Fatal("a producer id without a broker")
		}
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	second, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(n))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, _, err := c.producerID(); err != nil {
		t.Errorf("the brokers are back: %v", err)
	}
}

// plain is for brokers that want nothing.
func plain() *security.Guard {
	return security.New(security.Options{}, "test", "", slog.New(slog.DiscardHandler))
}

package kafka

import (
	"log/slog"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/outputs/kafka/security"
	"tailrace/test/port"
)

// The brokers go away between the first question and that for a producer id,
// and come back.
func TestProducerIDAfterAnOutage(t *testing.T) {
	p := port.Held(t)
	first, err := kfake.NewCluster(kfake.Ports(p.Number), kfake.SeedTopics(1, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster([]string{p.Addr}, "test", "", plain(), slog.New(slog.DiscardHandler))
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
	second, err := kfake.NewCluster(kfake.Ports(p.Number))
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

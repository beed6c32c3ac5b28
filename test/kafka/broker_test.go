package kafka

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T) *Broker {
	t.Helper()
	if os.Getenv("TAILRACE_KAFKA") != "1" {
		t.Skip("needs a real Kafka: set TAILRACE_KAFKA=1")
	}
	b, err := Start(t.Context(), Options{})
	if errors.Is(err, ErrNoJava) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(b.Close)
	return b
}

// send sends one message and returns its offset.
func send(b *Broker, topic, message string) (int64, error) {
	conf := ClientConfig()
	conf.Producer.Return.Successes = true
	conf.Producer.RequiredAcks = sarama.WaitForAll
	conf.Producer.Retry.Max = 0
	conf.Metadata.Retry.Max = 0
	conf.Net.DialTimeout = time.Second
	conf.Net.ReadTimeout = time.Second
	conf.Producer.Timeout = time.Second
	p, err := sarama.NewSyncProducer([]string{b.Addr}, conf)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	_, offset, err := p.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(message)})
	return offset, err
}

// A broker that was killed is away, and comes back with what it had taken.
func TestKillAndRestart(t *testing.T) {
	b := start(t)
	must(t, b.CreateTopic("app", 1, map[string]string{"max.message.bytes": "2000"}))
	_, err := send(b, "app", "one")
	must(t, err)
	if _, err := send(b, "app", strings.Repeat("x", 3000)); err == nil {
		t.Error("max.message.bytes is not heeded")
	}
	b.Kill()
	if _, err := send(b, "app", "two"); err == nil {
		t.Error("a killed broker answers")
	}
	must(t, b.Restart(t.Context()))
	// A node is registered before it leads its partitions.
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	var offset int64
	must(t, poll(ctx, nil, func() (err error) { offset, err = send(b, "app", "two"); return err }))
	if offset != 1 {
		t.Errorf("the second message is at offset %d", offset)
	}
	b.Pause()
	if _, err := send(b, "app", "three"); err == nil {
		t.Error("a paused broker answers")
	}
	b.Resume()

	out, err := b.Java(t.Context(), "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", b.Addr,
		"--topic", "app", "--from-beginning", "--max-messages", "2", "--timeout-ms", "20000")
	must(t, err)
	if string(out) != "one\ntwo\n" {
		t.Errorf("Kafka's own consumer read %q", out)
	}
}

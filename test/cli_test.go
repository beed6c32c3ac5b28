package test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailrace/test/kafka"
)

// A message that is sent by hand is read back by hand.
func TestSendAndConsume(t *testing.T) {
	b := sharedBroker(t)
	topic := topicOf(t)
	must(t, b.CreateTopic(topic, 3, nil))
	for i, key := range []string{"anna", "bert", "anna"} {
		out, errs, status := command(t, "send", "--brokers", b.Addr, "--topic", topic, "--key", key, fmt.Sprintf("hello %d", i))
		if status != 0 || !strings.HasPrefix(out, "topic "+topic+", partition ") {
			t.Fatalf("send: status %d\n%s%s", status, out, errs)
		}
	}
	out, errs, status := command(t, "consume", "--brokers", b.Addr, "--topic", topic, "--json")
	if status != 0 || !strings.Contains(errs, "3 messages") {
		t.Fatalf("consume: status %d\n%s%s", status, out, errs)
	}
	partitions := map[string]int{}
	for line := range strings.Lines(out) {
		var m struct {
			Key, Value string
			Partition  int
		}
		must(t, json.Unmarshal([]byte(line), &m))
		p, known := partitions[m.Key]
		if known && p != m.Partition {
			t.Errorf("key %s is in partitions %d and %d", m.Key, p, m.Partition)
		}
		partitions[m.Key] = m.Partition
		if !strings.HasPrefix(m.Value, "hello ") {
			t.Errorf("value %q", m.Value)
		}
	}
	if len(partitions) != 2 {
		t.Errorf("keys %v", partitions)
	}
}

// The partition of a key is the one that Kafka's own producer picks.
func TestPartitionAsInJava(t *testing.T) {
	b := sharedBroker(t)
	topic := topicOf(t)
	must(t, b.CreateTopic(topic, 7, nil))
	var input strings.Builder
	for i := range 5 {
		key := fmt.Sprintf("host-%d", i*7919)
		input.WriteString(key + "\tfrom Java\n")
		out, errs, status := command(t, "send", "--brokers", b.Addr, "--topic", topic, "--key", key, "from Go")
		if status != 0 {
			t.Fatalf("send: status %d\n%s%s", status, out, errs)
		}
	}
	javaSend(t, b, topic, input.String())
	out, _, status := command(t, "consume", "--brokers", b.Addr, "--topic", topic, "--json")
	if status != 0 {
		t.Fatalf("consume: status %d", status)
	}
	where := map[string][]int{}
	for line := range strings.Lines(out) {
		var m struct {
			Key       string
			Partition int
		}
		must(t, json.Unmarshal([]byte(line), &m))
		where[m.Key] = append(where[m.Key], m.Partition)
	}
	for key, p := range where {
		if len(p) != 2 || p[0] != p[1] {
			t.Errorf("key %s: partitions %v", key, p)
		}
	}
	if len(where) != 5 {
		t.Errorf("keys %v", where)
	}
}

// What somebody reads who has made one of the usual mistakes.
func TestMistakes(t *testing.T) {
	b := sharedBroker(t)
	must(t, b.CreateTopic(topicOf(t), 1, nil))
	f := func(want string, args ...string) {
		t.Helper()
		out, errs, status := command(t, args...)
		t.Logf("%q:\n%s%s", args, out, errs)
		if status != 1 || !strings.Contains(errs, want) {
			t.Errorf("%q: exit status %d, no %q in\n%s", args, status, want, errs)
		}
	}
	// no broker there
	f("127.0.0.1:1", "send", "--brokers", "127.0.0.1:1", "--topic", "app", "hello")
	// a topic that does not exist: which ones do
	f(topicOf(t), "send", "--brokers", b.Addr, "--topic", "no-such-topic", "hello")
	f(topicOf(t), "consume", "--brokers", b.Addr, "--topic", "no-such-topic")
}

// check --connect looks at brokers and topics and makes none.
func TestCheckConnect(t *testing.T) {
	b := sharedBroker(t)
	st := newStage(t, b, 1, seed(t), config{})
	out, errs, status := command(t, "check", "--connect", "--config", st.agent.conf)
	if status != 0 || !strings.Contains(out+errs, st.topic) {
		t.Errorf("exit status %d\n%s%s", status, out, errs)
	}
	must(t, b.DeleteTopic(st.topic))
	out, errs, status = command(t, "check", "--connect", "--config", st.agent.conf)
	if status != 1 || !strings.Contains(out+errs, st.topic) {
		t.Errorf("the topic is missing: exit status %d\n%s%s", status, out, errs)
	}
}

// javaSend sends lines "key, tab, value" with Kafka's own console producer.
func javaSend(t *testing.T, b *kafka.Broker, topic, input string) {
	t.Helper()
	out, err := b.JavaWith(t.Context(), strings.NewReader(input), "org.apache.kafka.tools.ConsoleProducer",
		"--bootstrap-server", b.Addr, "--topic", topic,
		"--reader-property", "parse.key=true")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

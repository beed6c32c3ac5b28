package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/outputs/kafka/wire"
	"tailrace/test/port"
)

// fake starts a broker in this process and returns its address.
func fake(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, string) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, c.ListenAddrs()[0]
}

// tailrace runs a command and returns what it prints and its exit status.
func tailrace(args ...string) (out, errOut string, status int) {
	var o, e bytes.Buffer
	status = execute(args, &o, &e)
	return o.String(), e.String(), status
}

// mustRun runs a command that must do its work.
func mustRun(t *testing.T, args ...string) (out, errOut string) {
	t.Helper()
	out, errOut, status := tailrace(args...)
	if status != exitOK {
		t.Fatalf("tailrace %q: status %d, stdout %q, stderr %q", args, status, out, errOut)
	}
	return out, errOut
}

// mustFail runs a command that must end with a status and say what it should.
func mustFail(t *testing.T, want int, says []string, args ...string) {
	t.Helper()
	out, errOut, status := tailrace(args...)
	if status != want {
		t.Errorf("tailrace %q: status %d, want %d; stdout %q, stderr %q", args, status, want, out, errOut)
	}
	for _, s := range says {
		if !strings.Contains(out+errOut, s) {
			t.Errorf("tailrace %q does not say %q: stdout %q, stderr %q", args, s, out, errOut)
		}
	}
}

// writeFile writes a file into a directory of its own and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is sent is consumed: same key, same partition as a Java producer's, and
// the offsets that send printed.
func TestSendThenConsume(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(3, "app"))
	want := map[string]bool{}
	next := map[int32]int{} // offsets by partition
	for i := range 10 {
		key, value := fmt.Sprint("key", i%4), fmt.Sprint("value ", i)
		p := wire.Partition([]byte(key), 3)
		out, _ := mustRun(t, "send", "--brokers", addr, "--topic", "app", "--key", key, value)
		if line := fmt.Sprintf("topic app, partition %d, offset %d\n", p, next[p]); out != line {
			t.Fatalf("send printed %q, want %q", out, line)
		}
		want[fmt.Sprintf("%d/%d\t%s\t%s", p, next[p], key, value)] = true
		next[p]++
	}
	out, errOut := mustRun(t, "consume", "--brokers", addr, "--topic", "app")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for _, line := range lines {
		if !want[line] {
			t.Errorf("consume printed %q, which was not sent, or twice", line)
		}
		delete(want, line)
	}
	if len(want) > 0 {
		t.Errorf("not consumed: %v", want)
	}
	if want := "10 messages from 3 partitions of topic app.\n"; errOut != want {
		t.Errorf("the count is %q, want %q", errOut, want)
	}
}

// Without --key, the key is the host's name, as with shipped lines.
func TestSendDefaultKey(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app"))
	mustRun(t, "send", "--brokers", addr, "--topic", "app", "x")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := mustRun(t, "consume", "--brokers", addr, "--topic", "app"); out != "0/0\t"+host+"\tx\n" {
		t.Errorf("consume printed %q", out)
	}
	cfg := writeFile(t, "config.yaml", "inputs: [{paths: [/x], topic: app}]\noutputs: {kafka: {brokers: ["+addr+"]}}\nhostname: web-7\n")
	mustRun(t, "send", "--config", cfg, "--topic", "app", "y")
	if out, _ := mustRun(t, "consume", "--config", cfg, "--topic", "app", "--from", "1"); out != "0/1\tweb-7\ty\n" {
		t.Errorf("consume printed %q", out)
	}
}

// --from says where to begin, and what to do when that is not there.
func TestConsumeFrom(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app", "empty"))
	for i := range 3 {
		mustRun(t, "send", "--brokers", addr, "--topic", "app", "--key", "k", fmt.Sprint("v", i))
	}
	f := func(topic, from, wantOut, wantErr string) {
		t.Helper()
		out, errOut := mustRun(t, "consume", "--brokers", addr, "--topic", topic, "--from", from)
		if out != wantOut || errOut != wantErr {
			t.Errorf("--from %s of %s: got %q and %q, want %q and %q", from, topic, out, errOut, wantOut, wantErr)
		}
	}
	f("app", "oldest", "0/0\tk\tv0\n0/1\tk\tv1\n0/2\tk\tv2\n", "3 messages from 1 partition of topic app.\n")
	f("app", "earliest", "0/0\tk\tv0\n0/1\tk\tv1\n0/2\tk\tv2\n", "3 messages from 1 partition of topic app.\n")
	f("app", "2", "0/2\tk\tv2\n", "1 message from 1 partition of topic app.\n")
	f("app", "3", "", "0 messages from 1 partition of topic app.\n")
	f("app", "9", "", "Partition 0 ends before offset 9: its next message gets offset 3.\n0 messages from 1 partition of topic app.\n")
	f("app", "newest", "", "0 messages from 1 partition of topic app.\n"+
		"--from newest begins after the last message; add --follow to see what comes.\n")
	f("empty", "latest", "", "0 messages from 1 partition of topic empty.\n"+
		"--from latest begins after the last message; add --follow to see what comes.\n")
	f("empty", "oldest", "", "0 messages from 1 partition of topic empty.\n")
}

// --json has everything of a message; bytes that are no text are in base64.
func TestConsumeJSON(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app"))
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	producer, err := sarama.NewSyncProducer([]string{addr}, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for _, m := range []*sarama.ProducerMessage{
		{Topic: "app", Key: sarama.StringEncoder("web-1"), Value: sarama.StringEncoder("<a> \u00e4"), Headers: []sarama.RecordHeader{
			{Key: []byte("path"), Value: []byte("/var/log/a b.log")}, {Key: []byte("offset"), Value: []byte("17")},
		}},
		{Topic: "app", Value: sarama.ByteEncoder{0xff, 0}},
	} {
		if _, _, err := producer.SendMessage(m); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := mustRun(t, "consume", "--brokers", addr, "--topic", "app", "--json")
	var got []map[string]any
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var m map[string]any
		if err := dec.Decode(&m); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		if m["time"] == nil {
			t.Errorf("no time in %v", m)
		}
		delete(m, "time")
		got = append(got, m)
	}
	want := `[{"headers":{"offset":"17","path":"/var/log/a b.log"},"key":"web-1","offset":0,"partition":0,"topic":"app","value":"<a> ä"},` +
		`{"headers":{},"key":null,"offset":1,"partition":0,"topic":"app","value":null,"value_base64":"/wA="}]`
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(got); err != nil || strings.TrimSpace(b.String()) != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// --follow goes on with what comes later, and tells how to stop it.
func TestConsumeFollow(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(2, "app"))
	mustRun(t, "send", "--brokers", addr, "--topic", "app", "--key", "k", "before")
	target, err := targetOf(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out, w := io.Pipe()
	var errOut bytes.Buffer
	c, err := newConsumption(target, consumeOptions{topic: "app", from: "oldest", follow: true}, &errOut)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- c.run(ctx, w) }()
	p := wire.Partition([]byte("k"), 2)
	expect := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(out, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	expect(fmt.Sprintf("%d/0\tk\tbefore\n", p))
	mustRun(t, "send", "--brokers", addr, "--topic", "app", "--key", "k", "after")
	expect(fmt.Sprintf("%d/1\tk\tafter\n", p))
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := "Following topic app, 2 partitions. Ctrl-C stops.\n2 messages from 2 partitions of topic app.\n"
	if errOut.String() != want {
		t.Errorf("stderr is %q, want %q", errOut.String(), want)
	}
}

// Without --follow an interruption is no end.
func TestConsumeInterrupted(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "app"))
	mustRun(t, "send", "--brokers", addr, "--topic", "app", "x")
	held := make(chan struct{})
	defer close(held)
	c.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.SleepControl(func() { <-held })
		return nil, nil, false
	})
	target, err := targetOf(addr)
	must(t, err)
	read, err := newConsumption(target, consumeOptions{topic: "app", from: "oldest"}, io.Discard)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := read.run(ctx, io.Discard); !errors.Is(err, errInterrupted) {
		t.Errorf("%v", err)
	}
}

// What could not be printed is an error of each command.
func TestOutputIsFull(t *testing.T) {
	s := newShipped(t, "one")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	defer full.Close()
	for _, args := range [][]string{
		{"version"}, {"check"}, {"verify"}, {"verify", "--json"}, {"status"}, {"explain", "/x"}, {"consume", "--topic", "app"}, {"send", "--topic", "app", "x"},
	} {
		if args[0] != "version" {
			args = append(args, "--config", s.cfg)
		}
		var errOut bytes.Buffer
		status := execute(args, full, &errOut)
		if status != exitFailed || !strings.Contains(errOut.String(), "tailrace: write /dev/full: no space left on device\n") {
			t.Errorf("%q: status %d, %q", args, status, errOut.String())
		}
	}
}

// A topic that is not there: which are, and how to make it. Neither consume
// nor check makes it, and send only where the brokers do so for anyone.
func TestMissingTopic(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "a", "b"))
	says := []string{"topic nginx does not exist", "These do: a, b.", "kafka-topics.sh --bootstrap-server " + addr + " --create --topic nginx"}
	mustFail(t, exitFailed, says, "send", "--brokers", addr, "--topic", "nginx", "x")
	mustFail(t, exitFailed, says, "consume", "--brokers", addr, "--topic", "nginx")
	c.Close()

	_, addr = fake(t, kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(4))
	cfg := writeFile(t, "config.yaml", "inputs: [{paths: [/x], topic: nginx}]\noutputs: {kafka: {brokers: ["+addr+"]}}\n")
	none := []string{"opic nginx does not exist. There are no topics yet"}
	mustFail(t, exitFailed, none, "consume", "--brokers", addr, "--topic", "nginx")
	mustFail(t, exitFailed, none, "check", "--config", cfg, "--connect")
	mustFail(t, exitFailed, none, "consume", "--brokers", addr, "--topic", "nginx") // check made none
	out, errOut := mustRun(t, "send", "--brokers", addr, "--topic", "nginx", "--key", "k", "x")
	if want := fmt.Sprintf("topic nginx, partition %d, offset 0\n", wire.Partition([]byte("k"), 4)); out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if !strings.Contains(errOut, "Kafka made it now, with 4 partitions") {
		t.Errorf("send does not say that the topic was made: %q", errOut)
	}
}

// A client that may not make topics is told so, not that it may not write.
func TestMayNotMakeTopic(t *testing.T) {
	c, addr := fake(t)
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := r.(*kmsg.MetadataRequest)
		if !req.AllowAutoTopicCreation {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.ErrorCode = kmsg.StringPtr("a"), int16(sarama.ErrTopicAuthorizationFailed)
		res.Topics = append(res.Topics, topic)
		return res, nil, true
	})
	mustFail(t, exitFailed, []string{"topic a does not exist", "needs the permission CREATE", "--operation Create --topic a"},
		"send", "--brokers", addr, "--topic", "a", "x")
}

// A message lists ten topics, not a thousand.
func TestManyTopics(t *testing.T) {
	var names []string
	for i := range 13 {
		names = append(names, fmt.Sprintf("t%02d", i))
	}
	_, addr := fake(t, kfake.SeedTopics(1, names...))
	mustFail(t, exitFailed, []string{"t00, t01,", "t09, and 3 more."}, "consume", "--brokers", addr, "--topic", "x")
}

// No broker: each address that was tried, what happened, what to look at.
func TestBrokerAway(t *testing.T) {
	away := port.Held(t).Addr
	mustFail(t, exitFailed, []string{"no Kafka broker can be reached", away + ": connection refused", "Is Kafka running"},
		"send", "--brokers", away, "--topic", "a", "x")

	// Something else listens there, and hangs up.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	mustFail(t, exitFailed, []string{l.Addr().String() + ": something listens there but hung up", away},
		"consume", "--brokers", away+","+l.Addr().String(), "--topic", "a")

	// One of two answers: enough to go on.
	_, addr := fake(t, kfake.SeedTopics(1, "a"))
	mustRun(t, "consume", "--brokers", away+","+addr, "--topic", "a")
}

// Refusals are in words, with the permission that is missing.
func TestNotAllowed(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "a"))
	deny := func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.ErrorCode = kmsg.StringPtr("a"), int16(sarama.ErrTopicAuthorizationFailed)
		res.Topics = append(res.Topics, topic)
		return res, nil, true
	}
	c.ControlKey(int16(kmsg.Metadata), deny)
	mustFail(t, exitFailed, []string{"not allow this client to write to topic a", "DESCRIBE and WRITE", "--operation Write"},
		"send", "--brokers", addr, "--topic", "a", "x")
	mustFail(t, exitFailed, []string{"not allow this client to read from topic a", "DESCRIBE and READ"},
		"consume", "--brokers", addr, "--topic", "a")

	// Who may describe a topic and not write gets no producer id either.
	c, addr = fake(t, kfake.SeedTopics(1, "a"))
	c.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.InitProducerIDResponse)
		res.ErrorCode = int16(sarama.ErrClusterAuthorizationFailed)
		return res, nil, true
	})
	mustFail(t, exitFailed, []string{"needs the permission WRITE on topic a", "--operation Write --topic a", "before 2.8 IDEMPOTENT_WRITE"},
		"send", "--brokers", addr, "--topic", "a", "x")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

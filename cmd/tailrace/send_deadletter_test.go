package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/deadletter"
)

// letters writes a dead-letter file as an agent does.
func letters(t *testing.T, all ...deadletter.Letter) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dead-letter.jsonl")
	if err := deadletter.New(path).Keep(all...); err != nil {
		t.Fatal(err)
	}
	return path
}

// topicOf reads n records.
func recordsOf(t *testing.T, addr, topic string, n int) (all []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for len(all) < n {
		all = append(all, client.PollFetches(context.Background()).Records()...)
	}
	return all
}

// Somebody names a log: nothing is sent, nothing is made beside it, and that is
// no success.
func TestSendDeadLettersOfALog(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app"))
	file := filepath.Join(t.TempDir(), "app.log")
	if err := os.WriteFile(file, []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errOut, status := tailrace("send", "--brokers", addr, "--dead-letter", file)
	if status != exitFailed || !strings.Contains(errOut, "has no dead letter") {
		t.Errorf("status %d, %q", status, errOut)
	}
	if names, _ := filepath.Glob(file + "?*"); len(names) > 0 {
		t.Errorf("beside the log: %v", names)
	}
}

// Each letter is sent once, with where it stood and what it is, however often
// the command is called; one that the topic still does not take holds up none.
func TestSendDeadLetters(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "app", "web"))
	long := strings.Repeat("x", 3000)
	app := deadletter.Letter{Cause: "too large", Topic: "app", Key: "web-1", File: 1, Path: "/var/log/app.log", Offset: 100, Value: []byte("one\x00\xff")}
	huge := app
	huge.Offset, huge.Value = 200, []byte(long)
	piece := deadletter.Letter{Cause: deadletter.TooLong, Topic: "web", File: 2, Path: "/var/log/web.log", Offset: 7, Part: 2, Value: []byte("two")}
	file := letters(t, app, app, huge, piece) // after a crash one may be there twice
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("{\"time\":\"20\n\n{\"time\""); err != nil { // a full disk; one is being written
		t.Fatal(err)
	}
	f.Close()

	var limited atomic.Bool
	limited.Store(true)
	c.ControlKey(int16(kmsg.Produce), func(q kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		if !limited.Load() || len(p.Topics[0].Partitions[0].Records) < 2000 {
			return nil, nil, false
		}
		answer := p.ResponseKind().(*kmsg.ProduceResponse)
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = p.Topics[0].Topic, p.Topics[0].TopicID
		rp := kmsg.NewProduceResponseTopicPartition()
		rp.ErrorCode = int16(sarama.ErrMessageSizeTooLarge)
		rt.Partitions = append(rt.Partitions, rp)
		answer.Topics = append(answer.Topics, rt)
		return answer, nil, true
	})
	send := []string{"send", "--brokers", addr, "--dead-letter", file}
	out, errOut, status := tailrace(send...)
	for _, s := range []string{
		"/var/log/app.log offset 100: topic app, partition 0, offset 0\n", "/var/log/web.log offset 7: topic web, partition 0, offset 0\n",
		"offset 200, 3000 bytes: the message is larger", "2 dead letters sent; 1 line of the file left out", "1 refused",
	} {
		if !strings.Contains(out+errOut, s) {
			t.Errorf("not said: %q in\n%s%s", s, out, errOut)
		}
	}
	if status != exitFailed {
		t.Errorf("status %d", status)
	}
	limited.Store(false)
	if _, errOut := mustRun(t, send...); !strings.Contains(errOut, "1 dead letter sent; 1 sent before, to topic app, as "+file+".sent says; 1 sent before, to topic web, as "+file+".sent says") {
		t.Errorf("the second call says %q", errOut)
	}
	if out, errOut := mustRun(t, send...); out != "" || !strings.Contains(errOut, "0 dead letters sent; 2 sent before, to topic app") {
		t.Errorf("the third call says %q %q", out, errOut)
	}
	// Asked for elsewhere, they are not sent twice, and the command says where they are.
	if out, errOut := mustRun(t, append(send, "--topic", "web")...); out != "" || !strings.Contains(errOut,
		"0 dead letters sent; 2 sent before, to topic app, as "+file+".sent says; 1 sent before, to topic web, as "+file+".sent says; to send all of them again, to topic web, move "+file+".sent away") {
		t.Errorf("with --topic: %q %q", out, errOut)
	}

	got := recordsOf(t, addr, "app", 2)
	if len(got) != 2 || string(got[0].Value) != string(app.Value) || string(got[1].Value) != long || string(got[0].Key) != "web-1" {
		t.Errorf("topic app has %d records: %q", len(got), got[0].Value)
	}
	want := "dead-letter=too large path=/var/log/app.log offset=100"
	if h := headersText(got[0]); h != want {
		t.Errorf("headers %q, want %q", h, want)
	}
	got = recordsOf(t, addr, "web", 1)
	if want := "dead-letter=longer than max_line path=/var/log/web.log offset=7 part=2"; headersText(got[0]) != want {
		t.Errorf("headers %q, want %q", headersText(got[0]), want)
	}
}

func headersText(r *kgo.Record) string {
	var all []string
	for _, h := range r.Headers {
		all = append(all, h.Key+"="+string(h.Value))
	}
	return strings.Join(all, " ")
}

// --topic takes them elsewhere; what is wrong is said, and nothing is lost.
func TestSendDeadLettersElsewhere(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "other"))
	file := letters(t, deadletter.Letter{Cause: "c", Topic: "gone", File: 1, Path: "/a", Value: []byte("one")})
	mustFail(t, exitFailed, []string{"topic gone does not exist"}, "send", "--brokers", addr, "--dead-letter", file)
	mustFail(t, exitFailed, []string{`Kafka has no topic "a b"`}, "send", "--brokers", addr, "--dead-letter", file, "--topic", "a b")
	mustFail(t, exitFailed, []string{"no such file"}, "send", "--brokers", addr, "--dead-letter", file+".none")

	_, three := fake(t, kfake.SeedTopics(3, "app"))
	for n := range int32(3) { // where the rest of it is
		file := letters(t, deadletter.Letter{Cause: "c", Topic: "app", Partition: n, Key: "k", File: 1, Path: "/a", Value: []byte("one")})
		if out, _ := mustRun(t, "send", "--brokers", three, "--dead-letter", file); !strings.Contains(out, fmt.Sprintf("partition %d,", n)) {
			t.Errorf("got %q, want partition %d", out, n)
		}
	}

	s, err := deadletter.OpenShipped(file)
	if err != nil {
		t.Fatal(err)
	}
	mustFail(t, exitFailed, []string{"sent by another process"}, "send", "--brokers", addr, "--dead-letter", file)
	s.Close()
	if out, _ := mustRun(t, "send", "--brokers", addr, "--dead-letter", file, "--topic", "other"); out != "/a offset 0: topic other, partition 0, offset 0\n" {
		t.Errorf("got %q", out)
	}
}

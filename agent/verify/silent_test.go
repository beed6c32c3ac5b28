package verify

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// When no broker answers, the topics of an output are waited for once, and not once
// for each.
func TestNoAnswerIsWaitedForOnce(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	client, err := sarama.NewClient(cluster.ListenAddrs(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	producer, err := sarama.NewSyncProducerFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: "logs", Value: sarama.StringEncoder("x")}); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		asked.Add(1)
		return nil, errors.New("hang up"), true
	})
	logs, err := openTopic(client, Source{Name: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	s := silent{}
	if s.wait("") != patience {
		t.Error("the first topic is not waited for")
	}
	s[""] = true
	err = logs.read(t.Context(), s.wait(""), func(int64) {}, func(*batch) {})
	if err == nil || asked.Load() != 1 {
		t.Errorf("%d requests: %v", asked.Load(), err)
	}
	f := func(err error, want bool) {
		t.Helper()
		s := silent{}
		s.note("a", &TopicError{Source{"a", "logs"}, 0, err})
		if got := s.wait("a") == 0; got != want || s.wait("b") != patience {
			t.Errorf("%v: %v", err, s)
		}
	}
	f(errors.Unwrap(err), true)
	f(sarama.ErrTopicAuthorizationFailed, false) // others may be read
	f(fmt.Errorf("%w for long", errNothing), false)
}

// Less is asked for where it becomes much more, and more again where it does not.
func TestNextSize(t *testing.T) {
	f := func(size int32, records, bytes int, want int32) {
		t.Helper()
		b := &sarama.RecordBatch{}
		for range records {
			b.Records = append(b.Records, &sarama.Record{Value: make([]byte, bytes)})
		}
		if got := nextSize(size, []*sarama.RecordBatch{b}); got != want {
			t.Errorf("%d records of %d bytes behind %d: %d, want %d", records, bytes, size, got, want)
		}
	}
	f(fetchFirst, 100, 100, 2*fetchFirst)
	f(fetchMax, 100, 100, fetchMax)
	f(fetchMax, 64, 1<<20-300, fetchMax/2)
	f(1000, 320, 1<<20-300, 100)
	f(2, 640, 1<<20-300, 1)
	f(1, 0, 0, 2) // marks of transactions only
}

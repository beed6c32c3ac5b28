package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
)

// TestContenders lets every contender that is not the agent ship lines to a
// fake broker: what does less than the others must not be compared with them.
func TestContenders(t *testing.T) {
	const lines = 12_001
	for _, c := range contenders {
		if c.run == nil {
			continue
		}
		codecs := []string{"none", "gzip", "snappy", "lz4", "zstd"}
		if c.reads {
			codecs = codecs[:1]
		}
		b := &bench{dir: t.TempDir(), lines: lines}
		if err := b.prepare([]contender{c}); err != nil {
			t.Fatal(err)
		}
		for _, codec := range codecs {
			t.Run(c.name+"/"+codec, func(t *testing.T) {
				broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
				if err != nil {
					t.Fatal(err)
				}
				defer broker.Close()
				j := job{
					Contender: c.name, Files: b.inputs[c.files], Lines: lines, Codec: codec,
					Topic: "t", Brokers: broker.ListenAddrs(),
				}
				if err := c.run(j); err != nil {
					t.Fatal(err)
				}
				if !c.reads {
					compare(t, j)
				}
			})
		}
	}
}

// compare compares the topic's records with the lines of the job's files.
func compare(t *testing.T, j job) {
	t.Helper()
	cfg := saramaConfig()
	cfg.Consumer.MaxWaitTime = 10 * time.Millisecond // what closing waits for
	consumer, err := sarama.NewConsumer(j.Brokers, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	pc, err := consumer.ConsumePartition(j.Topic, 0, sarama.OffsetOldest)
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	n := int64(0)
	for _, path := range j.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		offset := 0
		for line := range bytes.Lines(text) {
			m := <-pc.Messages()
			want := fmt.Sprintf("%d %s path=%s offset=%d %s", n, hostKey, path, offset, line)
			if got := describe(m); got != want {
				t.Fatalf("record: %s\nwant:   %s", got, want)
			}
			n++
			offset += len(line)
		}
	}
	if n != j.Lines || pc.HighWaterMarkOffset() != n {
		t.Errorf("%d lines, %d records", n, pc.HighWaterMarkOffset())
	}
}

func describe(m *sarama.ConsumerMessage) string {
	text := strconv.FormatInt(m.Offset, 10) + " " + string(m.Key)
	for _, h := range m.Headers {
		text += fmt.Sprintf(" %s=%s", h.Key, h.Value)
	}
	return text + " " + string(m.Value) + "\n"
}

// TestAnswersWithErrors demands that a contender ends when the broker refuses,
// and does not wait for ever.
func TestAnswersWithErrors(t *testing.T) {
	for _, name := range []string{"floor", "sarama-broker"} {
		c, err := contenderByName(name)
		if err != nil {
			t.Fatal(err)
		}
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"),
			kfake.BrokerConfigs(map[string]string{"message.max.bytes": "1000"}))
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		path := filepath.Join(t.TempDir(), "log")
		if err := writeFile(path, 1, 50_000); err != nil {
			t.Fatal(err)
		}
		if err := c.run(job{Files: []string{path}, Lines: 50_000, Codec: "lz4", Topic: "t", Brokers: broker.ListenAddrs()}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestShare(t *testing.T) {
	f := func(lines int64, files int, want ...int64) {
		t.Helper()
		var got []int64
		for n := range files {
			got = append(got, share(lines, files, n))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d lines in %d files: %d, want %d", lines, files, got, want)
		}
	}
	f(10, 1, 10)
	f(10, 3, 3, 3, 4)
	f(2, 3, 0, 1, 1)
}

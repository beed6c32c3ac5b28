package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// topicWith makes a topic with settings.
func topicWith(t *testing.T, addr, name string, settings map[string]string) {
	t.Helper()
	admin, err := sarama.NewClusterAdmin([]string{addr}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	entries := map[string]*string{}
	for k, v := range settings {
		entries[k] = &v
	}
	if err := admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: entries}, false); err != nil {
		t.Fatal(err)
	}
}

// check says how long lines are kept, and when that is not long enough.
func TestCheckRetention(t *testing.T) {
	_, addr := fake(t)
	topicWith(t, addr, "app", map[string]string{"retention.ms": "60000", "retention.bytes": "1", "unclean.leader.election.enable": "true"})
	_, cfg := logs(t, "kafka: {brokers: ["+addr+"]}", "a.log")
	mustFail(t, exitFailed, []string{
		"keeps lines for 1m0s after they were shipped", "takes up to 15 minutes", "Raise retention.ms",
		"2 bytes wait in files", "no more than 1 byte of a partition", "Raise retention.bytes", "may lose lines", "2 problems",
	}, "check", "--config", cfg, "--connect")
}

// Lines that keep their own time are deleted by it: check says so when those that
// wait are older than the topic keeps.
func TestCheckRetentionOfOldLines(t *testing.T) {
	_, addr := fake(t)
	topicWith(t, addr, "app", map[string]string{"retention.ms": "604800000"})
	topicWith(t, addr, "now", map[string]string{"retention.ms": "604800000", "message.timestamp.type": "LogAppendTime"})
	f := func(topic, times string, status int, says string) {
		t.Helper()
		dir := t.TempDir()
		log := filepath.Join(dir, "a.log")
		must(t, os.WriteFile(log, []byte("2026-01-02T03:04:05Z x\n"), 0o644))
		old := time.Now().Add(-10 * 24 * time.Hour)
		must(t, os.Chtimes(log, old, old))
		cfg := filepath.Join(dir, "config.yaml")
		must(t, os.WriteFile(cfg, fmt.Appendf(nil, "inputs: [{paths: [%s], topic: %s%s}]\nstate_dir: %s/state\noutputs: {kafka: {brokers: [%q]}}\n", log, topic, times, dir, addr), 0o644))
		out, errOut, got := tailrace("check", "--config", cfg, "--connect")
		if got != status || !strings.Contains(out, says) {
			t.Errorf("status %d, no %q in %s%s", got, says, out, errOut)
		}
	}
	const own = `, time: {pattern: '^(?P<time>\S+)', layout: "2006-01-02T15:04:05Z07:00", timestamp: true}`
	f("app", "", exitOK, "last written to 10 days ago: their lines, too, are kept for so long from when they are shipped")
	f("app", own, exitFailed, "!   There are files that were last written to 10 days ago, and lines wait: those that are as old are deleted")
	f("now", own, exitOK, "whatever their age")
}

func TestAgeText(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := ageText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	f(7*24*time.Hour, "7 days")
	f(47*time.Hour, "47 hours")
	f(15*time.Minute, "15 minutes")
	f(1500*time.Millisecond, "1.5s")
}

// check says what the brokers are too old for, and whether they have what
// exactly once needs.
func TestCheckVersions(t *testing.T) {
	f := func(v *kversion.Versions, delivery string, status int, says ...string) {
		t.Helper()
		_, addr := fake(t, kfake.SeedTopics(1, "app"), kfake.MaxVersions(v))
		_, cfg := logs(t, "kafka: {brokers: ["+addr+"], delivery: "+delivery+"}", "a.log")
		if status != exitOK {
			mustFail(t, status, says, "check", "--config", cfg, "--connect")
			return
		}
		out, _ := mustRun(t, "check", "--config", cfg, "--connect")
		for _, s := range says {
			if !strings.Contains(out, s) {
				t.Errorf("check does not say %q: %s", s, out)
			}
		}
	}
	none := func() *kversion.Versions {
		v := kversion.V2_0_0()
		v.SetMaxKeyVersion(int16(kmsg.InitProducerID), -1)
		return v
	}
	f(kversion.V0_11_0(), "exactly_once", exitOK, "older than Kafka 2.1", "may ship exactly once", "do not say; --send tries it")
	f(kversion.V3_6_0(), "exactly_once", exitOK, "older than Kafka 4.1")
	f(none(), "exactly_once", exitFailed, "no idempotent producers", "delivery: at_least_once")
	f(none(), "at_least_once", exitOK, "Delivery is at_least_once")
}

// More copies than a partition has are wanted by brokers before Kafka 3.7 only.
func TestCheckMoreCopiesThanThereAre(t *testing.T) {
	f := func(v *kversion.Versions, want string, status int) {
		t.Helper()
		_, addr := fake(t, kfake.MaxVersions(v))
		topicWith(t, addr, "app", map[string]string{"min.insync.replicas": "3"})
		_, cfg := logs(t, "kafka: {brokers: ["+addr+"]}", "a.log")
		out, _, got := tailrace("check", "--config", cfg, "--send")
		if got != status || !strings.Contains(out, want) {
			t.Errorf("status %d, want %d, and %q: %s", got, status, want, out)
		}
	}
	f(kversion.V3_6_0(), "! "+"  Copies in sync: 1 of 1, but min.insync.replicas is 3, so Kafka takes nothing: these brokers take it as it is", exitFailed)
	f(kversion.V3_7_0(), "\n  Copies in sync: 1 of 1; needed: 1. min.insync.replicas is 3, and Kafka since 3.7 wants no more than there are.", exitOK)
	f(kversion.V4_1_0(), "\n  Copies in sync: 1 of 1; needed: 1.", exitOK)
}

// check says which permission is missing.
func TestCheckPermissions(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(3, "app"))
	_, cfg := logs(t, "kafka: {brokers: ["+addr+"]}", "a.log")
	changeMetadata(c, addr, 0, func(*kmsg.MetadataResponseTopic) {}) // WRITE alone
	out, _ := mustRun(t, "check", "--config", cfg, "--connect")
	if !strings.Contains(out, "may not read it") || !strings.Contains(out, "--operation Read --topic app") {
		t.Errorf("check does not say that it may not read: %s", out)
	}
	c.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.InitProducerIDResponse)
		res.ErrorCode = int16(sarama.ErrClusterAuthorizationFailed)
		return res, nil, true
	})
	mustFail(t, exitFailed, []string{"IDEMPOTENT_WRITE on the cluster", "--operation IdempotentWrite --cluster"}, "check", "--config", cfg, "--connect")

	// Where it may write to no topic, that is all there is to say.
	changeMetadata(c, addr, 0, func(topic *kmsg.MetadataResponseTopic) { topic.AuthorizedOperations = 1 << 8 }) // DESCRIBE
	c.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.InitProducerIDResponse)
		res.ErrorCode = int16(sarama.ErrClusterAuthorizationFailed)
		return res, nil, true
	})
	mustFail(t, exitFailed, []string{"it needs the permission WRITE", "--operation Write --topic app", "1 problem"}, "check", "--config", cfg, "--send")
}

// check --send sends one record to each topic, which is no line to anybody,
// and says where it went, or why it did not.
func TestCheckSend(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "app"))
	for _, delivery := range []string{"exactly_once", "at_least_once"} {
		_, cfg := logs(t, "kafka: {brokers: ["+addr+"], delivery: "+delivery+"}", "a.log")
		want := "sent: partition 0, offset 0."
		if delivery == "at_least_once" {
			want = "sent: partition 0, offset 1."
		}
		if out, _ := mustRun(t, "check", "--config", cfg, "--send"); !strings.Contains(out, want) {
			t.Errorf("check does not say %q: %s", want, out)
		}
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("app"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	rec := client.PollFetches(context.Background()).Records()[0]
	if len(rec.Headers) != 1 || rec.Headers[0].Key != checkHeader || string(rec.Key) != "web-1" {
		t.Errorf("key %q, headers %v", rec.Key, rec.Headers)
	}

	_, cfg := logs(t, "kafka: {brokers: ["+addr+"]}", "a.log")
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return nil, fmt.Errorf("cut"), true
	})
	mustFail(t, exitFailed, []string{"! ", "could not be sent", "1 problem"}, "check", "--config", cfg, "--send")
}

// Without idempotent producers, send works where the configuration says so.
func TestSendWithoutIdempotence(t *testing.T) {
	v := kversion.V2_0_0()
	v.SetMaxKeyVersion(int16(kmsg.InitProducerID), -1)
	_, addr := fake(t, kfake.SeedTopics(1, "app"), kfake.MaxVersions(v))
	_, cfg := logs(t, "kafka: {brokers: ["+addr+"], delivery: at_least_once}")
	for n, want := range []string{"topic app, partition 0, offset 0\n", "topic app, partition 0, offset 1\n"} {
		if out, _ := mustRun(t, "send", "--config", cfg, "--topic", "app", fmt.Sprint(n)); out != want {
			t.Errorf("got %q, want %q", out, want)
		}
	}
}

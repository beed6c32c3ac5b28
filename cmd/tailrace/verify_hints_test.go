package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tailrace/agent"
	"tailrace/agent/config"
	"tailrace/agent/journal"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
)

// What may be the reason that lines are missing is said in a sentence each.
func TestHints(t *testing.T) {
	missing := map[proof.State]int64{proof.Missing: 1}
	some := []verify.Partition{{End: 10}}
	for _, c := range []struct {
		name      string
		topic     verify.Topic
		states    map[proof.State]int64
		stateless bool
		want      string
	}{
		{"nothing known", verify.Topic{Partitions: some}, missing, false, "`--topic NAME` looks into another topic"},
		{"no state", verify.Topic{Partitions: some}, missing, true, "There is no state in /state"},
		{"empty", verify.Topic{Partitions: []verify.Partition{{}}}, missing, false, "Topic app is empty."},
		{"retention", verify.Topic{Partitions: []verify.Partition{{Begin: 9, End: 9}}}, missing, false, "deleted (retention)"},
		{"other hosts", verify.Topic{Partitions: some, Others: map[string]int64{"a": 1, "b": 9}}, missing, false, "of other hosts: b (9), a (1). If this host was called so, `--host NAME` says it."},
		{"no headers", verify.Topic{Partitions: some, Plain: 3}, missing, false, "3 records without the headers path and offset"},
		{"compacted", verify.Topic{Partitions: some, Gaps: 4}, missing, false, "compacted"},
		{"passed over", verify.Topic{}, map[proof.State]int64{verify.NeverRead: 2}, false, "tailrace explain FILE"},
		{"all is well", verify.Topic{Partitions: some, Plain: 3, Gaps: 4, Others: map[string]int64{"a": 1}}, nil, false, ""},
	} {
		c.topic.Source = verify.Source{Name: "app"}
		r := &verify.Report{States: c.states, Topics: []verify.Topic{c.topic}}
		s := &agent.Shipment{Stateless: c.stateless, Origin: agent.Origin{StateDir: "/state"}}
		got := hints(r, s)
		if c.want == "" && len(got) > 0 || !slices.ContainsFunc(got, func(h string) bool { return strings.Contains(h, c.want) }) && c.want != "" {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Who knows more than the configuration can say so.
func TestVerifyHostAndTopic(t *testing.T) {
	s := newShipped(t, "one", "two")
	configure := func(old ...string) {
		t.Helper()
		text, err := os.ReadFile(s.cfg)
		if err == nil {
			err = os.WriteFile(s.cfg, []byte(strings.NewReplacer(old...).Replace(string(text))), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	configure("topic: app", "topic: other", "web-1", "web-9")
	mustFail(t, exitFailed, []string{"topic other does not exist", "`--topic NAME` looks into another one"}, "verify", "--config", s.cfg)
	configure("topic: other", "topic: second")
	mustFail(t, exitFailed, []string{"Topic app has records of these paths of other hosts: web-1 (2)"}, "verify", "--config", s.cfg, "--topic", "app")
	mustFail(t, exitFailed, []string{"--topic: topic nope-nope does not exist"}, "verify", "--config", s.cfg, "--topic", "app", "--host", "web-1", "--topic", "nope-nope")
	out, _ := mustRun(t, "verify", "--config", s.cfg, "--topic", "app", "--host", "web-1")
	if !strings.Contains(out, "from topic app partition 0 offset 0 on") || !strings.Contains(out, "Proven: 2 records") {
		t.Errorf("printed %q", out)
	}
}

// A topic that was deleted and made again is told of where lines are missing, seen
// by the agent or not.
func TestVerifyTopicMadeAgain(t *testing.T) {
	seen := time.Date(2026, 11, 23, 16, 50, 11, 0, time.Local)
	for _, c := range []struct {
		lane journal.Lane
		want string
	}{
		{journal.Lane{TopicID: "of-another"}, "Topic app is not the one that was shipped to: it was deleted and made again, or is in another cluster."},
		{journal.Lane{Remade: seen.UnixMilli()}, "as the agent saw at 2026-11-23 16:50:11. What was acknowledged before that is not in it."},
	} {
		dir := t.TempDir()
		j, err := journal.Open(dir, journal.Options{})
		must(t, err)
		c.lane.ID, c.lane.Topic = 1, "app"
		must(t, errors.Join(j.Write(journal.Record{Lane: &c.lane}), j.Close()))
		file := filepath.Join(t.TempDir(), "config.yaml")
		must(t, os.WriteFile(file, []byte("inputs: [{paths: [/log/app.log], topic: app}]\nstate_dir: "+dir+"\noutputs: {kafka: {brokers: ['a:1']}}\n"), 0o644))
		cfg, err := config.Load(file)
		must(t, err)
		s, err := agent.Shipped(cfg, agent.Question{})
		must(t, err)
		r := &verify.Report{
			States: map[proof.State]int64{proof.Missing: 1},
			Topics: []verify.Topic{{Source: verify.Source{Name: "app"}, ID: "of-this", Partitions: []verify.Partition{{End: 10}}}},
		}
		if got := strings.Join(hints(r, s), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

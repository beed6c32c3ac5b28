package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/agent/journal"
)

// Kafka does not make a topic beside one that its metrics would mix it up with.
func TestTopicsThatCollide(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "col.x"))
	mustFail(t, exitFailed, []string{"does not make it beside col.x"}, "consume", "--brokers", addr, "--topic", "col_x")
}

// With several outputs, check asks each about its own topics, and the other
// commands want to know which.
func TestSeveralOutputs(t *testing.T) {
	_, one := fake(t, kfake.SeedTopics(1, "app-x", "rest"))
	_, two := fake(t, kfake.SeedTopics(4, "audit"))
	dir := t.TempDir()
	for _, path := range []string{"x/a.log", "y/b.log"} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("a line\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg := filepath.Join(dir, "config.yaml")
	text := strings.ReplaceAll(`
hostname: web-1
state_dir: DIR/state
inputs:
- {paths: [DIR/x/*.log], topic: "app-{dir}", fallback_topic: rest, key: path, output: main}
- {paths: [DIR/y/*.log], topic: audit, output: other}
outputs:
  main: {kafka: {brokers: [ONE]}}
  other: {kafka: {brokers: [TWO], partitioner: round_robin}}
`, "DIR", dir)
	text = strings.NewReplacer("ONE", one, "TWO", two).Replace(text)
	if err := os.WriteFile(cfg, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	says := func(out string, want ...string) {
		t.Helper()
		for _, s := range want {
			at := strings.Index(out, s)
			if at < 0 {
				t.Fatalf("it does not say %q, here: %s", s, out)
			}
			out = out[at+len(s):] // in this order
		}
	}
	out, _ := mustRun(t, "check", "--config", cfg, "--connect")
	says(out, "Topic app-{dir} of output main (", "Topic audit of output other (", "Output main:", one, "Topic app-x: 1 partition.", "Topic rest: 1 partition.",
		"Output other:", two, "Topic audit: 4 partitions.", "go to 4 partitions.", "All is well.")
	out, _ = mustRun(t, "check", "--config", cfg, "--connect", "--output", "other")
	if says(out, "Output other:", "Topic audit"); strings.Contains(out, "Topic rest") {
		t.Errorf("it speaks of another output: %s", out)
	}
	mustFail(t, exitFailed, []string{"say which with --output, one of main, other"}, "send", "--config", cfg, "--topic", "audit", "x")
	mustFail(t, exitFailed, []string{"there is no such output; there are main, other"}, "verify", "--config", cfg, "--output", "x")
	j, err := journal.Open(filepath.Join(dir, "state"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(j.Write(journal.Record{Lane: &journal.Lane{ID: 1, Output: "main", Topic: "app-x"}},
		journal.Record{Lane: &journal.Lane{ID: 2, Output: "other", Topic: "audit"}}), j.Close())
	if err != nil {
		t.Fatal(err)
	}
	mustFail(t, exitFailed, []string{"x/a.log", "not sent yet"}, "verify", "--config", cfg, "--output", "main")
	mustFail(t, exitFailed, []string{"y/b.log", "not sent yet"}, "verify", "--config", cfg, "--output", "other")
	mustRun(t, "send", "--config", cfg, "--output", "other", "--topic", "audit", "x")
	out, _ = mustRun(t, "consume", "--config", cfg, "--output", "other", "--topic", "audit")
	says(out, "x")
}

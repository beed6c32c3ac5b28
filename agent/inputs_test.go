package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailrace/agent/config"
)

// load reads a configuration with one input that has these options.
func load(t *testing.T, options string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf("inputs: [{paths: [/a], topic: a, %s}]\noutputs: {stdout: {}}\nhostname: web-1\n", options)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// What the configuration takes, the records take too: a bad option is never
// found only when the agent starts.
func TestRecordOptions(t *testing.T) {
	f := func(options string, plain bool) {
		t.Helper()
		got := inputs(load(t, options))[0].Record
		for _, p := range got.Check() {
			t.Errorf("%s: %v", options, p)
		}
		if got.Plain() != plain {
			t.Errorf("%s: plain is %v: %+v", options, !plain, got)
		}
	}
	f("start: end", true)
	f("max_line: 960KiB, long_lines: split, format: raw", true)
	f("max_line: 64", false)
	f("max_line: 64MiB, long_lines: dead_letter", false)
	f("multiline: {start: x, quiet: 10ms, max_lines: 1000000}", false)
	f("multiline: {continue: x, quiet: 1h, max_lines: 1}", false)
	f("include_lines: [x], exclude_lines: [y]", false)
	f("container: cri", false)
	f("container: docker, format: json, fields: {service.name: shop, labels.a: b, labels.c: d}", false)
	for _, name := range config.Encodings {
		f("encoding: "+name, name == config.DefaultEncoding)
	}
}

// The host's name is in the objects, and only there: it would otherwise make
// another reading of the same lines.
func TestRecordHost(t *testing.T) {
	if o := inputs(load(t, "format: json"))[0].Record; o.Host != "web-1" {
		t.Errorf("host %q", o.Host)
	}
	if o := inputs(load(t, "format: raw"))[0].Record; o.Host != "" {
		t.Errorf("host %q", o.Host)
	}
}

// What becomes of the files reaches those who see to it.
func TestFileOptions(t *testing.T) {
	c := inputs(load(t, "exclude: [/b], start: end, ignore_older: 7d, close_idle: 90s, delete_after_ack: 1h"))[0]
	if c.Paths[0] != "/a" || c.Exclude[0] != "/b" || c.Topic != "a" || c.Start != "end" || c.At == "" ||
		c.IgnoreOlder != 7*24*time.Hour || c.CloseIdle != 90*time.Second || c.DeleteAfter != time.Hour {
		t.Errorf("got %+v", c)
	}
	if c := inputs(load(t, "start: beginning"))[0]; c.IgnoreOlder != 0 || c.CloseIdle != 5*time.Second || c.DeleteAfter != 0 {
		t.Errorf("defaults %+v", c)
	}
}

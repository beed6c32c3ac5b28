package config

import (
	"strings"
	"testing"
)

func TestClusters(t *testing.T) {
	load := func(text string) *Config {
		t.Helper()
		cfg, err := Load(write(t, map[string]string{"config.yaml": text}))
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	two := load(`
outputs: {main: {kafka: {brokers: [a]}}, kafka: {kafka: {brokers: [b], client_id: me}}}
inputs:
- {paths: [/a], topic: t, output: main}
- {paths: [/b], topic: t, output: kafka}
- {paths: [/c], topic: u, output: main}
`)
	all := two.Split()
	if len(all) != 2 || all[0].Cluster != "kafka" || all[1].Cluster != "main" || all[0].Outputs.Kafka.ClientID != "me" ||
		len(all[0].Inputs) != 1 || len(all[1].Inputs) != 2 || all[1].Inputs[1].Topic != "u" {
		t.Fatalf("%+v", all)
	}
	if a, b := all[0].Routes()[0].Output(), all[1].Routes()[0].Output(); a != "" || b != "main" {
		t.Errorf("the state calls them %q and %q", a, b)
	}
	f := func(cfg *Config, name, want string) {
		t.Helper()
		one, err := cfg.Only(name)
		switch {
		case want == "" && (err != nil || one.Outputs.Kafka == nil || cfg == two && one.Cluster != name):
			t.Errorf("%q: %+v, %v", name, one, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
	f(two, "main", "")
	f(two, "kafka", "")
	f(two, "", "say which with --output, one of kafka, main")
	f(two, "other", "there is no such output; there are kafka, main")
	one := load("inputs: [{paths: [/a], topic: t, output: kafka}]\noutputs: {kafka: {brokers: [a]}}\n")
	f(one, "", "")
	f(one, "kafka", "")
	f(one, "main", "there is one output")
	if len(one.Split()) != 1 || one.Split()[0] != one || one.Routes()[0].Output() != "" {
		t.Errorf("%+v", one.Split())
	}
}

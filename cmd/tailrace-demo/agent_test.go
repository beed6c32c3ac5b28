package main

import (
	"testing"

	"tailrace/agent/config"
)

// TestConfig demands that a path is followed as it is, whatever is in it.
func TestConfig(t *testing.T) {
	path := `/a b/${HOME}/$$x/*?[a]{b,c}\"'#:-` + "\n\t.log"
	file, err := writeConfig(t.TempDir(), "127.0.0.1:9", []string{literal(path), "/dir/*.log"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if in := cfg.Inputs[0]; len(in.Paths) != 2 || in.Paths[0] != literal(path) || in.Topic != topic {
		t.Errorf("%+v", in)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file's name neither steers the terminal nor looks like lines of ours.
func TestNamesAreHarmless(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x\x1b[31m\nAll is well.log"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := filepath.Join(dir, "config.yaml")
	text := "inputs: [{paths: [" + dir + "/*.log], topic: t}]\nstate_dir: " + dir + "/state\noutputs: {stdout: {}}\n"
	if err := os.WriteFile(cfg, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "--config", cfg}, {"explain", "--config", cfg, dir}} {
		s, _, _ := tailrace(args...)
		if strings.Contains(s, "\x1b") || strings.Contains(s, "\nAll is well.log") || !strings.Contains(s, "[31m") {
			t.Errorf("%v printed %q", args, s)
		}
	}
}

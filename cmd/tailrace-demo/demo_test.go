package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test's own binary be the agent, as the demo's is.
func TestMain(m *testing.M) {
	if config := os.Getenv(agentEnv); config != "" {
		os.Exit(agentMain(config))
	}
	os.Exit(m.Run())
}

// play runs the demo with the arguments and returns its exit status and what
// it said. Nothing may be left in the directory for temporary files.
func play(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	status = demoMain(args, out, out)
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	out.Seek(0, io.SeekStart)
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	return status, string(text)
}

// TestDemo is the demo, but shorter.
func TestDemo(t *testing.T) {
	status, said := play(t, "--length", "3s", "--rate", "2000")
	if status != 0 || !strings.Contains(said, "killed 5 times") || strings.Contains(said, "\x1b") {
		t.Errorf("status %d:\n%s", status, said)
	}
}

// TestFiles ships a file with every kind of line, and one whose name is a
// pattern.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b[1]*{x}.log")
	texts := map[string]string{
		a: strings.Repeat("a line\n\r\n\n\x00\xff\n", 5000) + "no newline yet",
		b: "one\n" + strings.Repeat("long ", 300_000) + "\ntwo\n",
		// Matches the name of b as a pattern, and must not be shipped.
		filepath.Join(dir, "b1anyx.log"): "stray\n",
	}
	for path, text := range texts {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, said := play(t, "--files", a, b)
	if status != 0 || !strings.Contains(said, "20,000") {
		t.Errorf("status %d:\n%s", status, said)
	}
}

func TestArguments(t *testing.T) {
	f := func(want int, args ...string) {
		t.Helper()
		if status, said := play(t, args...); status != want || said == "" {
			t.Errorf("%q: status %d, want %d:\n%s", args, status, want, said)
		}
	}
	f(0, "--help")
	f(2, "--files")
	f(2, "a-file")
	f(2, "--rate", "0")
	f(2, "--length", "1s")
	f(2, "--unknown")
	f(1, "--files", "there-is-no-such-file")
	f(1, "--files", os.DevNull)
}

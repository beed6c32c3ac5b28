package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildAgent builds the agent's binary into dir. It is built in the agent's own
// module, which alone knows the versions that it is shipped with.
func buildAgent(ctx context.Context, dir string) (string, error) {
	source, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "tailrace").Output()
	if err != nil {
		return "", fmt.Errorf("find the agent's source (run this in its folder bench): %w", err)
	}
	binary := filepath.Join(dir, "tailrace")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/tailrace")
	build.Dir = strings.TrimSpace(string(source))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the agent: %w\n%s", err, out)
	}
	return binary, nil
}

// startAgent starts the agent on the job, with its configuration and a fresh
// state in dir. It follows the files until it is stopped.
func startAgent(binary, dir string, j job) (*process, error) {
	list := func(names ...string) string {
		text, _ := json.Marshal(names) // strings always can; JSON is YAML
		return string(text)
	}
	text := fmt.Sprintf(`hostname: %s
state_dir: %q
inputs:
  - paths: %s
    topic: %s
outputs:
  kafka:
    brokers: %s
    compression: %s
`, hostKey, filepath.Join(dir, "state"), list(j.Files...), j.Topic, list(j.Brokers...), j.Codec)
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return startProcess(exec.Command(binary, "run", "--config", config))
}

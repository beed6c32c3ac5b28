package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tailrace/agent"
	"tailrace/agent/config"
)

// agentEnv names the configuration file in the environment of a process that
// is to be the agent, and not the demo.
const agentEnv = "TAILRACE_DEMO_AGENT"

// agentMain is the agent in its own process, until SIGTERM: what "tailrace
// run" does.
func agentMain(path string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg, err := config.Load(path)
	if err == nil {
		err = agent.Run(ctx, cfg, agent.Options{Log: log})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// writeConfig writes the agent's configuration into dir and returns its path.
func writeConfig(dir, broker string, paths []string) (string, error) {
	list := make([]string, len(paths))
	for i, p := range paths {
		list[i] = quote(p)
	}
	text := fmt.Sprintf(`hostname: demo-host
state_dir: %s
inputs:
  - paths: [%s]
    topic: %s
outputs:
  kafka:
    brokers: [%s]
`, quote(filepath.Join(dir, "state")), strings.Join(list, ", "), topic, broker)
	path := filepath.Join(dir, "config.yaml")
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// quote is text as a scalar of the configuration, in which ${NAME} is nothing
// special.
func quote(text string) string {
	return strconv.Quote(strings.ReplaceAll(text, "${", "$${"))
}

// An agentProcess is the agent as a child process, again and again on the same
// state. It is for one goroutine.
type agentProcess struct {
	config string
	log    string // what the agent says on stderr, of all its lives
	cmd    *exec.Cmd
	gone   chan error // receives the result of Wait
}

// start starts the agent. The child dies with the demo, however that ends.
func (a *agentProcess) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(a.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), agentEnv+"="+a.config)
	cmd.Stderr = log
	// A group of its own: Ctrl-C on the terminal is for the demo, which then
	// ends the agent itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the agent: %w", err)
	}
	a.cmd, a.gone = cmd, make(chan error, 1)
	go func(gone chan<- error) { gone <- cmd.Wait() }(a.gone)
	return nil
}

func (a *agentProcess) pid() int { return a.cmd.Process.Pid }

// kill sends SIGKILL and returns when the process is gone.
func (a *agentProcess) kill() error {
	if err := a.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill the agent: %w", err)
	}
	<-a.gone
	a.cmd = nil
	return nil
}

// stop sends SIGTERM, and SIGKILL after the limit. An agent that does not end
// with status 0 in time is an error.
func (a *agentProcess) stop(limit time.Duration) error {
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the agent: %w", err)
	}
	select {
	case err := <-a.gone:
		a.cmd = nil
		if err != nil {
			return fmt.Errorf("the agent ended: %w; it%s", err, a.lastWords())
		}
		return nil
	case <-time.After(limit):
		a.close()
		return fmt.Errorf("the agent did not end within %v of SIGTERM; it%s", limit, a.lastWords())
	}
}

// close ends the agent if it runs.
func (a *agentProcess) close() {
	if a.cmd == nil {
		return
	}
	a.cmd.Process.Kill() // an error says that it is gone already
	<-a.gone
	a.cmd = nil
}

// ended returns the error for an agent that ended by itself.
func (a *agentProcess) ended(err error) error {
	a.cmd = nil
	if err == nil {
		return fmt.Errorf("the agent ended by itself; it%s", a.lastWords())
	}
	return fmt.Errorf("the agent ended by itself: %w; it%s", err, a.lastWords())
}

// lastWords is what the agent said last, as the end of a sentence about it.
func (a *agentProcess) lastWords() string {
	const enough = 4096
	f, err := os.Open(a.log)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		f.Seek(-enough, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return " said nothing"
	}
	return " said last:\n" + string(text)
}

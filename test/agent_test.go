package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// config is a config.yaml.
type config struct {
	broker  string // host:port; several separated by commas
	codec   string
	state   string
	paths   []string // of a stage's logs below its folder, *.log by default
	own     string   // a further line of the stage's input
	inputs  []input
	kafka   string // further lines of outputs.kafka
	outputs string // instead of one broker
	more    string // further lines
}

type input struct {
	paths []string
	topic string
	more  string // further lines
}

func (c config) yaml() string {
	var b strings.Builder
	b.WriteString("inputs:\n")
	for _, in := range c.inputs {
		fmt.Fprintf(&b, "  - paths:\n")
		for _, p := range in.paths {
			fmt.Fprintf(&b, "      - %q\n", p)
		}
		fmt.Fprintf(&b, "    topic: %s\n%s", in.topic, in.more)
	}
	if c.outputs != "" {
		fmt.Fprintf(&b, "%shostname: %s\nstate_dir: %q\n%s", c.outputs, host, c.state, c.more)
		return b.String()
	}
	fmt.Fprintf(&b, "outputs:\n  kafka:\n    brokers: [%s]\n", strings.ReplaceAll(strconv.Quote(c.broker), ",", `", "`))
	if c.codec != "" {
		fmt.Fprintf(&b, "    compression: %s\n", c.codec)
	}
	for line := range strings.Lines(c.kafka) {
		b.WriteString("    " + line)
	}
	fmt.Fprintf(&b, "hostname: %s\nstate_dir: %q\n%s", host, c.state, c.more)
	return b.String()
}

// agent is the built binary with one configuration. It runs as a child, is
// killed and started again. Its methods are for one goroutine at a time.
type agent struct {
	t     *testing.T
	conf  string // path of config.yaml
	state string
	log   string   // path of what it wrote to its standard error, of all its runs
	uid   uint32   // who it runs as; 0: whoever runs the test
	under []string // a command that runs it and becomes it
	run   *child
	done  []string // what was done to it, and when
}

// child is one run of the agent.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it is gone
	err  error         // of Wait, once done is closed
}

// newAgent writes the configuration into a folder of its own.
func newAgent(t *testing.T, c config) *agent {
	t.Helper()
	dir := tempDir(t)
	if c.state == "" {
		c.state = filepath.Join(dir, "state")
	}
	a := &agent{t: t, conf: filepath.Join(dir, "config.yaml"), state: c.state, log: filepath.Join(dir, "stderr")}
	must(t, os.WriteFile(a.conf, []byte(c.yaml()), 0o644))
	t.Cleanup(a.cleanup)
	return a
}

// cleanup ends the agent; when the test has failed it shows what may tell why.
func (a *agent) cleanup() {
	if a.t.Failed() {
		a.show()
	}
	if a.run != nil {
		a.run.cmd.Process.Kill()
		<-a.run.done
	}
}

// note notes what is done to the agent.
func (a *agent) note(what string) {
	a.done = append(a.done, time.Now().Format("15:04:05.000 ")+what)
}

// said is what all runs of the agent wrote to standard error.
func (a *agent) said() string {
	text, err := os.ReadFile(a.log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.t.Fatal(err)
	}
	return string(text)
}

// start starts the agent. It dies with the test.
func (a *agent) start() {
	a.t.Helper()
	path, err := binary()
	must(a.t, err)
	log, err := os.OpenFile(a.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(a.t, err)
	defer log.Close()
	args := append(slices.Clone(a.under), path, "run", "--config", a.conf)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr, cmd.Stdout = log, log
	cmd.Dir = filepath.Dir(a.conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if a.uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.uid}
	}
	a.run = &child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go a.run.wait(started)
	must(a.t, <-started)
	a.note(fmt.Sprintf("started: process %d", cmd.Process.Pid))
}

// wait starts the child and waits for it on one thread: the kernel sends
// Pdeathsig when that thread ends.
func (c *child) wait(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err == nil {
		c.err = c.cmd.Wait()
	}
	close(c.done)
}

// kill ends the agent with SIGKILL and waits until it is gone. It fails the
// test if the agent had ended before.
func (a *agent) kill() {
	a.t.Helper()
	select {
	case <-a.run.done:
		a.t.Fatalf("the agent ended by itself: %v", a.run.err)
	default:
	}
	must(a.t, a.run.cmd.Process.Kill())
	<-a.run.done
	a.note("killed")
	a.run = nil
}

// stop ends the agent with SIGTERM: exit status 0 within the limit.
func (a *agent) stop(limit time.Duration) {
	a.t.Helper()
	begin := time.Now()
	a.terminate()
	if status := a.wait(limit); status != 0 {
		a.t.Fatalf("exit status %d after SIGTERM", status)
	}
	a.t.Logf("ended %v after SIGTERM", time.Since(begin).Round(time.Millisecond))
}

// wait waits until the agent ends and returns its exit status.
func (a *agent) wait(limit time.Duration) int {
	a.t.Helper()
	select {
	case <-a.run.done:
	case <-time.After(limit):
		a.t.Fatalf("the agent still runs after %v", limit)
	}
	status := a.run.cmd.ProcessState.ExitCode()
	a.note(fmt.Sprintf("ended with status %d", status))
	a.run = nil
	return status
}

// holds says whether the agent has the file at a path open. An empty path
// stands for any file that is deleted.
func (a *agent) holds(path string) bool {
	fds := fmt.Sprintf("/proc/%d/fd", a.run.cmd.Process.Pid)
	names, _ := os.ReadDir(fds)
	for _, n := range names {
		at, _ := os.Readlink(filepath.Join(fds, n.Name()))
		if at == path || path == "" && strings.HasSuffix(at, " (deleted)") {
			return true
		}
	}
	return false
}

// memory is a number of /proc/PID/status, in bytes: VmRSS or VmHWM.
func (a *agent) memory(field string) int64 {
	a.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.run.cmd.Process.Pid))
	must(a.t, err)
	_, rest, _ := strings.Cut(string(text), "\n"+field+":")
	var kib int64
	_, err = fmt.Sscanf(rest, "%d kB", &kib)
	must(a.t, err)
	return kib << 10
}

// hasJournal says whether the agent has ever begun. Who is killed before its journal
// has its name has not.
func (a *agent) hasJournal() bool {
	names, _ := filepath.Glob(filepath.Join(a.state, "journal.0*"))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// begun waits until the agent has begun for the first time: what is rotated before
// that is history.
func (a *agent) begun() {
	a.t.Helper()
	until(a.t, stalled, "the agent has a journal", a.hasJournal)
}

// knows says whether the journal has these words: a path, or a birth.
func (a *agent) knows(words string) bool {
	names, _ := filepath.Glob(filepath.Join(a.state, "journal*"))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		if bytes.Contains(text, []byte(words)) {
			return true
		}
	}
	return false
}

// waitSaid waits until the agent has said something that contains all words.
func (a *agent) waitSaid(limit time.Duration, words ...string) {
	a.t.Helper()
	until(a.t, limit, fmt.Sprintf("the agent says %q", words), func() bool {
		for line := range strings.SplitSeq(a.said(), "\n") {
			if containsAll(line, words) {
				return true
			}
		}
		return false
	})
}

func containsAll(line string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(line, w) {
			return false
		}
	}
	return true
}

// until waits for a condition, which it looks at ten times a second.
func until(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	end := time.Now().Add(limit)
	for !cond() {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		wait(t, 100*time.Millisecond)
	}
}

// wait lets time go by while other processes work.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("the test ended")
	}
}

// command runs the binary to its end and returns its output, its errors and
// its exit status.
func command(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	path, err := binary()
	must(t, err)
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// terminate sends SIGTERM.
func (a *agent) terminate() {
	a.t.Helper()
	a.note("SIGTERM")
	must(a.t, a.run.cmd.Process.Signal(syscall.SIGTERM))
}

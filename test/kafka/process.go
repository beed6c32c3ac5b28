package kafka

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
)

// process is a running node.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it is gone
}

// startJava starts a main class, which writes to broker.log in dir.
func startJava(jars, dir, heap string, jvm []string, class string, args ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, "broker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("java", slices.Concat(javaArgs(jars, dir, heap), jvm, []string{class}, args)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	return p, <-started
}

// run starts the process and waits for it on one thread: the kernel sends
// Pdeathsig when the thread that started a child ends, not the process.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.cmd.Wait()
	}
}

func javaArgs(jars, dir, heap string) []string {
	return []string{
		"-Xmx" + heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Dlog4j2.configurationFile=" + filepath.Join(dir, "log4j2.xml"),
		"-Dlog4j.configuration=file:" + filepath.Join(dir, "log4j.properties"), // of the oldest release
		"-cp", filepath.Join(jars, "*"),
	}
}

// Java runs a main class of Kafka's tools to its end and returns what it
// wrote to its standard output, and also to its standard error if it failed.
func (b *Broker) Java(ctx context.Context, class string, args ...string) ([]byte, error) {
	return b.JavaWith(ctx, nil, class, args...)
}

// JavaWith is Java with a standard input.
func (b *Broker) JavaWith(ctx context.Context, in io.Reader, class string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "java", append(javaArgs(b.jars, b.Dir, "256m"), append([]string{class}, args...)...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdin = in
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		out = append(out, exit.Stderr...)
	}
	return out, err
}

// Log returns the last 4 KiB of what the node logged.
func (b *Broker) Log() string {
	text, err := os.ReadFile(filepath.Join(b.Dir, "broker.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4096):])
}

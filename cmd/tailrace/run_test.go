package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// systemd listens as the service manager does, and returns the states that it
// is told.
func systemd(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	states := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			states <- string(buf[:n])
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return states
}

// run tells the service manager when it is ready, and ends with 0 at SIGTERM, and
// when its terminal is closed.
func TestRunUntilSIGTERM(t *testing.T) {
	t.Run("SIGTERM", func(t *testing.T) { runUntil(t, syscall.SIGTERM) })
	t.Run("SIGHUP", func(t *testing.T) {
		if signal.Ignored(syscall.SIGHUP) {
			t.Skip("under nohup it is ignored")
		}
		runUntil(t, syscall.SIGHUP)
	})
}

func runUntil(t *testing.T, by syscall.Signal) {
	states := systemd(t)
	dir := t.TempDir()
	cfg := writeFile(t, "config.yaml", fmt.Sprintf(
		"inputs: [{paths: [%[1]s/*.log], topic: a}]\noutputs: {stdout: {}}\nstate_dir: %[1]s/state\n", dir))
	type end struct {
		log    string
		status int
	}
	ended := make(chan end)
	go func() {
		_, log, status := tailrace("run", "--config", cfg)
		ended <- end{log, status}
	}()
	for {
		select {
		case s := <-states:
			if !strings.Contains(s, "READY=1") {
				continue
			}
			if err := syscall.Kill(syscall.Getpid(), by); err != nil {
				t.Fatal(err)
			}
			if e := <-ended; e.status != exitOK || !strings.Contains(e.log, "tailrace ended") {
				t.Errorf("status %d, log %q", e.status, e.log)
			}
			return
		case e := <-ended:
			t.Fatalf("ended before it was ready: status %d, log %q", e.status, e.log)
		}
	}
}

// The first signal stops the agent, the second no longer lets it wait.
func TestTwoSignals(t *testing.T) {
	signals := make(chan os.Signal)
	stopped, kill, ended, done := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		obey(signals, func() { close(stopped) }, kill, ended)
	}()
	signals <- syscall.SIGTERM
	<-stopped
	select {
	case <-kill:
		t.Error("killed by the first signal")
	default:
	}
	signals <- syscall.SIGINT
	<-kill
	close(ended)
	<-done
}

// The log has a time of its own where nobody else gives it one.
func TestLog(t *testing.T) {
	var b bytes.Buffer
	newLog(&b).Info("x", "time", "of the user")
	if s := b.String(); !strings.HasPrefix(s, "time=2") {
		t.Errorf("no time: %q", s)
	}
	b.Reset()
	inSystemd(&b).WithGroup("g").Info("x", "time", "of the user")
	if s := b.String(); s != "level=INFO msg=x g.time=\"of the user\"\n" {
		t.Errorf("got %q", s)
	}
}

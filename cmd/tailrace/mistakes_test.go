package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
)

// What people try with files that are not what a command wants is answered with
// what to do.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	configure := func(name, paths, state string) string {
		t.Helper()
		cfg := filepath.Join(dir, name)
		must(t, os.WriteFile(cfg, fmt.Appendf(nil, "inputs: [{paths: [%s], topic: t}]\nstate_dir: %s\noutputs: {kafka: {brokers: ['127.0.0.1:1']}}\n", paths, state), 0o644))
		return cfg
	}
	good := configure("good.yaml", dir+"/*.log", dir+"/state")
	mustFail(t, exitFailed, []string{dir + " is a directory", "write " + dir + "/*.log for those in it"}, "check", "--config", configure("dir.yaml", dir, dir+"/state"))
	noState := configure("state.yaml", dir+"/*.log", good)
	mustFail(t, exitFailed, []string{good + " is a file"}, "check", "--config", noState)
	mustFail(t, exitFailed, []string{"state directory " + good + " cannot be read", "not a directory"}, "verify", "--config", noState)
	mustFail(t, exitFailed, []string{"no agent could be asked, and state directory " + good + " cannot be read"}, "status", "--config", noState)
	if out, _ := mustRun(t, "explain", "--config", noState, "/x"); !strings.Contains(out, "state directory "+good+" cannot be read") {
		t.Errorf("explain: %s", out)
	}
	mustFail(t, exitFailed, []string{"--output main: there is one output, which has no name"}, "check", "--config", good, "--output", "main")
	mustFail(t, exitFailed, []string{`--topic: Kafka has no topic "a b"`}, "verify", "--config", good, "--topic", "a b")
	mustFail(t, exitFailed, []string{"name the agent's dead-letter.jsonl"}, "send", "--config", good, "--dead-letter", dir+"/none")
}

// An agent that does not answer is waited for, but not for ever, and people know.
func TestAskWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		cmd := &cobra.Command{}
		cmd.SetErr(&said)
		_, err := ask(cmd, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
		synctest.Wait()
		if !errors.Is(err, context.DeadlineExceeded) || said.String() != "No answer yet; waiting for it up to 40s.\n" {
			t.Errorf("%v, %q", err, said.String())
		}
		said.Reset()
		_, err = ask(cmd, func(context.Context) (int, error) { return 0, nil })
		time.Sleep(askTime)
		synctest.Wait()
		if err != nil || said.Len() > 0 {
			t.Errorf("%v, %q", err, said.String())
		}
	})
}

// Ctrl-C ends a verify at once, whatever it waits for.
func TestVerifyInterrupted(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer hole.Close()
	signals := make(chan os.Signal, 1) // so that it ends nothing else
	signal.Notify(signals, syscall.SIGINT)
	defer signal.Stop(signals)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		c, err := hole.Accept()
		if err == nil {
			defer c.Close() // not before the end: hanging up is an answer, too
			_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
			<-ended
		}
	}()
	dir := t.TempDir()
	cfg := filepath.Join(dir, "config.yaml")
	must(t, os.WriteFile(filepath.Join(dir, "a.log"), []byte("one\n"), 0o644))
	must(t, os.WriteFile(cfg, fmt.Appendf(nil, "inputs: [{paths: [%s/*.log], topic: t}]\nstate_dir: %s/state\noutputs: {kafka: {brokers: [%q]}}\n", dir, dir, hole.Addr()), 0o644))
	mustFail(t, exitFailed, []string{"interrupted: nothing was found out"}, "verify", "--config", cfg)
}

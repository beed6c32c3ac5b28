package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"

	"tailrace/agent"
	"tailrace/agent/config"
)

// killGrace is how long the agent may take to close its journal after a second
// signal.
const killGrace = time.Second

func runCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Follow the files and ship their lines, until SIGTERM or Ctrl-C",
		Long: `Follows the files of the configuration and ships their lines, until SIGTERM or
Ctrl-C, or until its terminal is closed. It then waits for the answers to what is
under way; a second signal ends it at once. Either way the next start goes on
exactly where this one ended.`,
		Example: "  tailrace run --config config.yaml",
		Args:    exactly(0, "give flags only"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			return run(cfg, newLog(cmd.ErrOrStderr()))
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func run(cfg *config.Config, log *slog.Logger) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	kill, ended := make(chan struct{}), make(chan struct{})
	defer close(ended)
	go obey(signals, stop, kill, ended)

	log.Info("tailrace starts", "version", versionText(), "files", cfg.Files, "inputs", len(cfg.Inputs), "hostname", cfg.Hostname)
	err := agent.Run(ctx, cfg, agent.Options{Log: log, Version: versionText(), Notify: notify, Kill: kill})
	if err == nil {
		log.Info("tailrace ended")
	}
	return err
}

// obey ends the agent at the first signal, and at the second one without
// waiting for anything. It returns when the agent has ended.
func obey(signals <-chan os.Signal, stop func(), kill chan<- struct{}, ended <-chan struct{}) {
	select {
	case <-signals:
		stop()
	case <-ended:
		return
	}
	select {
	case <-signals:
		close(kill)
	case <-ended:
		return
	}
	select {
	case <-ended:
	case <-time.After(killGrace):
		os.Exit(exitFailed)
	}
}

// notify tells systemd a state. Where there is no systemd, nobody listens.
func notify(state string) {
	_, _ = daemon.SdNotify(false, state)
}

// newLog logs text to w, without the time where systemd's journal has it.
func newLog(w io.Writer) *slog.Logger {
	if yes, err := journal.StderrIsJournalStream(); err == nil && yes {
		return inSystemd(w)
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func inSystemd(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

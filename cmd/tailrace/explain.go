package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tailrace/agent"
	"tailrace/agent/config"
)

// askTime is how long a running agent may take to answer.
const askTime = 40 * time.Second

// askQuiet is after how long people are told that it has not answered yet.
const askQuiet = 2 * time.Second

func explainCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain PATH...",
		Short: "Say what becomes of the lines of a file, and why",
		Long: `Says of each path which input follows it, or why none does; what is there; how
far it was read and how far its lines are in Kafka; what it waits for; and what is
known of its rotated files. A directory, or a pattern in quotes, gives a line for
each of its files.

The running agent is asked. When none runs, the configuration and the state
directory tell; nothing is changed there.`,
		Example: `  tailrace explain /var/log/app.log
  tailrace explain '/var/log/nginx/*'`,
		Args: atLeastOne("name the files, like /var/log/app.log"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			return explainAll(cmd, cfg, args, asJSON)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each path")
	return cmd
}

// atLeastOne demands arguments, and says what they should be.
func atLeastOne(want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return fmt.Errorf("%s; see %s --help", want, cmd.CommandPath())
	}
}

func explainAll(cmd *cobra.Command, cfg *config.Config, paths []string, asJSON bool) error {
	out := cmd.OutOrStdout()
	for i, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		e, err := ask(cmd, func(ctx context.Context) (agent.Explanation, error) { return agent.AskExplain(ctx, cfg, abs) })
		if err != nil {
			return err
		}
		if asJSON {
			if err := json.NewEncoder(out).Encode(e); err != nil {
				return err
			}
			continue
		}
		w := &words{out: out}
		if i > 0 {
			w.line("")
		}
		w.explanation(&e)
		if i == len(paths)-1 {
			w.origin(&e.Origin, cfg)
		}
	}
	return nil
}

// ask calls f with a limit to how long it may take.
func ask[T any](cmd *cobra.Command, f func(context.Context) (T, error)) (T, error) {
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	say := time.AfterFunc(askQuiet, func() {
		fmt.Fprintf(cmd.ErrOrStderr(), "No answer yet; waiting for it up to %v.\n", askTime)
	})
	defer say.Stop()
	return f(ctx)
}

// words prints what is known in words.
type words struct{ out io.Writer }

// line prints one line: a file's name must neither steer a terminal nor look
// like lines of ours.
func (w *words) line(format string, args ...any) {
	fmt.Fprintln(w.out, harmless(fmt.Sprintf(format, args...)))
}

// origin says who gave the answer, and whether it may be out of date.
func (w *words) origin(o *agent.Origin, cfg *config.Config) {
	w.line("")
	switch {
	case o.Running:
		w.line("Told by the running agent: process %d, since %s.", o.PID, at(o.Since))
		for _, file := range cfg.Files {
			if info, err := os.Stat(file); err == nil && info.ModTime().After(o.Since) {
				w.line("%s was changed after that agent started: what is new in it counts from the next start on.", file)
			}
		}
	case o.Unknown != "":
		w.line("How far files were read is not known: %s. This is by the configuration alone.", o.Unknown)
	case o.Silent != "":
		w.line("An agent runs on %s and could not be asked: %s.", o.StateDir, o.Silent)
		w.line("This is by the configuration, and by its journal as of %s.", at(o.AsOf))
	case o.AsOf.IsZero():
		w.line("No agent runs on %s, and none has: this is by the configuration alone.", o.StateDir)
	default:
		w.line("No agent runs on %s: this is by the configuration, and by its journal as of %s.", o.StateDir, at(o.AsOf))
	}
}

// at is a time for people.
func at(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tailrace/agent"
	"tailrace/agent/config"
)

func statusCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what the agent does: files, topics, what waits, what is in trouble",
		Long: `Says how many files are followed, how far each topic is, which topics and files
wait because of an error, and what is lost. The running agent is asked; when none
runs, its state directory tells, and nothing is changed there.`,
		Example: `  tailrace status
  tailrace status --json | jq .topics`,
		Args: exactly(0, "give flags only"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			s, err := ask(cmd, func(ctx context.Context) (agent.Status, error) { return agent.AskStatus(ctx, cfg) })
			if err != nil {
				return err
			}
			return printStatus(cmd.OutOrStdout(), cfg, &s, asJSON)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func printStatus(out io.Writer, cfg *config.Config, s *agent.Status, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	w := &words{out: out}
	if s.Running {
		w.line("tailrace %s on %s, with state in %s: %s.", s.Version, s.Hostname, s.StateDir, s.Summary)
	} else if s.Silent != "" {
		w.line("tailrace runs, with state in %s: %s known, %s followed.", s.StateDir, count(s.Files.Known, "file"), count(s.Files.Followed, "file"))
	} else {
		w.line("tailrace does not run. Its state is in %s: %s known, %s followed.", s.StateDir, count(s.Files.Known, "file"), count(s.Files.Followed, "file"))
	}
	for i := range s.Topics {
		w.topic(&s.Topics[i], s.Running, cfg.Outputs.Stdout == nil)
	}
	w.parked(s.Files.Parked, "files", "read", s.Parked)
	w.parked(s.Files.Unlisted, "directories", "listed", s.Unlisted)
	w.lost(s)
	if j := s.Journal; j != nil {
		for _, step := range j.Failing {
			w.line("! The journal in %s fails to %s; see the log", s.StateDir, step)
		}
	}
	w.origin(&s.Origin, cfg)
	return nil
}

// topic prints how far one topic is.
func (w *words) topic(t *agent.Topic, running, kafka bool) {
	w.line("")
	if t.Output != "" {
		w.line("Output %s, topic %s: %s", t.Output, t.Topic, count(t.Files, "file"))
	} else {
		w.line("Topic %s: %s", t.Topic, count(t.Files, "file"))
	}
	switch {
	case !running && t.InFlight > 0:
		w.line("  %s not acknowledged: they are sent again at the next start, and count once", count(int(t.InFlight), "record"))
		w.line("  %s wait in the files that are known, with them", byteCount(t.Backlog))
		return
	case !running:
		w.line("  all that was sent is acknowledged; %s wait in the files that are known", byteCount(t.Backlog))
		return
	case !kafka:
		w.line("  %s wait in files", byteCount(t.Backlog))
		return
	}
	w.line("  %s in Kafka since the start; %s wait in files, %s under way", count(int(t.Acked), "record"), byteCount(t.Backlog), count(int(t.InFlight), "record"))
	if t.Trouble != "" {
		w.line("! It waits since %s: %s", clock(t.Since), t.Trouble)
	}
	if t.Pause != "" {
		w.line("  It waits %s", pause(t))
	}
	if t.Repeats > 0 {
		w.line("! %s may be in it twice", count(int(t.Repeats), "record"))
	}
	if t.GivenUp > 0 {
		w.line("! %s were read and not acknowledged, and their bytes are gone", count(int(t.GivenUp), "record"))
	}
	if t.Shortened > 0 {
		w.line("! %s shortened, since the brokers do not take more; all of them is in the dead-letter file", count(int(t.Shortened), "line"))
	}
}

// pause is what a topic waits for, since when, and until when.
func pause(t *agent.Topic) string {
	text := fmt.Sprintf("since %s", clock(t.PauseSince))
	if !t.PauseUntil.IsZero() {
		text += " until " + clock(t.PauseUntil)
	}
	return text + ", " + t.Pause
}

// lost lists what will never be shipped.
func (w *words) lost(s *agent.Status) {
	if len(s.Lost) == 0 {
		return
	}
	w.line("")
	for _, l := range s.Lost[:min(shown, len(s.Lost))] {
		w.line("! Lost: %s", lost(&l))
	}
	if more := len(s.Lost) - shown; more > 0 {
		w.line("    and of %d more", more)
	}
}

// parked lists the first of n files that cannot be read, or directories that
// cannot be listed.
func (w *words) parked(n int, noun, verb string, list []agent.Parked) {
	if n == 0 {
		return
	}
	w.line("")
	w.line("! These %s cannot be %s (%d):", noun, verb, n)
	for _, p := range list[:min(shown, len(list))] {
		w.line("    %s: %s", p.Path, p.Error)
	}
	if more := n - shown; more > 0 {
		w.line("    and %d more", more)
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"tailrace/agent"
	"tailrace/agent/config"
	"tailrace/agent/verify"
)

func verifyCommand() *cobra.Command {
	var v verification
	cmd := &cobra.Command{
		Use:   "verify [PATH...]",
		Short: "Prove that the lines of files are in Kafka, once, unchanged and in order",
		Long: `Reads files and their topics and compares them, record by record. Without a path
these are all files that the agent's state knows and that are still there, with
their rotated and compressed ones, and what lies beside them and was never read; a
path names those whose lines it had, one file, or all files in a directory. Of each
it says which bytes are delivered, missing, repeated, different, out of order, not
sent yet, or never read.

What is not in the topic of its file is looked for in all topics that the agent's
state or the configuration names. What these do not know any more can be said with
--topic and --host.

It changes nothing, and an agent may run: what that has not sent when the command
begins is not sent yet. The exit status is 0 only when all is proven. What the
inputs cut off (long_lines) or leave out (filters) is not in Kafka: it is told, and
does not change the exit status.

With --rebuild the files are not read: they are written anew from the topics, into
an empty directory, with the generations of each path numbered from the oldest on.`,
		Example: `  tailrace verify
  tailrace verify --json /var/log/app.log | jq '.files[] | select(.proven | not)'
  tailrace verify --rebuild /tmp/logs /var/log/app.log`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.Load(v.config)
			if err != nil {
				return err
			}
			for _, topic := range v.topics {
				if problem := config.CheckTopic(topic); problem != "" {
					return fmt.Errorf("--topic: %s", problem)
				}
			}
			v.out, v.errOut = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return v.untilStopped(cfg, args)
		},
	}
	configFlag(cmd, &v.config)
	cmd.Flags().StringVar(&v.output, "output", "", "only what goes to the output of that `NAME` (default: all)")
	cmd.Flags().StringArrayVar(&v.topics, "topic", nil, "look into `TOPIC` too, where lines went before (may be repeated)")
	cmd.Flags().StringArrayVar(&v.hosts, "host", nil, "`NAME` that this host had before, or that was the key of its records (may be repeated)")
	cmd.Flags().BoolVar(&v.json, "json", false, "print one JSON object")
	cmd.Flags().StringVar(&v.rebuild, "rebuild", "", "write the files again from the topics, below `DIR`")
	return cmd
}

// verification is one run of the command.
type verification struct {
	config  string
	output  string
	topics  []string
	hosts   []string
	json    bool
	rebuild string
	out     io.Writer
	errOut  io.Writer
}

// untilStopped runs it until it has ended, or SIGINT or SIGTERM comes: nothing that
// a broker keeps waiting is waited for then.
func (v *verification) untilStopped(cfg *config.Config, paths []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- v.run(ctx, cfg, paths) }()
	select {
	case err := <-ended:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
	}
	if v.rebuild != "" {
		return fmt.Errorf("interrupted: what is in %s is not complete", v.rebuild)
	}
	return errors.New("interrupted: nothing was found out")
}

func (v *verification) run(ctx context.Context, cfg *config.Config, paths []string) error {
	if cfg.Outputs.Kafka == nil && len(cfg.Outputs.Clusters) == 0 {
		return fmt.Errorf("%s ships to stdout: there is no topic to compare with", v.config)
	}
	// What is shipped comes before the ends of the topics.
	s, err := agent.Shipped(cfg, agent.Question{Paths: paths, Output: v.output, Topics: v.topics, Hosts: v.hosts})
	if err != nil {
		return err
	}
	clients := newClients(cfg)
	defer clients.close()
	if err := clients.have(v.topics); err != nil {
		return err
	}
	bar := newProgress(v.errOut)
	defer bar.end()
	if v.rebuild != "" {
		return v.write(ctx, s, clients, bar, paths)
	}
	return v.compare(ctx, s, clients, bar)
}

// compare says of each file what is proven.
func (v *verification) compare(ctx context.Context, s *agent.Shipment, clients *clients, bar *progress) error {
	if len(s.Files) == 0 {
		return fmt.Errorf("there is no file to verify: the state in %s knows none that is there, and no pattern matches one", s.StateDir)
	}
	j := verify.Job{Client: clients.of, Files: s.Files, Former: s.Former, Own: s.Own, Progress: bar.step, Text: topicText}
	r, err := j.Run(ctx)
	bar.end()
	if err != nil {
		return err
	}
	if v.json {
		err = json.NewEncoder(v.out).Encode(verdict{r, s.Lost, s.Gone, hints(r, s)})
	} else {
		w := &words{out: v.out}
		w.proof(r, s)
	}
	if err == nil && !r.Proven {
		err = errReported
	}
	return err
}

// verdict is what is printed with --json.
type verdict struct {
	*verify.Report
	Lost  []agent.Loss `json:"lost,omitempty"`
	Gone  int          `json:"gone,omitempty"`
	Hints []string     `json:"hints,omitempty"`
}

// write writes the files again.
func (v *verification) write(ctx context.Context, s *agent.Shipment, clients *clients, bar *progress, paths []string) error {
	r := verify.Rebuild{Client: clients.of, Topics: s.Topics(), Own: s.Own, Records: s.Records, Dir: v.rebuild, Progress: bar.step}
	for _, f := range s.Files {
		if len(paths) > 0 && !slices.Contains(r.Paths, f.Path) {
			r.Paths = append(r.Paths, f.Path)
		}
	}
	for _, path := range paths {
		if abs, err := filepath.Abs(path); err == nil && !slices.Contains(r.Paths, abs) {
			r.Paths = append(r.Paths, abs)
		}
	}
	all, failed, err := r.Run(ctx)
	bar.end()
	if err != nil {
		return err
	}
	var unread []string
	for _, f := range failed {
		unread = append(unread, topicText(f))
	}
	if v.json {
		err = json.NewEncoder(v.out).Encode(struct {
			Files  []verify.Rebuilt `json:"files"`
			Errors []string         `json:"errors,omitempty"`
		}{all, unread})
	} else {
		w := &words{out: v.out}
		w.rebuilt(all, unread, v.rebuild)
	}
	bad := slices.ContainsFunc(all, func(f verify.Rebuilt) bool { return !f.Exact })
	if err == nil && (len(all) == 0 || len(unread) > 0 || bad) {
		err = errReported
	}
	return err
}

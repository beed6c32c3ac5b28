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

	"github.com/IBM/sarama"
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
their rotated and compressed ones; a path names those whose lines it had, or one
file. Of each it says which bytes are delivered, missing, repeated, different, out
of order, or not sent yet.

It changes nothing, and an agent may run: what that has not sent when the command
begins is not sent yet. The exit status is 0 only when all is proven.

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
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			v.out, v.errOut = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return v.run(ctx, cfg, args)
		},
	}
	configFlag(cmd, &v.config)
	outputFlag(cmd, &v.output)
	cmd.Flags().BoolVar(&v.json, "json", false, "print one JSON object")
	cmd.Flags().StringVar(&v.rebuild, "rebuild", "", "write the files again from the topics, below `DIR`")
	return cmd
}

// verification is one run of the command.
type verification struct {
	config  string
	output  string
	json    bool
	rebuild string
	out     io.Writer
	errOut  io.Writer
}

func (v *verification) run(ctx context.Context, cfg *config.Config, paths []string) error {
	cfg, err := cfg.Only(v.output)
	if err != nil {
		return err
	}
	if cfg.Outputs.Kafka == nil {
		return fmt.Errorf("%s ships to stdout: there is no topic to compare with", v.config)
	}
	// What is shipped comes before the ends of the topics.
	s, err := agent.Shipped(cfg, paths)
	if err != nil {
		return err
	}
	client, err := topicClient(targetIn(cfg), s.Topics())
	if err != nil {
		return err
	}
	defer client.Close()
	bar := newProgress(v.errOut)
	defer bar.end()
	if v.rebuild != "" {
		return v.write(ctx, s, client, bar, paths)
	}
	return v.compare(ctx, s, client, bar)
}

// topicClient is a client for reading the topics, which must be there.
func topicClient(t target, topics []string) (sarama.Client, error) {
	c, err := connect(t)
	if err != nil {
		return nil, err
	}
	defer c.close()
	for _, name := range topics {
		switch _, err := c.topic(name, false); {
		case errors.Is(err, errNoTopic):
			return nil, c.noTopic(name)
		case err != nil:
			return nil, errors.New(kafkaText(err, name, "read from"))
		}
	}
	client, err := sarama.NewClient(c.brokers, c.config())
	if err != nil {
		return nil, fmt.Errorf("read the topics: %w", err)
	}
	return client, nil
}

// compare says of each file what is proven.
func (v *verification) compare(ctx context.Context, s *agent.Shipment, client sarama.Client, bar *progress) error {
	if len(s.Files) == 0 {
		return fmt.Errorf("there is no file to verify: the state in %s knows none that is there, and no pattern matches one", s.StateDir)
	}
	j := verify.Job{Client: client, Files: s.Files, Own: s.Own, Progress: bar.step}
	r, err := j.Run(ctx)
	bar.end()
	if err != nil {
		return readError(err)
	}
	if v.json {
		err = json.NewEncoder(v.out).Encode(struct {
			*verify.Report
			Lost []agent.Loss `json:"lost,omitempty"`
			Gone int          `json:"gone,omitempty"`
		}{r, s.Lost, s.Gone})
	} else {
		w := &words{out: v.out}
		w.proof(r, s)
	}
	if err == nil && !r.Proven {
		err = errReported
	}
	return err
}

// write writes the files again.
func (v *verification) write(ctx context.Context, s *agent.Shipment, client sarama.Client, bar *progress, paths []string) error {
	r := verify.Rebuild{Client: client, Topics: s.Topics(), Own: s.Own, Records: s.Records, Dir: v.rebuild, Progress: bar.step}
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
	all, err := r.Run(ctx)
	bar.end()
	if err != nil {
		return readError(err)
	}
	if v.json {
		err = json.NewEncoder(v.out).Encode(struct {
			Files []verify.Rebuilt `json:"files"`
		}{all})
	} else {
		w := &words{out: v.out}
		w.rebuilt(all, v.rebuild)
	}
	if err == nil && (len(all) == 0 || slices.ContainsFunc(all, func(f verify.Rebuilt) bool { return !f.Exact })) {
		err = errReported
	}
	return err
}

// readError says what kept a topic from being read.
func readError(err error) error {
	if e, ok := errors.AsType[*verify.TopicError](err); ok {
		return errors.New(kafkaText(e.Err, e.Topic, "read from"))
	}
	return err
}

package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"tailrace/agent/config"
	"tailrace/outputs/kafka/security"
)

func checkCommand() *cobra.Command {
	var path, output string
	var online, sends bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, the files and, with --connect, Kafka",
		Long: `Checks the configuration, reads the certificates and secrets that it names, and
says which files it matches now, which of them cannot be read, and whether the
state directory can be used. With --connect it also asks Kafka: do the brokers
answer, are the topics there, may this client write to them, are enough copies
in sync, how large may a record be, how long is it kept? Nothing is changed
anywhere. With --send one record is sent to each topic too, with the header
` + checkHeader + `, which tells it from lines.

Exit status: 0 when all is well, 78 for a bad configuration, 1 for anything else.`,
		Example: "  tailrace check --config config.yaml --connect",
		Args:    exactly(0, "give flags only"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			if _, err := cfg.Only(output); output != "" && err != nil {
				return err
			}
			r := &report{out: cmd.OutOrStdout(), sends: sends}
			r.config(cfg)
			r.secrets(cfg)
			r.state(cfg.StateDir)
			r.files(cfg)
			if online || sends {
				if err := r.connect(cmd.Context(), cfg, output); err != nil {
					return err
				}
			}
			return r.end()
		},
	}
	configFlag(cmd, &path)
	outputFlag(cmd, &output)
	cmd.Flags().BoolVar(&online, "connect", false, "also ask the brokers about the topics")
	cmd.Flags().BoolVar(&sends, "send", false, "also send one record to each topic, and show where it went; implies --connect")
	return cmd
}

// connect asks the brokers of one output, or of all.
func (r *report) connect(ctx context.Context, cfg *config.Config, output string) error {
	all := cfg.Split()
	if output != "" {
		one, err := cfg.Only(output)
		if err != nil {
			return err
		}
		all = []*config.Config{one}
	}
	for _, one := range all {
		if one.Cluster != "" {
			r.line("\nOutput %s:", one.Cluster)
		}
		r.waiting = backlog(ctx, one)
		r.kafka(one)
	}
	return nil
}

// report prints what was found, and counts what is wrong.
type report struct {
	out      io.Writer
	problems int
	sends    bool               // a record to each topic
	waiting  map[string]waiting // by topic
	once     map[string]bool    // what is not said again; nil: all is

	refused    bool // Kafka gives this client no producer id
	unwritable bool // a topic is told that it may not write to
}

func (r *report) line(format string, args ...any) {
	text := fmt.Sprintf(format+"\n", args...)
	if r.once[text] {
		return
	}
	if r.once != nil {
		r.once[text] = true
	}
	fmt.Fprint(r.out, text)
}

// problem prints a line that stands out.
func (r *report) problem(format string, args ...any) {
	if r.once == nil || !r.once[fmt.Sprintf("! "+format+"\n", args...)] {
		r.problems++
	}
	r.line("! "+format, args...)
}

func (r *report) end() error {
	if r.problems == 0 {
		r.line("\nAll is well.")
		return nil
	}
	r.line("\n%s, at the lines that begin with \"!\".", count(r.problems, "problem"))
	return errReported
}

// secrets reads the certificates, passwords and tokens that the configuration
// names, as each connection would.
func (r *report) secrets(cfg *config.Config) {
	for _, one := range cfg.Split() {
		if one.Outputs.Kafka == nil {
			continue
		}
		for _, p := range one.Outputs.Kafka.Security.Problems() {
			if text := security.Placed(p.Text, one.Place()); p.Unknown {
				r.line("%s: %s", cfg.Places[p.File], text)
			} else {
				r.problem("%s: %s", cfg.Places[p.File], text)
			}
		}
	}
}

func (r *report) config(cfg *config.Config) {
	for _, file := range cfg.Files {
		r.line("%s: valid", file) // what it names is looked at below
	}
	own := slices.ContainsFunc(cfg.Inputs, func(in config.Input) bool { return in.Key != config.DefaultKey })
	if own {
		r.line("\nHost name %s is the key of records, unless their input says otherwise.", cfg.Hostname)
		return
	}
	r.line("\nHost name %s is the key of all records.", cfg.Hostname)
}

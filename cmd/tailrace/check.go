package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tailrace/agent/config"
)

func checkCommand() *cobra.Command {
	var path string
	var online, sends bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, the files and, with --connect, Kafka",
		Long: `Checks the configuration and says which files it matches now, which of them
cannot be read, and whether the state directory can be used. With --connect it
also asks Kafka: do the brokers answer, are the topics there, may this client
write to them, are enough copies in sync, how large may a record be, how long is
it kept? Nothing is changed anywhere. With --send one record is sent to each
topic too, with the header ` + checkHeader + `, which tells it from lines.

Exit status: 0 when all is well, 78 for a bad configuration, 1 for anything else.`,
		Args: exactly(0, "give flags only"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			r := &report{out: cmd.OutOrStdout(), sends: sends}
			r.config(cfg)
			r.state(cfg.StateDir)
			r.files(cfg)
			if online || sends {
				r.waiting = backlog(cmd.Context(), cfg)
				r.kafka(cfg)
			}
			return r.end()
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&online, "connect", false, "also ask the brokers about the topics")
	cmd.Flags().BoolVar(&sends, "send", false, "also send one record to each topic, and show where it went; implies --connect")
	return cmd
}

// report prints what was found, and counts what is wrong.
type report struct {
	out      io.Writer
	problems int
	sends    bool               // a record to each topic
	waiting  map[string]waiting // by topic
}

func (r *report) line(format string, args ...any) {
	fmt.Fprintf(r.out, format+"\n", args...)
}

// problem prints a line that stands out.
func (r *report) problem(format string, args ...any) {
	r.problems++
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

func (r *report) config(cfg *config.Config) {
	for _, file := range cfg.Files {
		r.line("%s: no problems", file)
	}
	r.line("\nHost name %s is the key of all records.", cfg.Hostname)
}

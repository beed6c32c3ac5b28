// Command tailrace follows log files and ships every line to Kafka, exactly
// once. Each of its commands is in a file of its own.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tailrace/agent/config"
	"tailrace/agent/flow"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	// exitConfig is EX_CONFIG of sysexits.h: the service manager need not try
	// again, since a bad configuration does not get better by that.
	exitConfig = 78
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs the command that args name and returns the exit status.
func execute(args []string, out, errOut io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	printed := &checked{Writer: out}
	root.SetOut(printed)
	root.SetErr(errOut)
	err := root.Execute()
	if err == nil {
		err = printed.err
	}
	if err == nil {
		return exitOK
	}
	var name string
	if n, _ := fmt.Sscanf(err.Error(), "unknown command %q", &name); n == 1 { // cobra has no type for it
		err = commandError(root, name)
	}
	if problems, ok := errors.AsType[config.Problems](err); ok {
		fmt.Fprintln(errOut, problems)
		fmt.Fprintf(errOut, "tailrace: the configuration has %s\n", count(len(problems), "problem"))
		return exitConfig
	}
	if !errors.Is(err, errReported) {
		fmt.Fprintln(errOut, "tailrace:", err)
	}
	return exitFailed
}

// checked remembers that not all could be written, which most who print do not
// look at. One goroutine.
type checked struct {
	io.Writer
	err error
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.err = cmp.Or(c.err, err)
	return n, err
}

// errReported ends a command with status 1 after it has said why itself.
var errReported = errors.New("already reported")

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "tailrace",
		Short: "Follows log files and ships every line to Kafka, exactly once",
		Long: `tailrace follows log files and ships every line to Kafka, exactly once.

To begin: put the path of a log and the address of Kafka into
` + config.DefaultPath + `, then

  tailrace check --connect     is the configuration right, does Kafka answer?
  tailrace run                 ship the lines
  tailrace consume --topic T   see them in Kafka`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), checkCommand(), explainCommand(), statusCommand(), verifyCommand(), sendCommand(), consumeCommand(), versionCommand())
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	root.Version = versionLine()
	root.SetVersionTemplate("{{.Version}}\n")
	return root
}

// exactly demands n arguments, and says what they should be.
func exactly(n int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		are := "are"
		if len(args) == 1 {
			are = "is"
		}
		return fmt.Errorf("%s, but there %s %s; see %s --help", want, are, count(len(args), "argument"), cmd.CommandPath())
	}
}

// configFlag adds --config.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", config.DefaultPath, "the configuration `FILE`; conf.d/*.yaml beside it add inputs")
}

// count is a number with its noun.
func count(n int, noun string) string { return flow.Count(int64(n), noun) }

// Command tailrace-demo shows tailrace at work on a machine with nothing but
// Go: a Kafka broker in its own process, a program that writes and rotates
// logs, the agent as a process of its own that is killed and started again,
// and at the end the lines, counted from the topic.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rcrowley/go-metrics"
)

const usage = `tailrace-demo: follow logs, ship every line to Kafka exactly once, and count.

  tailrace-demo                 write and rotate logs, kill the agent, count
  tailrace-demo --files PATH…   ship files of yours instead, compare checksums

Everything is in a temporary directory and in this process: nothing is
installed, nothing is left behind, your files are only read. The broker keeps
what is shipped (compressed) in memory. Ctrl-C ends it. The exit status is 1 if
a line is missing, repeated, out of order or altered.

`

func main() {
	metrics.UseNilMetrics = true // sarama would count what nobody reads
	if config := os.Getenv(agentEnv); config != "" {
		os.Exit(agentMain(config))
	}
	os.Exit(demoMain(os.Args[1:], os.Stdout, os.Stderr))
}

// demoMain is the demo from its arguments to its exit status: 0 if every line
// was there once, 2 for a wrong argument, 130 after an interrupt, 1 else.
func demoMain(args []string, stdout *os.File, stderr io.Writer) int {
	p := defaultPlan
	flags := flag.NewFlagSet("tailrace-demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	files := flags.Bool("files", false, "ship the files that are named behind it")
	keep := flags.Bool("keep", false, "leave the temporary directory: logs, configuration, journal, the agent's log")
	flags.DurationVar(&p.length, "length", p.length, "how long lines are written, at least 2s")
	flags.IntVar(&p.rate, "rate", p.rate, "lines per second, 10 to 50,000")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case *files != (flags.NArg() > 0):
		fmt.Fprintln(stderr, "tailrace-demo: name files behind --files, as in: tailrace-demo --files /var/log/syslog")
		return 2
	case p.length < 2*time.Second || p.rate < 10 || p.rate > 50_000:
		fmt.Fprintln(stderr, "tailrace-demo: --length is at least 2s, --rate from 10 to 50000")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	scr := newScreen(stdout)
	var err error
	if *files {
		err = shipFiles(ctx, scr, flags.Args(), *keep)
	} else {
		err = runDemo(ctx, scr, p, *keep)
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "tailrace-demo: interrupted; nothing was counted")
		return 130
	default:
		fmt.Fprintf(stderr, "tailrace-demo: %v\n", err)
		return 1
	}
}

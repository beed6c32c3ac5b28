// Command bench measures tailrace beside the least that can be spent and
// beside what was not chosen, all on one broker and on the same lines.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rcrowley/go-metrics"
)

const usage = `bench: measure tailrace.

  bench [flags]           lines/s, CPU and memory of all contenders, as a table
  bench latency [flags]   from the write of a line to a consumer
  bench live [flags]      the same, and CPU, at 20,000 lines a second
  bench idle [flags]      what many files cost in which nothing happens
  bench start [flags]     how soon a new line is shipped by an agent that knows many files
  bench turns [flags]     lines that wait in many files: how fast, and how fair
  bench verify [flags]    what it costs to prove that all lines are in the topic
  bench lines [flags]     write the lines to stdout

Each starts a real Apache Kafka (Java and Maven needed), or takes --brokers.
"bench COMMAND --help" lists the flags.
`

func main() {
	metrics.UseNilMetrics = true // sarama would count what nobody reads
	if text := os.Getenv(jobEnv); text != "" {
		exit(jobMain(text))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	command, args := "", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	switch command {
	case "":
		exit(throughputMain(ctx, args))
	case "latency":
		exit(latencyMain(ctx, args))
	case "live":
		exit(liveMain(ctx, args))
	case "idle":
		exit(idleMain(ctx, args))
	case "start":
		exit(startMain(ctx, args))
	case "turns":
		exit(turnsMain(ctx, args))
	case "verify":
		exit(verifyMain(ctx, args))
	case "lines":
		exit(linesMain(args))
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
}

func exit(err error) {
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stderr, "\n", usage)
		os.Exit(0)
	default:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// common is the flags that all measurements have.
type common struct {
	*flag.FlagSet
	brokers, agent string
}

func newCommon(name string) *common {
	c := &common{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	c.StringVar(&c.brokers, "brokers", "", "`host:port,…` of a running Kafka, instead of one that is started for this")
	c.StringVar(&c.agent, "agent", "", "the agent's `binary`, instead of one that is built for this")
	return c
}

// parse takes no arguments behind the flags.
func (c *common) parse(args []string) error {
	if err := c.Parse(args); err != nil {
		return err
	}
	if c.NArg() > 0 {
		return fmt.Errorf("unexpected %q", c.Args())
	}
	return nil
}

// with runs use on a broker, with a directory for files that is removed at the
// end, and the agent's binary.
func (c *common) with(ctx context.Context, use func(*bench) error) (err error) {
	b := &bench{agent: c.agent}
	if b.dir, err = os.MkdirTemp("", "tailrace-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.agent == "" {
		if b.agent, err = buildAgent(ctx, b.dir); err != nil {
			return err
		}
	}
	if c.brokers != "" {
		b.cluster, err = openCluster(strings.Split(c.brokers, ","), func() {})
	} else {
		b.cluster, err = startCluster(ctx)
	}
	if err != nil {
		return err
	}
	defer b.cluster.close()
	return use(b)
}

func latencyMain(ctx context.Context, args []string) error {
	c := newCommon("bench latency")
	n := c.Int("lines", 300, "how many lines are measured")
	every := c.Duration("every", 100*time.Millisecond, "the time between two lines")
	if err := c.parse(args); err != nil {
		return err
	}
	if *n < 1 || *every <= 0 {
		return errors.New("--lines must be at least 1, --every more than 0")
	}
	return c.with(ctx, func(b *bench) error {
		return b.latency(ctx, os.Stdout, load{files: 1, lines: *n, every: *every})
	})
}

func liveMain(ctx context.Context, args []string) error {
	c := newCommon("bench live")
	files := c.Int("files", 5, "to how many files the lines are written")
	rate := c.Int("rate", 20_000, "lines a second in all")
	length := c.Duration("for", 12*time.Second, "for how long")
	if err := c.parse(args); err != nil {
		return err
	}
	if *files < 1 || *rate < 1 || *length <= 0 {
		return errors.New("--files and --rate must be at least 1, --for more than 0")
	}
	every := time.Second / time.Duration(*rate)
	return c.with(ctx, func(b *bench) error {
		return b.latency(ctx, os.Stdout, load{files: *files, lines: int(*length / every), every: every})
	})
}

func idleMain(ctx context.Context, args []string) error {
	c := newCommon("bench idle")
	n := c.Int("files", 20_000, "how many files")
	each := c.Int("per-directory", perDirectory, "how many files are in one directory")
	length := c.Duration("for", 4*time.Minute, "how long the agent is measured; full scans are up to two minutes apart")
	if err := c.parse(args); err != nil {
		return err
	}
	if *n < 1 || *each < 1 || *length <= 0 {
		return errors.New("--files and --per-directory must be at least 1, --for more than 0")
	}
	return c.with(ctx, func(b *bench) error { return b.idle(ctx, os.Stdout, *n, *each, *length) })
}

func startMain(ctx context.Context, args []string) error {
	c := newCommon("bench start")
	n := c.Int("files", 100_000, "how many files")
	runs := c.Int("runs", 5, "how often the agent is started")
	if err := c.parse(args); err != nil {
		return err
	}
	if *n < 1 || *runs < 1 {
		return errors.New("--files and --runs must be at least 1")
	}
	return c.with(ctx, func(b *bench) error { return b.restart(ctx, os.Stdout, *n, *runs) })
}

func turnsMain(ctx context.Context, args []string) error {
	c := newCommon("bench turns")
	files := c.Int("files", 2048, "how many files")
	lines := c.Int64("lines", 1_000_000, "how many lines in all")
	if err := c.parse(args); err != nil {
		return err
	}
	if *files < 1 || *lines < int64(*files) {
		return errors.New("--files must be at least 1, --lines as many as files")
	}
	return c.with(ctx, func(b *bench) error { return b.turns(ctx, os.Stdout, *files, *lines) })
}

func verifyMain(ctx context.Context, args []string) error {
	c := newCommon("bench verify")
	files := c.Int("files", 1, "how many files")
	lines := c.Int64("lines", 5_000_000, "how many lines in all")
	if err := c.parse(args); err != nil {
		return err
	}
	if *files < 1 || *lines < int64(*files) {
		return errors.New("--files must be at least 1, --lines as many as files")
	}
	return c.with(ctx, func(b *bench) error { return b.verify(ctx, os.Stdout, *files, *lines) })
}

func linesMain(args []string) error {
	c := flag.NewFlagSet("bench lines", flag.ContinueOnError)
	n := c.Int64("lines", 1000, "how many")
	seed := c.Uint64("seed", 1, "other lines for another number")
	if err := c.Parse(args); err != nil {
		return err
	}
	return writeLines(os.Stdout, newLines(*seed), *n)
}

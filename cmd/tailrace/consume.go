package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"tailrace/agent/config"
)

func consumeCommand() *cobra.Command {
	var flags targetFlags
	var o consumeOptions
	cmd := &cobra.Command{
		Use:   "consume --topic TOPIC",
		Short: "Print the messages of a Kafka topic",
		Long: `Prints the messages of a topic, from all its partitions, up to what is there now;
with --follow also what comes later. It only reads: nothing in Kafka changes.

Each message is one line: partition and offset, key, value. The order holds
within a partition.`,
		Example: `  tailrace consume --topic app --follow
  tailrace consume --topic app --json | jq .headers.path`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.topic == "" {
				return errNoTopicFlag(cmd)
			}
			return exactly(0, "give flags only")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := flags.target(cmd)
			if err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			c, err := newConsumption(t, o, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			// From here on, Ctrl-C is an end with a count.
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return c.run(ctx, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.topic, "topic", "", "the `TOPIC` to read")
	cmd.Flags().StringVar(&o.from, "from", "oldest", "where to begin: oldest (or earliest), newest (or latest), or an offset `N` in each partition")
	cmd.Flags().BoolVar(&o.follow, "follow", false, "go on with what comes later, until Ctrl-C")
	cmd.Flags().BoolVar(&o.json, "json", false, "print each message as one JSON object, with its time and headers")
	flags.add(cmd)
	return cmd
}

// consumeOptions is what the command line says.
type consumeOptions struct {
	topic  string
	from   string // oldest, newest, Kafka's own words for them, or a number
	follow bool
	json   bool
	offset int64 // of from, when it is a number
}

func (o *consumeOptions) oldest() bool { return o.from == "oldest" || o.from == "earliest" }
func (o *consumeOptions) newest() bool { return o.from == "newest" || o.from == "latest" }

func (o *consumeOptions) check() error {
	if problem := config.CheckTopic(o.topic); problem != "" && o.topic[:min(2, len(o.topic))] != "__" {
		return errors.New(problem)
	}
	if o.oldest() || o.newest() {
		return nil
	}
	n, err := strconv.ParseInt(o.from, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("--from %s: write oldest, newest, or an offset, like 0", o.from)
	}
	o.offset = n
	return nil
}

// consumption is one run of the command.
type consumption struct {
	consumeOptions
	partitions string // how many, in words
	reader     *reader
	errOut     io.Writer
}

// newConsumption finds the topic and begins to read it.
func newConsumption(t target, o consumeOptions, errOut io.Writer) (*consumption, error) {
	c, err := connect(t)
	if err != nil {
		return nil, err
	}
	defer c.close()
	topic, err := c.topic(o.topic, false)
	switch {
	case errors.Is(err, errNoTopic):
		return nil, c.noTopic(o.topic)
	case err != nil:
		return nil, errors.New(kafkaText(err, o.topic, "read from"))
	}
	for _, addr := range topic.leaders() {
		if err := c.reach(addr); err != nil {
			return nil, errors.New(unreachable(addr, err))
		}
	}
	r, err := newReader(c, topic, o, errOut)
	if err != nil {
		return nil, errors.New(kafkaText(err, o.topic, "read from"))
	}
	return &consumption{consumeOptions: o, partitions: count(len(topic.Partitions), "partition"), reader: r, errOut: errOut}, nil
}

// run prints messages until all that were there at the start are printed, or
// with follow until ctx ends, and then how many they were.
func (c *consumption) run(ctx context.Context, out io.Writer) error {
	if c.follow {
		fmt.Fprintf(c.errOut, "Following topic %s, %s. Ctrl-C stops.\n", c.topic, c.partitions)
	}
	p := newPrinter(out, c.json)
	err := c.reader.read(ctx, p.print)
	if _, printing := errors.AsType[*fs.PathError](err); err != nil && err != errInterrupted && !printing {
		err = errors.New(kafkaText(err, c.topic, "read from"))
	}
	err = errors.Join(err, c.reader.close())
	fmt.Fprintf(c.errOut, "%s from %s of topic %s.\n", count(p.printed, "message"), c.partitions, c.topic)
	if p.printed == 0 && c.newest() && !c.follow {
		fmt.Fprintf(c.errOut, "--from %s begins after the last message; add --follow to see what comes.\n", c.from)
	}
	return err
}

package main

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/spf13/cobra"

	"tailrace/agent/config"
	"tailrace/outputs/kafka/wire"
)

func sendCommand() *cobra.Command {
	var flags targetFlags
	var topic, key, letters string
	cmd := &cobra.Command{
		Use:   "send --topic TOPIC MESSAGE",
		Short: "Send one message to a Kafka topic, or what is in a dead-letter file",
		Long: `Sends one message to a topic and prints where Kafka put it.

A topic is a log in Kafka, in one or more parts, its partitions. The key decides
which partition: the same key always goes to the same one. In a partition each
message has a number, its offset.

With --dead-letter it sends what is in a dead-letter file: lines that their
topic did not take whole. Each goes to the topic it was meant for, or to --topic,
with the headers path and offset of where it stood, and dead-letter. What was
sent is noted in FILE.sent, and is not sent again.`,
		Example: `  tailrace send --brokers localhost:9092 --topic app "hello, Kafka"
  tailrace consume --brokers localhost:9092 --topic app
  tailrace send --dead-letter /var/lib/tailrace/dead-letter.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case letters != "":
				return exactly(0, "with --dead-letter there is no message")(cmd, args)
			case topic == "":
				return errNoTopicFlag(cmd)
			}
			return exactly(1, "give one message, in quotes")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := flags.target(cmd)
			if err != nil {
				return err
			}
			if letters != "" {
				return sendDeadLetters(cmd, t, letters, topic)
			}
			if !cmd.Flags().Changed("key") {
				key = t.hostname
			}
			return send(cmd, t, topic, key, args[0])
		},
	}
	cmd.Flags().StringVar(&topic, "topic", "", "the `TOPIC` to send to")
	cmd.Flags().StringVar(&key, "key", "", "the message's `KEY` (default: this host's name, as with shipped lines)")
	cmd.Flags().StringVar(&letters, "dead-letter", "", "send what is in this dead-letter `FILE`")
	flags.add(cmd)
	return cmd
}

// errNoTopicFlag asks for --topic.
func errNoTopicFlag(cmd *cobra.Command) error {
	return fmt.Errorf("which topic? Give its name with --topic; see %s --help", cmd.CommandPath())
}

func send(cmd *cobra.Command, t target, name, key, message string) error {
	if problem := config.CheckTopic(name); problem != "" {
		return errors.New(problem)
	}
	c, err := connect(t)
	if err != nil {
		return err
	}
	defer c.close()
	topic, err := c.topicOrMake(cmd, name)
	if err != nil {
		return err
	}
	p := topic.Partitions[wire.Partition([]byte(key), int32(len(topic.Partitions)))]
	if addr := topic.leader(p); addr == "" {
		return errors.New(kafkaText(sarama.ErrLeaderNotAvailable, name, "write to"))
	} else if err := c.reach(addr); err != nil {
		return errors.New(unreachable(addr, err))
	}
	offset, err := c.produce(&sarama.ProducerMessage{
		Topic: name, Partition: p.ID, Key: sarama.StringEncoder(key), Value: sarama.StringEncoder(message),
	})
	if err != nil {
		return errors.New(kafkaText(err, name, "write to"))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "topic %s, partition %d, offset %d\n", name, p.ID, offset)
	return nil
}

// topicOrMake asks for a topic; one that does not exist yet is made where the
// brokers do so by themselves, as for any client that writes.
func (c *cluster) topicOrMake(cmd *cobra.Command, name string) (*topic, error) {
	t, err := c.topic(name, false)
	if errors.Is(err, errNoTopic) {
		t, err = c.makeTopic(name)
		if errors.Is(err, sarama.ErrTopicAuthorizationFailed) {
			return nil, c.notMade(name)
		}
		if err == nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "Topic %s did not exist: Kafka made it now, with %s, as its settings for new topics say.\n",
				name, count(len(t.Partitions), "partition"))
		}
	}
	switch {
	case errors.Is(err, errNoTopic):
		return nil, c.noTopic(name)
	case err != nil:
		return nil, errors.New(kafkaText(err, name, "write to"))
	}
	return t, nil
}

// produce writes one message to its partition, once, and waits until all copies
// have it. Without idempotent brokers that can be more than once.
func (c *cluster) produce(m *sarama.ProducerMessage) (offset int64, err error) {
	conf := c.config()
	conf.Net.MaxOpenRequests = 1 // sarama wants it for the next
	conf.Producer.Idempotent = !c.plain
	conf.Producer.MaxMessageBytes = int(sarama.MaxRequestSize) // the broker knows its limit
	conf.Producer.RequiredAcks = sarama.WaitForAll
	conf.Producer.Return.Successes = true
	conf.Producer.Partitioner = sarama.NewManualPartitioner
	// sarama asks the first that it has for a producer id, again and again.
	producer, err := sarama.NewSyncProducer([]string{c.broker.Addr()}, conf)
	if err != nil {
		return 0, err
	}
	_, offset, err = producer.SendMessage(m)
	return offset, errors.Join(err, producer.Close())
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/IBM/sarama"

	"tailrace/agent/config"
	"tailrace/agent/verify"
)

// clients is a client of each output that is asked for. One goroutine.
type clients struct {
	outputs map[string]*config.Config
	open    map[string]sarama.Client
	failed  map[string]error
}

func newClients(cfg *config.Config) *clients {
	c := &clients{outputs: map[string]*config.Config{}, open: map[string]sarama.Client{}, failed: map[string]error{}}
	for _, one := range cfg.Split() {
		if one.Outputs.Kafka != nil {
			c.outputs[config.LaneName(one.Cluster)] = one
		}
	}
	return c
}

// of is the client of an output.
func (c *clients) of(output string) (sarama.Client, error) {
	if c.open[output] == nil && c.failed[output] == nil {
		if client, err := c.connect(output); err != nil {
			c.failed[output] = err
		} else {
			c.open[output] = client
		}
	}
	return c.open[output], c.failed[output]
}

// have says which of the topics that were named no output has. One that cannot be
// asked may have it: that is told when it is read.
func (c *clients) have(topics []string) error {
	for _, name := range topics {
		missing := true
		for output := range c.outputs {
			client, err := c.of(output)
			if err == nil {
				_, err = client.Partitions(name)
			}
			missing = missing && errors.Is(err, sarama.ErrUnknownTopicOrPartition)
		}
		if missing {
			return fmt.Errorf("--topic: topic %s does not exist: correct the name", name)
		}
	}
	return nil
}

func (c *clients) connect(output string) (sarama.Client, error) {
	cfg := c.outputs[output]
	if cfg == nil {
		return nil, &outputError{fmt.Sprintf("%s is not in the configuration any more: put it back, with the brokers that it had, or verify with the configuration of before (--config)", outputWord(output))}
	}
	first, err := connect(targetIn(cfg))
	if err != nil {
		return nil, &outputError{err.Error()}
	}
	defer first.close()
	// sarama would try for a minute to be answered.
	if _, err := first.broker.ApiVersions(&sarama.ApiVersionsRequest{}); err != nil {
		return nil, &outputError{kafkaText(fmt.Errorf("ask %s: %w", first.broker.Addr(), err), "", "")}
	}
	client, err := sarama.NewClient(first.brokers, first.config())
	if err != nil {
		return nil, &outputError{"read the topics: " + err.Error()}
	}
	return client, nil
}

func outputWord(output string) string {
	if output == "" {
		return "the output without a name"
	}
	return "output " + output
}

func (c *clients) close() {
	for _, client := range c.open {
		_ = client.Close() // nothing was written
	}
}

// outputError says why nothing can be asked of an output.
type outputError struct{ text string }

func (e *outputError) Error() string { return e.text }

// topicText says what kept a topic from being read.
func topicText(e *verify.TopicError) string {
	if out, ok := errors.AsType[*outputError](e.Err); ok {
		return strings.ReplaceAll(out.text, "\n ", "")
	}
	if errors.Is(e.Err, sarama.ErrUnknownTopicOrPartition) {
		return fmt.Sprintf("topic %s does not exist; was it deleted, or renamed in the configuration? `--topic NAME` looks into another one", e.Source)
	}
	return kafkaText(e.Err, e.Source.String(), "read from")
}

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/IBM/sarama"
	"github.com/spf13/cobra"

	"tailrace/agent/config"
	"tailrace/agent/deadletter"
	"tailrace/outputs/kafka/wire"
)

// posting sends the letters of one dead-letter file.
type posting struct {
	cmd     *cobra.Command
	c       *cluster
	to      string // the topic of them all; empty: each has its own
	key     string // of letters that have none
	shipped *deadletter.Shipped
	topics  map[string]*topic
	sent    int
	before  map[string]int // that were sent by an earlier call, by topic
	refused int
}

// sendDeadLetters sends what is in a dead-letter file and was not sent before,
// each letter once. A letter that cannot be sent does not hold up the others.
func sendDeadLetters(cmd *cobra.Command, t target, file, to string) error {
	if to != "" {
		if problem := config.CheckTopic(to); problem != "" {
			return errors.New(problem)
		}
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%w: name the agent's dead-letter.jsonl, which is in its state_dir once there is a dead letter", err)
	}
	if err := holdsLetters(file); err != nil {
		return err
	}
	shipped, err := deadletter.OpenShipped(file)
	if err != nil {
		return err
	}
	defer shipped.Close()
	c, err := connect(t)
	if err != nil {
		return err
	}
	defer c.close()
	p := &posting{cmd: cmd, c: c, to: to, key: t.hostname, shipped: shipped, topics: map[string]*topic{}, before: map[string]int{}}
	damaged, err := deadletter.Each(file, p.send)
	if err != nil {
		return err
	}
	return p.end(file, damaged)
}

// holdsLetters says what is wrong with a file that has lines and no dead letter:
// beside it, no note of what was sent is made.
func holdsLetters(file string) error {
	found := errors.New("found")
	damaged, err := deadletter.Each(file, func(deadletter.Letter) error { return found })
	switch {
	case errors.Is(err, found):
		return nil
	case err == nil && damaged > 0:
		return fmt.Errorf("%s has no dead letter: name the agent's dead-letter.jsonl, which is in its state_dir", file)
	}
	return err
}

// send sends one letter, and notes that. The error says that no more can be sent.
func (p *posting) send(l deadletter.Letter) error {
	if to, shipped := p.shipped.Has(&l); shipped {
		p.before[to]++
		return nil
	}
	name := l.Topic
	if p.to != "" {
		name = p.to
	}
	t, err := p.topic(name)
	if err != nil {
		return err
	}
	key := l.Key
	if key == "" {
		key = p.key
	}
	partition := t.Partitions[wire.Partition([]byte(key), int32(len(t.Partitions)))].ID
	if name == l.Topic && l.Key != "" && int(l.Partition) < len(t.Partitions) {
		partition = l.Partition // where the rest of it is
	}
	offset, err := p.c.produce(&sarama.ProducerMessage{
		Topic: name, Partition: partition, Key: sarama.StringEncoder(key), Value: sarama.ByteEncoder(l.Value), Headers: headersOf(l),
	})
	switch {
	case errors.Is(err, sarama.ErrMessageSizeTooLarge), errors.Is(err, sarama.ErrInvalidRecord), errors.Is(err, sarama.ErrPolicyViolation):
		p.refused++
		fmt.Fprintf(p.cmd.ErrOrStderr(), "%s offset %d, %s: %s\n", harmless(l.Path), l.Offset, count(len(l.Value), "byte"), kafkaText(err, name, "write to"))
		return nil
	case err != nil:
		return fmt.Errorf("%s offset %d: %s", harmless(l.Path), l.Offset, kafkaText(err, name, "write to"))
	}
	p.sent++
	fmt.Fprintf(p.cmd.OutOrStdout(), "%s offset %d: topic %s, partition %d, offset %d\n", harmless(l.Path), l.Offset, name, partition, offset)
	if err := p.shipped.Add(&l, name, partition, offset); err != nil {
		return fmt.Errorf("that was sent, and cannot be noted, so the next call would send it again: %w", err)
	}
	return nil
}

// topic asks for a topic once.
func (p *posting) topic(name string) (*topic, error) {
	if t := p.topics[name]; t != nil {
		return t, nil
	}
	if problem := config.CheckTopic(name); problem != "" {
		return nil, errors.New(problem)
	}
	t, err := p.c.topicOrMake(p.cmd, name)
	if err != nil {
		return nil, err
	}
	p.topics[name] = t
	return t, nil
}

// headersOf is the headers of a letter: first what makes it one, then where the
// line stood.
func headersOf(l deadletter.Letter) []sarama.RecordHeader {
	h := []sarama.RecordHeader{
		{Key: []byte(deadletter.Header), Value: []byte(l.Cause)},
		{Key: []byte("path"), Value: []byte(l.Path)},
		{Key: []byte("offset"), Value: strconv.AppendInt(nil, l.Offset, 10)},
	}
	if l.Part > 0 {
		h = append(h, sarama.RecordHeader{Key: []byte("part"), Value: strconv.AppendInt(nil, int64(l.Part), 10)})
	}
	return h
}

// end says what came of it all.
func (p *posting) end(file string, damaged int) error {
	var text []string
	text = append(text, count(p.sent, "dead letter")+" sent")
	elsewhere := false
	for _, to := range slices.Sorted(maps.Keys(p.before)) {
		text = append(text, fmt.Sprintf("%d sent before, to topic %s, as %s.sent says", p.before[to], to, file))
		elsewhere = elsewhere || p.to != "" && p.to != to
	}
	if elsewhere {
		text = append(text, fmt.Sprintf("to send all of them again, to topic %s, move %s.sent away", p.to, file))
	}
	if damaged > 0 {
		text = append(text, count(damaged, "line")+" of the file left out: no dead letter, or broken off by a full disk")
	}
	if p.refused == 0 {
		fmt.Fprintln(p.cmd.ErrOrStderr(), strings.Join(text, "; "))
		return nil
	}
	fmt.Fprintf(p.cmd.ErrOrStderr(), "%s; %d refused: raise max.message.bytes of the topic, or name another with --topic\n",
		strings.Join(text, "; "), p.refused)
	return errReported
}

package main

import (
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent"
	"tailrace/agent/config"
)

// checkHeader marks a record of check --send for those who read the topic. It
// has no header "path", so it is no line of a file to anybody.
const checkHeader = "tailrace-check"

// send sends one record to the partition where this host's lines go.
func (r *report) send(c *cluster, t *topic, d agent.Destination, cfg *config.Config) {
	used := agent.Partitions(cfg, d, int32(len(t.Partitions)))
	if len(used) == 0 || int(used[0]) >= len(t.Partitions) {
		return // it was said
	}
	p := t.Partitions[used[0]]
	offset, err := c.produce(&sarama.ProducerMessage{
		Topic: t.Name, Partition: p.ID,
		Key:     sarama.StringEncoder(cfg.Hostname),
		Value:   sarama.StringEncoder("tailrace check of " + cfg.Hostname),
		Headers: []sarama.RecordHeader{{Key: []byte(checkHeader), Value: []byte(time.Now().UTC().Format(time.RFC3339))}},
	})
	if err != nil {
		r.problem("  A record could not be sent: %s", kafkaText(err, t.Name, "write to"))
		return
	}
	r.line("  A record with the header %s was sent: partition %d, offset %d.", checkHeader, p.ID, offset)
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/IBM/sarama"

	"tailrace/agent"
	"tailrace/agent/config"
)

// kafka asks the brokers about every topic of the configuration.
func (r *report) kafka(cfg *config.Config) {
	if cfg.Outputs.Kafka == nil {
		r.line("\nThe output is stdout: there is no Kafka to connect to.")
		return
	}
	r.line("")
	t := targetIn(cfg)
	r.line("Connections: %s.", t.security.Words())
	if t.security.InClear() {
		r.line("  The password or token travels unencrypted, and anybody on the way can read it: the brokers' port for SASL_SSL, with tls, avoids that.")
	}
	c := r.brokers(t)
	if c == nil {
		return
	}
	defer c.close()
	r.refused, r.unwritable = false, false
	r.producer(c, cfg.Outputs.Kafka.Delivery == config.ExactlyOnce)
	for _, d := range agent.Destinations(cfg) {
		r.topic(c, d, cfg)
	}
	r.refusal()
}

// brokers tries each address by itself, since any of them may be the only one
// left one day. It returns the first that answered, or nil.
func (r *report) brokers(t target) *cluster {
	var first *cluster
	for _, addr := range t.brokers {
		one := t
		one.brokers = []string{addr}
		c, err := connect(one)
		if err != nil {
			_, cause, _ := strings.Cut(err.Error(), "\n  ")
			r.problem("Broker %s", cause)
			continue
		}
		r.line("Broker %s answers.", addr)
		if first != nil {
			c.close()
			continue
		}
		first = c
	}
	return first
}

// topic says all that concerns one topic.
func (r *report) topic(c *cluster, d agent.Destination, cfg *config.Config) {
	name := d.Topic
	t, err := c.topic(name, false)
	switch {
	case errors.Is(err, errNoTopic):
		r.problem("Topic %s does not exist. %s", name, strings.ReplaceAll(c.topicHelp(name), "\n", "\n  "))
		r.line("  (Brokers that make topics at their first use, with auto.create.topics.enable, make it when the first line is sent. Where permissions are checked, that needs CREATE.)")
		return
	case err != nil:
		r.problem("Topic %s: %s", name, kafkaText(err, name, "write to"))
		r.unwritable = r.unwritable || errors.Is(err, sarama.ErrTopicAuthorizationFailed)
		return
	}
	r.line("Topic %s: %s.", name, count(len(t.Partitions), "partition"))
	writable := r.permission(t, cfg.Outputs.Kafka.Delivery == config.ExactlyOnce)
	r.unwritable = r.unwritable || !writable
	s := c.settings(name)
	r.limits(s, d, cfg)
	r.retention(s, r.waiting[name], ownTimes(s, d, cfg))
	r.leaders(c, t, d, cfg, s.number("min.insync.replicas"))
	if r.sends && writable {
		r.send(c, t, d, cfg)
	}
}

// leaders says where this host's lines go, and whether Kafka takes them now.
func (r *report) leaders(c *cluster, t *topic, d agent.Destination, cfg *config.Config, minInsync int) {
	if len(t.Partitions) == 0 {
		r.problem("  It has no partition yet: it is being made; check again in a moment.")
		return
	}
	used := agent.Partitions(cfg, d, int32(len(t.Partitions)))
	var there []*sarama.PartitionMetadata
	for _, n := range used {
		if int(n) >= len(t.Partitions) {
			r.problem("  It has %s, the first of which is 0, and lines are to go to partition %d: correct `partition`, or add partitions.",
				count(len(t.Partitions), "partition"), n)
			continue
		}
		there = append(there, t.Partitions[n])
	}
	if len(there) > 1 {
		r.line("  Lines of host %s go to %s.", cfg.Hostname, count(len(there), "partition"))
	}
	// What is the same for several partitions is said once.
	r.once = map[string]bool{}
	for _, p := range there {
		r.partition(c, t, p, cfg.Hostname, minInsync, len(there) > 1)
	}
	r.once = nil
}

// partition says whether Kafka takes lines in one partition now; many says that
// it is one of several.
func (r *report) partition(c *cluster, t *topic, p *sarama.PartitionMetadata, hostname string, minInsync int, many bool) {
	addr := t.leader(p)
	if addr == "" {
		r.problem("  Partition %d, where the lines of host %s go, has no leader: its brokers are down or starting.", p.ID, hostname)
		return
	}
	if !many {
		r.line("  Lines of host %s go to partition %d, which broker %s leads.", hostname, p.ID, addr)
	}
	if err := c.reach(addr); err != nil {
		r.problem("  %s", unreachable(addr, err))
	}
	r.inSync(c, p, minInsync, many)
	if minInsync == 1 && len(p.Replicas) > 1 {
		r.line("  A line counts as shipped when one copy has it: with min.insync.replicas 2 it survives the loss of a broker.")
	}
	if len(p.Replicas) == 1 {
		r.line("  One copy only: when the disk of broker %s dies, these lines are gone.", addr)
	}
}

// inSync says whether enough copies of a partition are in sync.
func (r *report) inSync(c *cluster, p *sarama.PartitionMetadata, minInsync int, many bool) {
	needed := minInsync
	if c.capped {
		needed = min(needed, len(p.Replicas))
	}
	of, there := "", ""
	if many {
		of, there = fmt.Sprintf(" of partition %d", p.ID), " there"
	}
	why := "a broker is down or behind"
	if len(p.Isr) == len(p.Replicas) {
		why = "these brokers take it as it is; lower it, or add copies"
	}
	switch {
	case needed > len(p.Isr):
		r.problem("  Copies%s in sync: %d of %d, but min.insync.replicas is %d, so Kafka takes nothing%s: %s.",
			of, len(p.Isr), len(p.Replicas), minInsync, there, why)
	case needed < minInsync:
		r.line("  Copies in sync: %d of %d; needed: %d. min.insync.replicas is %d, and Kafka since 3.7 wants no more than there are.",
			len(p.Isr), len(p.Replicas), needed, minInsync)
	case minInsync > 0:
		r.line("  Copies in sync: %d of %d; needed: %d (min.insync.replicas).", len(p.Isr), len(p.Replicas), minInsync)
	default:
		r.line("  Copies in sync: %d of %d; how many are needed (min.insync.replicas) cannot be seen.", len(p.Isr), len(p.Replicas))
	}
}

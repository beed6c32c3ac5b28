package main

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/IBM/sarama"

	"tailrace/agent/config"
	"tailrace/outputs/kafka/wire"
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
	asked := map[string]bool{}
	for _, in := range cfg.Inputs {
		if !asked[in.Topic] {
			asked[in.Topic] = true
			r.topic(c, in.Topic, cfg)
		}
	}
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
func (r *report) topic(c *cluster, name string, cfg *config.Config) {
	t, err := c.topic(name, false)
	switch {
	case errors.Is(err, errNoTopic):
		r.problem("Topic %s does not exist. %s", name, strings.ReplaceAll(c.topicHelp(name), "\n", "\n  "))
		r.line("  (Brokers that make topics at their first use, with auto.create.topics.enable, make it when the first line is sent.)")
		return
	case err != nil:
		r.problem("Topic %s: %s", name, kafkaText(err, name, "write to"))
		return
	}
	r.line("Topic %s: %s.", name, count(len(t.Partitions), "partition"))
	r.permission(t)
	s := c.settings(name)
	r.limits(s, name, cfg)
	r.leaders(c, t, cfg.Hostname, s.number("min.insync.replicas"))
}

// permission says whether this client may write, as far as the brokers tell.
func (r *report) permission(t *topic) {
	const (
		write   = 1 << 4   // Kafka's code of the operation WRITE
		untold  = -1 << 31 // older brokers
		missing = "Kafka does not let this client write to it: it needs the permission WRITE " +
			"(kafka-acls.sh --add --allow-principal User:… --operation Write --topic %s)"
	)
	switch ops := t.TopicAuthorizedOperations; {
	case t.Version < 8 || ops == untold:
		r.line("  Whether this client may write to it, these brokers do not say.")
	case ops&write == 0:
		r.problem("  "+missing, t.Name)
	default:
		r.line("  This client may write to it.")
	}
}

// leaders says where this host's lines go, and whether Kafka takes them now.
func (r *report) leaders(c *cluster, t *topic, hostname string, minInsync int) {
	if len(t.Partitions) == 0 {
		r.problem("  It has no partition yet: it is being made; check again in a moment.")
		return
	}
	p := t.Partitions[wire.Partition([]byte(hostname), int32(len(t.Partitions)))]
	addr := t.leader(p)
	if addr == "" {
		r.problem("  Partition %d, where the lines of host %s go, has no leader: its brokers are down or starting.", p.ID, hostname)
		return
	}
	r.line("  Lines of host %s go to partition %d, which broker %s leads.", hostname, p.ID, addr)
	if err := c.reach(addr); err != nil {
		r.problem("  %s", unreachable(addr, err))
	}
	switch {
	case minInsync > len(p.Isr):
		r.problem("  Copies in sync: %d of %d, but min.insync.replicas is %d, so Kafka takes nothing: a broker is down or behind.",
			len(p.Isr), len(p.Replicas), minInsync)
	case minInsync > 0:
		r.line("  Copies in sync: %d of %d; needed: %d (min.insync.replicas).", len(p.Isr), len(p.Replicas), minInsync)
	default:
		r.line("  Copies in sync: %d of %d; how many are needed (min.insync.replicas) these brokers do not say.", len(p.Isr), len(p.Replicas))
	}
	if len(p.Replicas) == 1 {
		r.line("  One copy only: when the disk of broker %s dies, these lines are gone.", addr)
	}
}

// settings are a topic's configuration: nil when the brokers do not tell.
type settings map[string]string

// number is the value of a setting, 0 when it is not known.
func (s settings) number(name string) int {
	n, err := strconv.Atoi(s[name])
	if err != nil {
		return 0
	}
	return n
}

// settings asks for the settings of a topic that matter here.
func (c *cluster) settings(topic string) settings {
	res, err := c.broker.DescribeConfigs(&sarama.DescribeConfigsRequest{
		Version: 4, // brought down to what the broker has
		Resources: []*sarama.ConfigResource{{
			Type: sarama.TopicResource, Name: topic,
			ConfigNames: []string{"max.message.bytes", "min.insync.replicas", "cleanup.policy"},
		}},
	})
	if err != nil || len(res.Resources) != 1 || res.Resources[0].ErrorCode != 0 {
		return nil
	}
	s := settings{}
	for _, e := range res.Resources[0].Configs {
		s[e.Name] = e.Value
	}
	return s
}

// limits says how large a record may be, and what becomes of the lines.
func (r *report) limits(s settings, topic string, cfg *config.Config) {
	if s == nil {
		r.line("  Its max.message.bytes cannot be seen (that needs the permission DESCRIBE_CONFIGS); Kafka's default is 1048588.")
		return
	}
	const usual = 1048588
	size := s.number("max.message.bytes")
	r.line("  One record may have up to %d bytes (max.message.bytes).", size)
	if size > 0 && size < usual {
		r.line("  That is below Kafka's default: a longer line is cut short in Kafka, with a header that says so, and kept whole in %s.",
			filepath.Join(cfg.StateDir, "dead-letter.jsonl"))
	}
	for _, in := range cfg.Inputs {
		if in.Topic == topic && size > 0 && in.MaxLine > int64(size) {
			r.problem("  max_line of the input at %s is %d bytes: records between the two are cut short in Kafka; raise max.message.bytes, or lower max_line",
				in.At, in.MaxLine)
		}
	}
	if strings.Contains(s["cleanup.policy"], "compact") {
		r.problem("  Its cleanup.policy is %s: Kafka would in time keep only the newest line of each host; set it to delete.", s["cleanup.policy"])
	}
}

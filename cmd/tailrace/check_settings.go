package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent"
	"tailrace/agent/config"
)

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
			ConfigNames: []string{"max.message.bytes", "min.insync.replicas", "cleanup.policy", "retention.ms", "retention.bytes",
				"message.timestamp.type", "message.timestamp.before.max.ms", "message.timestamp.difference.max.ms", "unclean.leader.election.enable"},
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

// besideLine is how many bytes of a batch are not a line's own, with some room:
// what Kafka adds, the key, and the headers with a path.
const besideLine = 512

// limits says how large a record may be, and what becomes of the lines.
func (r *report) limits(s settings, d agent.Destination, cfg *config.Config) {
	if s == nil {
		r.line("  Its settings, such as max.message.bytes, min.insync.replicas and retention.ms, cannot be seen: that needs the permission DESCRIBE_CONFIGS %s.",
			grant("DescribeConfigs", d.Topic))
		return
	}
	const usual = 1048588
	size := s.number("max.message.bytes")
	r.line("  One record may have up to %d bytes (max.message.bytes).", size)
	room := size >= besideLine+config.LeastLine
	switch {
	case size > 0 && !room:
		r.problem("  That may leave no room for any line: what Kafka adds, the key and the headers take up to %d bytes, and a record that is larger is refused, "+
			"however short its line. Raise max.message.bytes.", besideLine)
	case size > 0 && size < usual:
		r.line("  That is below Kafka's default: a longer line is cut short in Kafka, with a header that says so, and kept whole in %s.",
			filepath.Join(cfg.StateDir, "dead-letter.jsonl"))
		r.line("  To have longer lines in pieces instead, give the input a max_line of at most %d.", size-besideLine)
	}
	for _, i := range d.Inputs {
		in := &cfg.Inputs[i]
		if room && in.MaxLine > int64(size) {
			r.problem("  max_line of the input at %s is %d bytes: records between the two are cut short in Kafka; raise max.message.bytes, or lower max_line to %d",
				in.At, in.MaxLine, size-besideLine)
		}
	}
	if strings.Contains(s["cleanup.policy"], "compact") {
		r.problem("  Its cleanup.policy is %s: Kafka would in time keep only the newest line of each host; set it to delete.", s["cleanup.policy"])
	}
	r.stamps(s, d, cfg)
	if s["unclean.leader.election.enable"] == "true" {
		r.line("  unclean.leader.election.enable is on: when brokers fail, Kafka may lose lines that it has acknowledged.")
	}
}

// stamps says what becomes of the records' timestamps.
func (r *report) stamps(s settings, d agent.Destination, cfg *config.Config) {
	if s["message.timestamp.type"] == "LogAppendTime" {
		r.line("  Its message.timestamp.type is LogAppendTime: the brokers give each record the time at which it came.")
	}
	oldest := s.number("message.timestamp.before.max.ms")
	if s["message.timestamp.before.max.ms"] == "" {
		oldest = s.number("message.timestamp.difference.max.ms") // its name before Kafka 3.6
	}
	for _, i := range d.Inputs {
		in := &cfg.Inputs[i]
		switch {
		case !in.Time.Timestamp:
		case s["message.timestamp.type"] == "LogAppendTime":
			r.line("  So `timestamp: true` of the input at %s has no effect; the time of each line is in its header.", in.At)
		case oldest > 0 && oldest < 100*365*24*3600*1000:
			r.line("  Lines of the input at %s that are older than %s get the present time as their timestamp: the topic takes no older one (message.timestamp.before.max.ms).",
				in.At, ageText(time.Duration(oldest)*time.Millisecond))
		}
	}
}

// ownTimes is where an input stands whose records the brokers keep by the time in
// each of them; empty: none does.
func ownTimes(s settings, d agent.Destination, cfg *config.Config) string {
	for _, i := range d.Inputs {
		if in := &cfg.Inputs[i]; in.Time.Timestamp && s["message.timestamp.type"] != "LogAppendTime" {
			return in.At
		}
	}
	return ""
}

// retention says how long the topic keeps the lines, and whether that is enough
// for those that wait. timed is as ownTimes has it.
func (r *report) retention(s settings, w waiting, timed string) {
	if s == nil {
		return
	}
	keep, room := s.number("retention.ms"), int64(s.number("retention.bytes"))
	if room > 0 && w.bytes > room {
		r.problem("  %s wait in files, and the topic keeps no more than %s of a partition: the oldest would be deleted "+
			"before the newest are there. Raise retention.bytes.", byteCount(w.bytes), byteCount(room))
	}
	if keep <= 0 {
		return
	}
	age := time.Duration(keep) * time.Millisecond
	if timed == "" {
		r.line("  It keeps lines for %s after they were shipped, whatever their age (retention.ms).", ageText(age))
	} else {
		r.line("  It keeps lines for %s (retention.ms), counted from the time in each, since the input at %s has `timestamp: true`.", ageText(age), timed)
	}
	if age < minRetention {
		r.problem("  That is so short that lines are deleted before somebody who was away can read them, and before what is in doubt "+
			"after a loss of power can be read back, which takes up to %s. Raise retention.ms.", ageText(minRetention))
	}
	behind := time.Since(w.oldest)
	switch old := w.bytes > 0 && !w.oldest.IsZero() && behind > age; {
	case old && timed != "":
		r.problem("  There are files that were last written to %s ago, and lines wait: those that are as old are deleted as soon as they have come. "+
			"Raise retention.ms, or leave `timestamp` out.", ageText(behind))
	case old:
		r.line("  There are files that were last written to %s ago: their lines, too, are kept for so long from when they are shipped.", ageText(behind))
	}
}

// minRetention is how long what is in doubt must be found in the topic: the
// time until nothing can be under way any more, and that of reading back.
const minRetention = 15 * time.Minute

// ageText is a length of time in the largest unit that fits.
func ageText(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return count(int(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return count(int(d/time.Hour), "hour")
	case d >= 2*time.Minute:
		return count(int(d/time.Minute), "minute")
	}
	return d.Round(time.Millisecond).String()
}

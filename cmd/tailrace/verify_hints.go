package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tailrace/agent"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
)

// hostsShown is how many names of other hosts are told of a topic.
const hostsShown = 5

// hints is what may be the reason that not all is proven, and what to do about it.
func hints(r *verify.Report, s *agent.Shipment) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	lacks := r.States[proof.Missing] > 0 || r.States[verify.Unproven] > 0
	if s.Stateless && !r.Proven {
		say("There is no state in %s: all that is in the files is expected to be in the topics, also what no agent was to ship.", s.StateDir)
	}
	if lacks {
		for i := range r.Topics {
			t := &r.Topics[i]
			if when, remade := s.Remade(t.Source, t.ID); remade && t.Error == "" {
				out = append(out, remadeText(t.Source, when))
			}
			out = append(out, topicHints(t)...)
		}
		say("Where lines went that are missing is looked up in the state and the configuration; `--topic NAME` looks into another topic, too.")
	}
	if r.Unsent > 0 && r.Strange > 0 {
		say("What is not sent yet, as far as the state knows, may be in its topic already: that has %s of these paths which the state does not know as sent. "+
			"When an agent waits to read the topic back (`tailrace status`), as after the state was restored from a copy, verify again after that.",
			count(int(r.Strange), "record"))
	}
	if r.States[verify.NeverRead] > 0 {
		say("`tailrace explain FILE` says why a file was never read.")
	}
	return out
}

// remadeText says that a topic is not the one that was shipped to, and when the
// agent saw that; zero: it has not.
func remadeText(topic verify.Source, when time.Time) string {
	if when.IsZero() {
		return fmt.Sprintf("Topic %s is not the one that was shipped to: it was deleted and made again, or is in another cluster. What was acknowledged before is not in it.", topic)
	}
	return fmt.Sprintf("Topic %s was deleted and made again, or is in another cluster than before, as the agent saw at %s. What was acknowledged before that is not in it.", topic, at(when))
}

// topicHints is why records may not be found in a topic.
func topicHints(t *verify.Topic) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch begin, end := spread(t); {
	case t.Error != "":
		return nil // it is told with the files
	case begin == end && end == 0:
		say("Topic %s is empty.", t.Source)
	case begin == end:
		say("Topic %s is empty: all that was in it is deleted (retention).", t.Source)
	}
	if len(t.Others) > 0 {
		say("Topic %s has records of these paths of other hosts: %s. If this host was called so, `--host NAME` says it.", t.Source, others(t.Others))
	}
	if t.Plain > 0 {
		say("Topic %s has %s without the headers path and offset: of another program, or of an input that leaves them out. They are not compared.", t.Source, count(int(t.Plain), "record"))
	}
	if t.Gaps > 0 {
		say("Topic %s has nothing at %d of its offsets: it is compacted, which deletes all but the last record of a key. Logs need cleanup.policy=delete.", t.Source, t.Gaps)
	}
	return out
}

// spread is the sums of the first offsets of a topic and of its ends.
func spread(t *verify.Topic) (begin, end int64) {
	for _, p := range t.Partitions {
		begin += p.Begin
		end += p.End
	}
	return begin, end
}

// others is other hosts, those with the most records first.
func others(all map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if all[a] != all[b] {
			return int(all[b] - all[a])
		}
		return strings.Compare(a, b)
	})
	var out []string
	for i, name := range names {
		if i == hostsShown {
			out = append(out, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		out = append(out, fmt.Sprintf("%s (%d)", name, all[name]))
	}
	return strings.Join(out, ", ")
}

package agent

import (
	"cmp"
	"slices"
	"strings"

	"tailrace/agent/config"
	"tailrace/outputs/kafka"
)

// Destination is a topic that lines go to.
type Destination struct {
	Topic  string
	Inputs []int // the numbers of those whose lines do, ascending
}

// Destinations is the topics that the configuration leads to now, sorted: those
// that are known without a look at the files, and those of the files that there
// are.
func Destinations(cfg *config.Config) []Destination {
	from := map[string][]int{}
	add := func(topic string, input int) {
		if !slices.Contains(from[topic], input) {
			from[topic] = append(from[topic], input)
		}
	}
	routed, routes := false, cfg.Routes()
	for i, r := range routes {
		add(cmp.Or(r.Fixed(), cfg.Inputs[i].FallbackTopic), i)
		routed = routed || r.Fixed() == ""
	}
	if routed {
		for _, m := range Matches(cfg) {
			if m.Err != nil {
				continue
			}
			name, _ := routes[m.Input].Topic(m.Path)
			add(name, m.Input)
		}
	}
	var all []Destination
	for topic, inputs := range from {
		slices.Sort(inputs)
		all = append(all, Destination{topic, inputs})
	}
	slices.SortFunc(all, func(a, b Destination) int { return strings.Compare(a.Topic, b.Topic) })
	return all
}

// Partitions is which of the n partitions of a destination lines can go to.
func Partitions(cfg *config.Config, d Destination, n int32) []int32 {
	var used []int32
	for _, i := range d.Inputs {
		form := cfg.Inputs[i].Route(cfg.Hostname).Form()
		by := cfg.Outputs.Kafka.Partitioner
		if by != kafka.RoundRobin && (by == kafka.Manual || form.Fixed()) {
			used = append(used, kafka.PartitionOf(by, form.Of("", 0), n))
			continue
		}
		used = used[:0]
		for p := range n {
			used = append(used, p)
		}
		break
	}
	slices.Sort(used)
	return slices.Compact(used)
}

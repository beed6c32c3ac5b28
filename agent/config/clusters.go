package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// onlyName is the name of the cluster that is the only one.
const onlyName = "kafka"

// several says that the outputs are clusters with names: a value of them has a
// key kafka.
func (v value) several() bool {
	node := v.resolve()
	if node.Kind != yaml.MappingNode {
		return false
	}
	for i := 1; i < len(node.Content); i += 2 {
		one := value{node: node.Content[i]}.resolve()
		for n := 0; one.Kind == yaml.MappingNode && n < len(one.Content); n += 2 {
			if one.Content[n].Value == "kafka" {
				return true
			}
		}
	}
	return false
}

var clusterName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// clusters is several of them by name.
func (l *loader) clusters(v value) {
	known := fields{}
	node := v.resolve()
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		known[name] = func(v value) {
			if !clusterName.MatchString(name) {
				v.problem("%q cannot be the name of an output: letters, digits, _ and -, at most 64", shorten(name))
			}
			given := false
			if v.mapping(fields{"kafka": func(v value) {
				given = true
				l.cfg.Outputs.Clusters = append(l.cfg.Outputs.Clusters, Cluster{name, l.kafka(v)})
			}}, nil) && !given {
				v.missing("kafka", `of several outputs each is a Kafka, like "kafka: {brokers: [localhost:9092]}"`)
			}
		}
	}
	v.mapping(known, nil)
	slices.SortFunc(l.cfg.Outputs.Clusters, func(a, b Cluster) int { return strings.Compare(a.Name, b.Name) })
}

// Names is the names of the clusters, sorted; empty when there is only one.
func (o *Outputs) Names() []string {
	var names []string
	for _, c := range o.Clusters {
		names = append(names, c.Name)
	}
	return names
}

// cluster is that of an input; nil when it does not name one that there is.
func (l *loader) cluster(in *input) *Kafka {
	out := &l.cfg.Outputs
	v, given := in.given["output"]
	if len(out.Clusters) == 0 {
		if given && (out.Kafka != nil && in.Output != onlyName || out.Stdout != nil) {
			v.problem("there is one output; remove this key, or give the outputs names, like {main: {kafka: {…}}, other: {kafka: {…}}}")
		}
		in.Output = ""
		return out.Kafka
	}
	names := strings.Join(out.Names(), ", ")
	if !given {
		at := in.at
		at.key = join(at.key, "output")
		l.report(at, "missing: there are several outputs, say which: "+names)
		return nil
	}
	for _, c := range out.Clusters {
		if c.Name == in.Output {
			return c.Kafka
		}
	}
	if in.Output != "" {
		v.problem("there is no output %q; there are %s", shorten(in.Output), names)
	}
	return nil
}

// LaneName is what the state directory calls an output. The only one has no
// name, and kafka is the same: a second cluster can be added to it later.
func LaneName(output string) string {
	if output == onlyName {
		return ""
	}
	return output
}

// Only is the configuration of one of Split: that of the cluster with the name,
// which may be empty where there is only one.
func (c *Config) Only(name string) (*Config, error) {
	names := c.Outputs.Names()
	if len(names) == 0 {
		if name == "" || name == onlyName && c.Outputs.Kafka != nil {
			return c, nil
		}
		return nil, fmt.Errorf("--output %s: there is one output, which has no name; leave the flag out", name)
	}
	for _, one := range c.Split() {
		if one.Cluster == name {
			return one, nil
		}
	}
	if name == "" {
		return nil, fmt.Errorf("there are several outputs: say which with --output, one of %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("--output %s: there is no such output; there are %s", name, strings.Join(names, ", "))
}

// Place is where the configuration has Outputs.Kafka.
func (c *Config) Place() string {
	if c.Cluster == "" {
		return "outputs.kafka"
	}
	return "outputs." + c.Cluster + ".kafka"
}

// Split is a configuration for each cluster, with the inputs that it is chosen
// by; Outputs.Kafka is set in it. Where there are no clusters it is c alone.
func (c *Config) Split() []*Config {
	if len(c.Outputs.Clusters) == 0 {
		return []*Config{c}
	}
	var all []*Config
	for _, cluster := range c.Outputs.Clusters {
		one := *c
		one.Outputs, one.Cluster, one.Inputs = Outputs{Kafka: cluster.Kafka}, cluster.Name, nil
		for _, in := range c.Inputs {
			if in.Output == cluster.Name {
				one.Inputs = append(one.Inputs, in)
			}
		}
		all = append(all, &one)
	}
	return all
}

package agent

import (
	"tailrace/agent/config"
	"tailrace/agent/route"
	"tailrace/inputs/tail"
	"tailrace/inputs/tail/record"
)

// inputs is what the configuration says of the files, in the words of tail.
func inputs(cfg *config.Config) []tail.Config {
	var all []tail.Config
	for _, in := range cfg.Inputs {
		to, bad := route.New(route.Options{Topic: in.Topic, Host: cfg.Hostname})
		if bad != nil {
			panic(bad[0]) // the configuration was checked
		}
		all = append(all, tail.Config{
			Paths: in.Paths, Exclude: in.Exclude, Topic: in.Topic, Route: to, Start: in.Start, At: in.At,
			Record:      records(in, cfg.Hostname),
			IgnoreOlder: in.IgnoreOlder, CloseIdle: in.CloseIdle, DeleteAfter: in.DeleteAfterAck,
		})
	}
	return all
}

// Matches lists the files that the configuration leads to now, as Run would
// find them. The numbers in it are those of cfg.Inputs.
func Matches(cfg *config.Config) []tail.Match { return tail.Matches(inputs(cfg)) }

// records says how an input's bytes become records.
func records(in config.Input, host string) record.Options {
	o := record.Options{
		Encoding: in.Encoding, Container: in.Container,
		Include: in.IncludeLines, Exclude: in.ExcludeLines,
		MaxLine: in.MaxLine, LongLines: in.LongLines,
		Format: in.Format, Fields: in.Fields,
	}
	if in.Format == config.JSON {
		o.Host = host
	}
	if m := in.Multiline; m != nil {
		o.Multiline = record.Multiline{Start: m.Start, Continue: m.Continue, Quiet: m.Quiet, MaxLines: m.MaxLines}
	}
	return o
}

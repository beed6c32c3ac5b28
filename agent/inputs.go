package agent

import (
	"slices"

	"tailrace/agent/config"
	"tailrace/inputs/tail"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/record"
)

// inputs is what the configuration says of the files, in the words of tail.
func inputs(cfg *config.Config) []tail.Config {
	var all []tail.Config
	for _, in := range cfg.Inputs {
		all = append(all, tail.Config{
			Paths: in.Paths, Exclude: in.Exclude, Topic: in.Topic, Route: in.Route(cfg.Hostname), Start: in.Start, At: in.At,
			Record:      records(in, cfg.Hostname),
			IgnoreOlder: in.IgnoreOlder, CloseIdle: in.CloseIdle, DeleteAfter: in.DeleteAfterAck,
		})
	}
	return all
}

// anonymous says that not all records tell which host they are of.
func anonymous(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Inputs, func(in config.Input) bool { return !in.Route(cfg.Hostname).Form().Named() })
}

// Matches lists the files that the configuration leads to now, as Run would
// find them. The numbers in it are those of cfg.Inputs.
func Matches(cfg *config.Config) []pattern.Match { return tail.Matches(inputs(cfg)) }

// records says how an input's bytes become records.
func records(in config.Input, host string) record.Options {
	o := record.Options{
		Encoding: in.Encoding, Container: in.Container,
		Include: in.IncludeLines, Exclude: in.ExcludeLines,
		MaxLine: in.MaxLine, LongLines: in.LongLines,
		Format: in.Format, Fields: in.Fields, Time: record.Time(in.Time),
	}
	if in.Format == config.JSON {
		o.Host = host
	}
	if m := in.Multiline; m != nil {
		o.Multiline = record.Multiline{Start: m.Start, Continue: m.Continue, Quiet: m.Quiet, MaxLines: m.MaxLines}
	}
	return o
}

// Unlisted is why directories that the inputs of cfg look into cannot be listed.
func Unlisted(cfg *config.Config) map[string]error {
	return tail.Patterns(inputs(cfg)).Unlisted(new(disk.Disk))
}

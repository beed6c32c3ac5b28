package main

import (
	"context"
	"os"
	"time"

	"tailrace/agent"
	"tailrace/agent/config"
)

// waiting is what is in the files of a topic and not shipped yet.
type waiting struct {
	bytes  int64
	oldest time.Time // when the file that was left alone for longest was written to; zero: there is none
}

// backlog is what waits for each topic: as the agent or its journal has it, and
// before the first start all that the patterns match.
func backlog(ctx context.Context, cfg *config.Config) map[string]waiting {
	all := map[string]waiting{}
	status, err := agent.AskStatus(ctx, cfg)
	known := err == nil && (status.Running || !status.AsOf.IsZero())
	if known {
		for _, t := range status.Topics {
			if t.Output == cfg.Cluster {
				all[t.Topic] = waiting{bytes: t.Backlog}
			}
		}
	}
	routes := cfg.Routes()
	for _, m := range agent.Matches(cfg) {
		in := &cfg.Inputs[m.Input]
		info, err := os.Stat(m.Path)
		if err != nil || m.Err != nil || m.Same != "" || m.Older {
			continue
		}
		topic, _ := routes[m.Input].Topic(m.Path)
		w := all[topic]
		if !known && in.Start == config.Beginning {
			w.bytes += info.Size()
		}
		if w.oldest.IsZero() || info.ModTime().Before(w.oldest) {
			w.oldest = info.ModTime()
		}
		all[topic] = w
	}
	return all
}

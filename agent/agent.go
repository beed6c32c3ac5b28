// Package agent runs tailrace: it reads the files of the inputs, ships their
// lines to the output, and keeps the journal in between. It is the only place
// that knows every kind of input and output.
package agent

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"tailrace/agent/admin"
	"tailrace/agent/config"
	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail"
	"tailrace/outputs/kafka"
	"tailrace/outputs/stdout"
)

const (
	// drainTime is how long a shutdown waits for the brokers to answer what
	// is under way. What is not answered is sent again at the next start.
	drainTime = 10 * time.Second
	// statusEvery is how often the service manager is told what goes on, and
	// that the agent is alive: a third of the unit's WatchdogSec at most.
	statusEvery = 15 * time.Second
)

// Options is what the command line gives beside the configuration.
type Options struct {
	Log *slog.Logger
	// Version is what the agent says that it is.
	Version string
	// Notify tells the service manager a state, as sd_notify does; nil: nobody.
	Notify func(state string)
	// Kill, once closed, ends a shutdown that still waits. nil: never.
	Kill <-chan struct{}
}

// output is a kind of output: Run takes lines until ctx ends, then finishes
// what is under way, at most until hard ends.
type output interface {
	Run(ctx, hard context.Context) error
	Status() string
	Alive() bool
}

// agent is one run.
type agent struct {
	Options
	config  *config.Config
	journal *journal.Journal
	input   *tail.Input
	outputs []output
	kafkas  []*kafka.Output // those of them that are that
	since   time.Time
}

// Run ships lines until ctx ends. The error says why it could not start, or
// why lines could not be shipped at all; a file or a topic in trouble is no
// error, it is logged and waits.
func Run(ctx context.Context, cfg *config.Config, o Options) error {
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	a := &agent{Options: o, config: cfg, since: time.Now()}
	if err := a.open(cfg); err != nil {
		return err
	}
	return a.run(ctx)
}

// open makes the parts: the journal first, since it holds the lock.
func (a *agent) open(cfg *config.Config) (err error) {
	a.journal, err = journal.Open(cfg.StateDir, journal.Options{Sync: cfg.Sync, Host: cfg.Hostname, Log: a.Log})
	if err != nil {
		return err
	}
	state := a.journal.State()
	a.input, err = tail.New(tail.Options{
		Inputs: inputs(cfg), Files: state.Files, FirstStart: state.FirstStart, Life: state.Life, Readings: state.Readings,
		HoldDeleted: cfg.HoldDeleted, DeadLetter: deadletter.New(deadLetters(cfg)), Journal: a.journal, Log: a.Log,
	})
	if err != nil {
		return errors.Join(err, a.journal.Close())
	}
	if cfg.Outputs.Stdout != nil {
		a.outputs = []output{stdout.New(os.Stdout, a.input, a.journal)}
		return nil
	}
	all := cfg.Split()
	for _, one := range all {
		if err := a.openKafka(one, state, cfg.Buffer/int64(len(all))); err != nil {
			return errors.Join(err, a.journal.Close())
		}
	}
	a.sayOrphans(state.Lanes)
	return nil
}

// openKafka makes the output to the one cluster of cfg, which may have so many
// bytes under way.
func (a *agent) openKafka(cfg *config.Config, state journal.State, buffer int64) error {
	name, log := cfg.Cluster, a.Log
	if name != "" {
		log = log.With("output", name)
	}
	k := cfg.Outputs.Kafka
	out, err := kafka.New(kafka.Options{
		Name: config.LaneName(name), Place: cfg.Place(),
		Brokers: k.Brokers, Security: k.Security, ClientID: k.ClientID, Compression: k.Compression, Partitioner: k.Partitioner,
		AtLeastOnce: k.Delivery == config.AtLeastOnce, Host: cfg.Hostname, Anonymous: anonymous(cfg),
		Source: a.input, Fetcher: a.input, Journal: a.journal, State: state,
		Budget:     flow.NewBudget(buffer),
		DeadLetter: deadLetters(cfg), Log: log,
	})
	if err == nil {
		a.outputs, a.kafkas = append(a.outputs, out), append(a.kafkas, out)
	}
	return err
}

// sayOrphans names the lines under way to outputs that there are no longer.
func (a *agent) sayOrphans(lanes []journal.LaneState) {
	for _, l := range lanes {
		known := slices.ContainsFunc(a.kafkas, func(k *kafka.Output) bool { return k.Name == l.Output })
		if !known && len(l.Intents) > 0 {
			a.Log.Error("lines were under way to an output that the configuration no longer has: they are sent when it has it again",
				"output", cmp.Or(l.Output, "kafka"), "topic", l.Topic, "partition", l.Partition, "batches", len(l.Intents))
		}
	}
}

// deadLetters is where lines are kept that are not shipped whole.
func deadLetters(cfg *config.Config) string { return filepath.Join(cfg.StateDir, "dead-letter.jsonl") }

// serve answers who asks what the agent does.
func (a *agent) serve() *admin.Server {
	s := admin.NewServer(a.Log)
	metrics := metricsHandler(a)
	s.OnSocket(a.config.StateDir, a.handler(metrics))
	if a.config.Metrics != "" {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", metrics)
		s.OnTCP(a.config.Metrics, mux)
	}
	return s
}

// run starts the parts and, when ctx ends or one of them fails, shuts down in
// this order: the output takes no more lines, and waits for what is under way;
// the input lets its files go; questions are not answered any more; the journal
// is flushed and closed.
func (a *agent) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	hard, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	inputCtx, stopInput := context.WithCancel(context.Background())
	defer stopInput()

	server := a.serve()
	var in, out sync.WaitGroup
	in.Go(func() { stop(a.input.Run(inputCtx)) })
	for _, o := range a.outputs {
		out.Go(func() { stop(o.Run(ctx, hard)) })
	}
	a.Notify("READY=1")
	a.watch(ctx)

	a.Notify("STOPPING=1\nSTATUS=waiting for the answers to what is under way")
	failed := context.Cause(ctx)
	limit := time.AfterFunc(drainTime, giveUp)
	defer limit.Stop()
	go func() {
		select {
		case <-a.Kill:
			giveUp()
		case <-hard.Done():
		}
	}()
	out.Wait()
	stopInput()
	in.Wait()
	server.Close() // while the directory is ours: another agent's socket has the same name
	err := a.journal.Close()
	if errors.Is(failed, context.Canceled) {
		failed = nil
	}
	return errors.Join(failed, err)
}

// watch tells the service manager what goes on until ctx ends.
func (a *agent) watch(ctx context.Context) {
	var idle rest
	next := time.NewTimer(time.Second) // by then the first files are found
	defer next.Stop()
	for {
		select {
		case <-next.C:
			a.report()
			now := a.input.Stats()
			idle.look(now.Read, now.Scans, time.Now(), debug.FreeOSMemory)
			next.Reset(statusEvery)
		case <-ctx.Done():
			return
		}
	}
}

// summary is what goes on in one line.
func (a *agent) summary() string {
	s := a.input.Status()
	for i, o := range a.outputs {
		s += "; "
		if len(a.config.Outputs.Clusters) > 0 {
			s += a.config.Outputs.Clusters[i].Name + ": "
		}
		s += o.Status()
	}
	return s
}

// report sends one status, and the watchdog's ping when every loop turns.
func (a *agent) report() {
	status := "STATUS=" + a.summary()
	if a.input.Alive() && !slices.ContainsFunc(a.outputs, func(o output) bool { return !o.Alive() }) {
		status += "\nWATCHDOG=1"
	}
	a.Notify(status)
}

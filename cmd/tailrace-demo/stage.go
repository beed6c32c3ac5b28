package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	refresh = 100 * time.Millisecond // of the screen
	// patience is how long nothing may arrive before the demo stops waiting
	// for the rest and counts what is there.
	patience = 20 * time.Second
	// stopLimit is how long the agent may take to end.
	stopLimit = 20 * time.Second
)

// A stage is what both ways of the demo need: a directory, a broker, the agent,
// a consumer that watches the topic, and the screen. It is for one goroutine.
type stage struct {
	*screen
	dir    string
	keep   bool // the directory is not removed
	broker *kfake.Cluster
	agent  *agentProcess
	reader *reader
	watch  chan error // receives the end of the watching consumer
	cancel context.CancelFunc
}

// newStage sets the stage for an agent that follows the paths, which are
// patterns in the stage's directory if they are relative. The agent is not yet
// started. Take is called for every record that arrives, by one goroutine.
func newStage(ctx context.Context, scr *screen, keep bool, paths []string, take func(*sarama.ConsumerMessage)) (*stage, error) {
	s := &stage{screen: scr, keep: keep}
	if err := s.set(ctx, paths, take); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) set(ctx context.Context, paths []string, take func(*sarama.ConsumerMessage)) (err error) {
	if s.dir, err = os.MkdirTemp("", "tailrace-demo-"); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(s.dir, logsDir), 0o700); err != nil {
		return err
	}
	if s.broker, err = startBroker(); err != nil {
		return err
	}
	addrs := s.broker.ListenAddrs()
	s.event("broker", "started in this process on %s: topic %q, %d partitions", addrs[0], topic, partitions)
	for i, p := range paths {
		if !filepath.IsAbs(p) {
			paths[i] = filepath.Join(s.dir, p)
		}
	}
	config, err := writeConfig(s.dir, addrs[0], paths)
	if err != nil {
		return err
	}
	s.agent = &agentProcess{config: config, log: filepath.Join(s.dir, "agent.log")}
	if s.reader, err = newReader(addrs); err != nil {
		return err
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.watch = make(chan error, 1)
	go func() { s.watch <- s.reader.follow(ctx, take) }()
	return nil
}

// startAgent starts the agent and says so.
func (s *stage) startAgent(how string) error {
	if err := s.agent.start(); err != nil {
		return err
	}
	s.event("agent", "%s, pid %d", how, s.agent.pid())
	return nil
}

// agentState is the agent in words.
func (s *stage) agentState() string {
	if s.agent.cmd == nil {
		return "not running"
	}
	return "running, pid " + strconv.Itoa(s.agent.pid())
}

// wait draws the screen until step has no more to do, and fails when the
// agent or the consumer ends, or ctx does. Step returns the time of its next
// call, or zero when it is done.
func (s *stage) wait(ctx context.Context, now func() state, step func() (time.Time, error)) error {
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	for {
		next, err := step()
		if err != nil || next.IsZero() {
			return err
		}
		due := time.NewTimer(time.Until(next))
		select {
		case <-due.C:
		case <-ticks.C:
			s.show(now())
		case err := <-s.agentGone():
			return s.agent.ended(err)
		case err := <-s.watch:
			s.watch <- err
			return errors.Join(err, ctx.Err())
		}
		due.Stop()
	}
}

// agentGone is the channel that tells the agent's end; nil while it is down.
func (s *stage) agentGone() <-chan error {
	if s.agent.cmd == nil {
		return nil
	}
	return s.agent.gone
}

// stopWatching ends the consumer that watches.
func (s *stage) stopWatching() error {
	s.cancel()
	err := <-s.watch
	s.watch <- nil
	return err
}

// close takes everything away: the agent, the consumer, the broker, the
// directory, in this order.
func (s *stage) close() {
	s.clear()
	if s.agent != nil {
		s.agent.close()
	}
	if s.cancel != nil {
		s.stopWatching()
	}
	if s.reader != nil {
		s.reader.close()
	}
	if s.broker != nil {
		s.broker.Close()
	}
	switch {
	case s.dir == "":
	case s.keep:
		s.print("kept: " + s.dir + "\n")
	default:
		os.RemoveAll(s.dir)
	}
}

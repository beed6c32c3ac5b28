package test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// stage is a broker with one topic, an agent that ships a folder of logs to
// it, and the programs that write them.
type stage struct {
	t      *testing.T
	broker *kafka.Broker
	topic  string
	dir    string // of the logs
	logs   []*lines.Log
	agent  *agent
}

// newStage makes a topic that is named after the test and n empty logs in a
// folder of their own. The agent is not started.
func newStage(t *testing.T, b *kafka.Broker, n int, s uint64, c config) *stage {
	t.Helper()
	st := &stage{t: t, broker: b, dir: tempDir(t), topic: topicOf(t)}
	must(t, b.CreateTopic(st.topic, 1, nil))
	for i := range n {
		name := "app-" + string(rune('a'+i))
		st.addLog(name, s+uint64(i))
	}
	if c.broker == "" {
		c.broker = b.Bootstrap()
	}
	own := input{topic: st.topic}
	if c.own != "" {
		own.more = "    " + c.own + "\n"
	}
	if c.paths == nil {
		c.paths = []string{"*.log"}
	}
	for _, p := range c.paths {
		own.paths = append(own.paths, filepath.Join(st.dir, p))
	}
	c.inputs = append([]input{own}, c.inputs...)
	st.agent = newAgent(t, c)
	return st
}

func topicOf(t *testing.T) string { return strings.ReplaceAll(t.Name(), "/", ".") }

// addLog adds the log NAME.log.
func (st *stage) addLog(name string, s uint64) *lines.Log {
	st.t.Helper()
	return st.addLogAt(name+".log", name, s)
}

// addLogAt adds a log at a path below the folder; it makes the directories.
func (st *stage) addLogAt(path, name string, s uint64) *lines.Log {
	st.t.Helper()
	path = filepath.Join(st.dir, path)
	must(st.t, os.MkdirAll(filepath.Dir(path), 0o755))
	l, err := lines.NewLog(path, lines.NewChain(name, s), s)
	must(st.t, err)
	st.t.Cleanup(func() { l.Close() })
	st.logs = append(st.logs, l)
	return l
}

// write writes all logs under a load; the returned function ends that and
// waits for it.
func (st *stage) write(load lines.Load) (stop func()) {
	st.t.Helper()
	if st.agent != nil && st.agent.run != nil {
		st.agent.begun()
	}
	ctx, cancel := context.WithCancel(st.t.Context())
	var wg sync.WaitGroup
	for _, l := range st.logs {
		wg.Go(func() {
			if err := l.Run(ctx, load); err != nil {
				st.t.Error(err)
			}
		})
	}
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	st.t.Cleanup(stop)
	return stop
}

// put writes n whole lines to every log.
func (st *stage) put(n int) {
	st.t.Helper()
	for _, l := range st.logs {
		must(st.t, l.Write(n))
		must(st.t, l.Flush())
	}
}

func (st *stage) chains() []*lines.Chain {
	var chains []*lines.Chain
	for _, l := range st.logs {
		chains = append(chains, l.Chain)
	}
	return chains
}

func (st *stage) written() int {
	n := 0
	for _, c := range st.chains() {
		n += c.Due()
	}
	return n
}

// stalled is how long the topic may stand still before the wait for more is
// given up: longer than any settling.
const stalled = 2 * time.Minute

// arrive waits until the topic has as many records as lines were written.
func (st *stage) arrive() {
	st.t.Helper()
	topic, err := lines.OpenTopic(st.broker.Bootstrap(), st.topic)
	must(st.t, err)
	defer topic.Close()
	begin := time.Now()
	last, moved := -1, time.Now()
	for {
		n, err := topic.End()
		if err == nil && n > st.written() && time.Since(moved) < 3*time.Second {
			err = errors.New("too many: waiting for the rest, so that the check counts right")
		}
		if err == nil && n >= st.written() {
			st.t.Logf("%d lines are there after %v", n, time.Since(begin).Round(time.Millisecond))
			return
		}
		if n > last {
			last, moved = n, time.Now()
		}
		if time.Since(moved) > stalled {
			st.t.Errorf("the topic stands still at %d of %d: %v", last, st.written(), err)
			return // the check says what is missing
		}
		wait(st.t, 20*time.Millisecond)
	}
}

// exact waits until all is there, stops the agent, and reads everything back.
func (st *stage) exact() {
	st.t.Helper()
	st.arrive()
	st.agent.stop(stopLimit)
	st.check()
}

// stopLimit is how long the agent may take to end: its own limit, and what a busy
// machine takes.
const stopLimit = time.Minute

// check reads the topic back and compares it with what was written.
func (st *stage) check() {
	st.t.Helper()
	result := readBack(st.t, st.broker, st.topic, st.chains()...)
	st.t.Log(result)
	if err := result.Err(); err != nil {
		st.t.Error(err)
	}
}

// readBack compares a topic with chains.
func readBack(t *testing.T, b *kafka.Broker, name string, chains ...*lines.Chain) lines.Result {
	t.Helper()
	topic, err := lines.OpenTopic(b.Bootstrap(), name)
	must(t, err)
	defer topic.Close()
	c := lines.NewCheck(host, chains...)
	must(t, topic.Read(t.Context(), c.Add))
	return c.Result()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// A plan says what happens, and when.
type plan struct {
	length time.Duration // of writing
	rate   int           // lines per second, all logs together
	rotate time.Duration // between two rotations of one log
	late   time.Duration // how long a writer goes on in a renamed file
}

var defaultPlan = plan{length: 25 * time.Second, rate: 4000, rotate: 4 * time.Second, late: 250 * time.Millisecond}

// logsDir is where the logs are in the stage's directory. The agent's own log is
// elsewhere: what it says must not be followed.
const logsDir = "logs"

// An act is something that the demo does at a time after its start.
type act struct {
	at time.Duration
	do func() error
}

// acts is what happens to the agent in a demo of the plan's length: killed
// before a rotation and started after it; killed and started at once; killed
// three times in a row.
func (d *demo) acts() []act {
	part := func(n float64) time.Duration { return time.Duration(n * float64(d.plan.length)) }
	list := []act{
		{part(0.28), d.kill},
		{part(0.42), d.restart},
		{part(0.58), d.killAndRestart},
	}
	for n := range 3 {
		list = append(list, act{part(0.74 + 0.03*float64(n)), d.killAndRestart})
	}
	return append(list, act{d.plan.length, nil})
}

// A demo is one run of the demo over logs of its own. It is for one goroutine.
type demo struct {
	*stage
	plan    plan
	ledger  *ledger
	arrived *arrivals
	writers []*writer
	stop    chan struct{} // closed when the writers are to end
	writing sync.WaitGroup
	failed  []error // of each writer, once it has ended
	kills   int
}

// errInexact says that the count was not what it must be.
var errInexact = errors.New("what is in the topic is not what was written")

// runDemo runs the demo, and returns nil if the topic held every line once.
// Keep leaves the directory.
func runDemo(ctx context.Context, scr *screen, p plan, keep bool) (err error) {
	d := &demo{plan: p, ledger: newLedger(), arrived: &arrivals{}, stop: make(chan struct{})}
	d.stage, err = newStage(ctx, scr, keep, []string{filepath.Join(logsDir, "*.log")}, d.arrived.take)
	if err != nil {
		return err
	}
	defer d.close()
	ctx, cancel := context.WithCancel(ctx)
	d.startWriters(ctx)
	defer d.awaitWriters()
	defer cancel()

	if err := d.startAgent("started"); err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		return err
	}
	close(d.stop)
	if err := d.awaitWriters(); err != nil {
		return err
	}
	d.event("writers", "stopped after %s lines and %d rotations", thousands(d.ledger.lines()), d.rotations())
	if err := d.awaitArrivals(ctx); err != nil {
		return err
	}
	// What the agent still wanted to send, it sends now: then it is counted.
	if err := d.agent.stop(stopLimit); err != nil {
		return err
	}
	d.event("agent", "stopped with SIGTERM, ended with status 0")
	return d.report(ctx)
}

// startWriters starts the programs that write the logs. The second rotates
// half a turn after the first.
func (d *demo) startWriters(ctx context.Context) {
	names := []string{"access", "orders"}
	d.failed = make([]error, len(names))
	for i, name := range names {
		w := &writer{
			name: name, dir: filepath.Join(d.dir, logsDir), rate: d.plan.rate / len(names), ledger: d.ledger,
			rotate: d.plan.rotate, late: d.plan.late,
			first: d.plan.rotate / 2 * time.Duration(i+1),
		}
		d.writers = append(d.writers, w)
		d.writing.Go(func() { d.failed[i] = w.run(ctx, d.stop) })
	}
	d.event("writers", "write %s.log, %s lines/s, each renamed every %v while it is written",
		strings.Join(names, ".log and "), thousands(d.plan.rate), d.plan.rotate)
}

// awaitWriters returns when all writers have ended; it may be called again.
func (d *demo) awaitWriters() error {
	d.writing.Wait()
	return errors.Join(d.failed...)
}

func (d *demo) rotations() (n int64) {
	for _, w := range d.writers {
		n += w.rotations.Load()
	}
	return n
}

// play does the acts of the plan, each at its time.
func (d *demo) play(ctx context.Context) error {
	acts := d.acts()
	start := time.Now()
	return d.wait(ctx, d.state, func() (time.Time, error) {
		due := start.Add(acts[0].at)
		if time.Now().Before(due) {
			return due, nil
		}
		do := acts[0].do
		if acts = acts[1:]; do == nil {
			return time.Time{}, nil
		}
		return start.Add(acts[0].at), do()
	})
}

func (d *demo) kill() error {
	pid := d.agent.pid()
	if err := d.agent.kill(); err != nil {
		return err
	}
	d.kills++
	d.event("agent", "killed with SIGKILL, pid %d; the logs are written and rotated on", pid)
	return nil
}

func (d *demo) restart() error { return d.startAgent("started again") }

func (d *demo) killAndRestart() error {
	if err := d.kill(); err != nil {
		return err
	}
	return d.restart()
}

func (d *demo) state() state {
	topic := d.arrived.records() // before what was written, so that it is never more
	return state{
		written: int64(d.ledger.lines()), topic: int64(topic), unit: "lines", latest: d.arrived.latest(),
		agent: fmt.Sprintf("%s; %d kills, %d rotations", d.agentState(), d.kills, d.rotations()),
	}
}

// awaitArrivals waits until as many records arrived as lines were written. If
// nothing arrives for too long it gives up, and the count will tell.
func (d *demo) awaitArrivals(ctx context.Context) error {
	have, since := -1, time.Now()
	return d.wait(ctx, d.state, func() (time.Time, error) {
		n := d.arrived.records()
		if n > have {
			have, since = n, time.Now()
		}
		if n >= d.ledger.lines() || time.Since(since) > patience {
			return time.Time{}, nil
		}
		return time.Now().Add(refresh / 10), nil
	})
}

// report reads the topic once more from its beginning and compares each record
// with what was written.
func (d *demo) report(ctx context.Context) error {
	if err := d.stopWatching(); err != nil {
		return err
	}
	d.event("count", "reading the topic from its first record, every partition")
	c := newCount(d.ledger)
	err := d.reader.all(ctx, func(m *sarama.ConsumerMessage) { c.record(m.Value) })
	if err != nil {
		return err
	}
	t := c.result()
	d.print(d.table(t))
	if !t.exact() {
		return fmt.Errorf("%w, for instance:\n  %s\nthe agent%s", errInexact,
			strings.Join(c.examples, "\n  "), d.agent.lastWords())
	}
	return nil
}

// table is the tally for people.
func (d *demo) table(t tally) string {
	var b strings.Builder
	row := func(name string, n int, judged bool) {
		number := fmt.Sprintf("%12s", thousands(n))
		if judged {
			number = d.verdict(n == 0, number)
		}
		fmt.Fprintf(&b, "    %-14s %s\n", name, number)
	}
	b.WriteString("\n  Counted from the topic, each record compared with the lines that were written:\n\n")
	row("written", t.written, false)
	row("in the topic", t.inTopic, false)
	row("missing", t.missing, true)
	row("repeated", t.repeated, true)
	row("out of order", t.disordered, true)
	row("altered", t.altered, true)
	words := "Every line is in the topic once, in order, byte for byte."
	if !t.exact() {
		words = "This must not be: please report it, with what stands below."
	}
	fmt.Fprintf(&b, "\n  %s\n  The agent was killed %d times, the logs were rotated %d times.\n\n",
		d.bold(words), d.kills, d.rotations())
	return b.String()
}

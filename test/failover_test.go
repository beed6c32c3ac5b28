package test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// Four topics, 20,000 lines a second in all, files renamed every 2 s; the
// leaders are killed, paused, restarted and cut off in turn, and the agent is
// killed every few seconds; verify proves it too. TAILRACE_SOAK=10m makes it ten
// minutes.
func leadersFail(t *testing.T, c *kafka.Cluster) {
	r := random(t)
	all := newStages(t, c.Nodes[0], "leaders-fail", 4, 2, r.Uint64())
	all.agent().start()
	stop := all.write(lines.Load{Rate: 2_500, Rotate: 2 * time.Second, Keep: 1000, Late: 300 * time.Millisecond})
	leave := trouble(t, c, all[0].topic, r.Uint64())
	end := time.Now().Add(duration(t, "TAILRACE_SOAK", 20*time.Second))
	for time.Now().Before(end) {
		wait(t, time.Duration(r.IntN(5_000))*time.Millisecond)
		all.agent().kill()
		wait(t, downtime(r))
		all.agent().start()
	}
	leave()
	stop()
	all.exact()
	all.agent().unrepeated()
	if v := verify(t, all.agent()); !v.Proven {
		t.Errorf("verify: %s", v.bad())
	}
}

// trouble makes trouble for the leader of a topic, again and again, each time
// when all copies are in sync again, until the returned function is called.
// Then the cluster is well.
func trouble(t *testing.T, c *kafka.Cluster, topic string, s uint64) (leave func()) {
	return meanwhile(t, func(end <-chan struct{}) {
		r := rand.New(rand.NewPCG(s, 3))
		for n := r.IntN(len(troubles)); ; n++ {
			select {
			case <-end:
				return
			case <-time.After(time.Second):
			}
			err := makeTrouble(t, c, topic, n%len(troubles))
			if err != nil && t.Context().Err() == nil {
				t.Error(err)
			}
			if err != nil {
				return
			}
		}
	})
}

// unseen is a while after which the others take a node for dead.
const unseen = 6 * time.Second

// troubles is what is done to a leader, which is healed behind it.
var troubles = []struct {
	name string
	make func(*kafka.Broker)
}{
	{"killed", (*kafka.Broker).Kill},
	{"paused", func(b *kafka.Broker) { b.Pause(); time.Sleep(unseen) }},
	{"paused for a moment", func(b *kafka.Broker) { b.Pause(); time.Sleep(time.Second) }},
	{"stopped", (*kafka.Broker).Stop},
	{"cut off from its clients", func(b *kafka.Broker) { b.Clients.Hold(); time.Sleep(unseen) }},
	{"cut off from the other brokers", func(b *kafka.Broker) { b.Peers.Hold(); time.Sleep(unseen) }},
	{"cut off from the other brokers, and killed with what it alone has", func(b *kafka.Broker) {
		b.Peers.Hold()
		time.Sleep(time.Second)
		b.Kill()
	}},
	{"far away", func(b *kafka.Broker) { b.Clients.Delay(300 * time.Millisecond); time.Sleep(2 * time.Second) }},
	{"disconnected", func(b *kafka.Broker) { b.Clients.Break() }},
}

func makeTrouble(t *testing.T, c *kafka.Cluster, topic string, n int) error {
	b, err := c.Leader(topic, 0)
	if err != nil {
		return err
	}
	begin := time.Now()
	troubles[n].make(b)
	if err := c.Heal(t.Context()); err != nil {
		return err
	}
	t.Logf("a leader was %s: in sync again after %v", troubles[n].name, time.Since(begin).Round(time.Millisecond))
	return nil
}

// killLeader kills the leader of a topic, and brings it back when another
// leads.
func killLeader(t *testing.T, c *kafka.Cluster, topic string) {
	t.Helper()
	b, err := c.Leader(topic, 0)
	must(t, err)
	b.Kill()
	must(t, c.Heal(t.Context()))
}

// The journal loses its last second, or as much as TAILRACE_CUT says (1m), and the
// partitions change their leaders.
// It begins that, and returns what sees the end of it.
func journalCut(t *testing.T, c *kafka.Cluster) (end func(*testing.T)) {
	all := newStages(t, c.Nodes[0], "journal-cut", 2, 1, seed(t))
	copies := watchState(t, all.agent().state)
	all.agent().start()
	stop := all.write(lines.Load{Rate: 2_000})
	cut := duration(t, "TAILRACE_CUT", time.Second)
	wait(t, 3*time.Second+cut)
	all.agent().kill()
	copies.restore(cut)
	stop()
	killLeader(t, c, all[0].topic)
	all.agent().start()
	all.put(100)
	return all.foundBack
}

// The same with the state directory gone.
func stateRemoved(t *testing.T, c *kafka.Cluster) (end func(*testing.T)) {
	return stateHarmed(t, c, "state-removed", func(dir string) { must(t, os.RemoveAll(dir)) })
}

// The same with the second half of what the agent wrote into its journal cut off,
// from one record on, while the machine runs.
func journalCutBetween(t *testing.T, c *kafka.Cluster) (end func(*testing.T)) {
	return stateHarmed(t, c, "journal-cut-between", func(dir string) {
		names, err := filepath.Glob(filepath.Join(dir, "journal.0*"))
		must(t, err)
		name := slices.Max(names)
		p, err := os.ReadFile(name)
		must(t, err)
		_, behind, _ := bytes.Cut(p, []byte(`{"end":`))
		n := len(p) - len(behind)/2
		must(t, os.Truncate(name, int64(bytes.LastIndexByte(p[:n], '\n')+1)))
	})
}

// stateHarmed kills an agent, harms its state directory, kills the leader, and
// starts the agent.
func stateHarmed(t *testing.T, c *kafka.Cluster, topic string, harm func(dir string)) (end func(*testing.T)) {
	all := newStages(t, c.Nodes[0], topic, 1, 2, seed(t))
	all.agent().start()
	all.put(1000)
	all[0].arrive()
	stop := all.write(lines.Load{Rate: 1_000})
	wait(t, 2*time.Second)
	all.agent().kill()
	harm(all.agent().state)
	stop()
	killLeader(t, c, all[0].topic)
	all.agent().start()
	all.put(100)
	return all.foundBack
}

// foundBack demands that what is in the topics was found there by reading.
func (all stages) foundBack(t *testing.T) {
	all.runAs(t)
	all.exact()
	for _, st := range all {
		all.agent().waitSaid(0, "lines that the topic had already were not sent again", "topic="+st.topic)
	}
	all.agent().unrepeated()
}

package test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// Four topics, 20,000 lines a second in all, files renamed every 2 s; the
// leaders are killed, paused, restarted and cut off in turn, and the agent is
// killed every few seconds. TAILRACE_SOAK=10m makes it ten minutes.
func leadersFail(t *testing.T, c *kafka.Cluster) {
	r := random(t)
	all := newStages(t, c.Nodes[0], 4, 2, r.Uint64())
	all.agent().start()
	stop := all.write(lines.Load{Rate: 2_500, Rotate: 2 * time.Second, Keep: 10, Late: 300 * time.Millisecond})
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
}

// trouble makes trouble for the leader of a topic, again and again, each time
// when all copies are in sync again, until the returned function is called.
// Then the cluster is well.
func trouble(t *testing.T, c *kafka.Cluster, topic string, s uint64) (leave func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
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
	}()
	leave = sync.OnceFunc(func() {
		close(end)
		<-done
	})
	t.Cleanup(leave)
	return leave
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

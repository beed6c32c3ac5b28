package test

import (
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// No broker at the start: it comes later.
func TestBrokerComesLater(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	st := newStage(t, b, 2, seed(t), config{})
	b.Stop()
	st.put(1000)
	st.agent.start()
	st.agent.waitSaid(stalled, b.Addr)
	st.put(1000)
	must(t, b.Restart(t.Context()))
	st.exact()
}

// The broker goes away under load and comes back; SIGTERM while it is away
// ends the agent within its time limit.
func TestBrokerAway(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	st := newStage(t, b, 4, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000})
	wait(t, 3*time.Second)
	b.Kill()
	wait(t, 5*time.Second)
	must(t, b.Restart(t.Context()))
	wait(t, 2*time.Second)
	b.Kill()
	wait(t, 2*time.Second)
	stop()
	terminate(t, st.agent, stopLimit)
	st.put(100)
	must(t, b.Restart(t.Context()))
	st.agent.start()
	st.exact()
}

// The broker swallows packets: nothing is refused, nothing is answered.
func TestBrokerHangs(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	st := newStage(t, b, 4, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000})
	wait(t, 2*time.Second)
	b.Pause()
	wait(t, 5*time.Second)
	b.Resume()
	wait(t, 2*time.Second)
	b.Pause()
	wait(t, time.Second)
	stop()
	terminate(t, st.agent, stopLimit)
	b.Resume()
	st.agent.start()
	st.exact()
}

// terminate ends the agent while brokers are away: it tells by its exit status
// or its words that not all was acked, and the status is the test's to allow.
func terminate(t *testing.T, a *agent, limit time.Duration) {
	t.Helper()
	begin := time.Now()
	a.terminate()
	status := a.wait(limit)
	t.Logf("ended %v after SIGTERM with status %d", time.Since(begin).Round(time.Millisecond), status)
	if status != 0 && status != 1 {
		t.Errorf("exit status %d", status)
	}
}

// A topic that is missing holds up no other; once it is made its lines come.
func TestMissingTopic(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	dir := tempDir(t)
	late := topicOf(t) + ".late"
	s := seed(t)
	l, err := lines.NewLog(dir+"/late.log", lines.NewChain("late", s), s)
	must(t, err)
	defer l.Close()
	st := newStage(t, b, 2, s, config{inputs: []input{{paths: []string{l.Path}, topic: late}}})
	must(t, l.Write(1000))
	must(t, l.Flush())
	st.put(1000)
	st.agent.start()
	st.arrive()
	st.agent.waitSaid(stalled, late)
	st.put(1000)
	st.arrive()

	must(t, b.CreateTopic(late, 1, nil))
	must(t, l.Write(1000))
	must(t, l.Flush())
	topic, err := lines.OpenTopic(b.Addr, late)
	must(t, err)
	defer topic.Close()
	until(t, stalled, "the late topic has all its lines", func() bool {
		n, err := topic.End()
		return err == nil && n >= l.Chain.Lines()
	})
	st.exact()
	result := readBack(t, b, late, l.Chain)
	t.Log(result)
	must(t, result.Err())
}

// The agent is killed while the broker holds its answers back, again and again.
func TestKilledWithoutAnswers(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	st := newStage(t, b, 4, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000, Rotate: time.Second, Keep: 100, Late: 100 * time.Millisecond})
	for range 5 {
		wait(t, time.Second)
		b.Pause()
		wait(t, 500*time.Millisecond)
		st.agent.kill()
		b.Resume()
		st.agent.start()
	}
	stop()
	st.exact()
}

// All brokers are away under load, while files are renamed and compressed. The
// agent takes no more memory for it, and catches up. TAILRACE_AWAY=10m makes it
// ten minutes.
func brokersAway(t *testing.T, c *kafka.Cluster) {
	st := newStage(t, c.Nodes[0], 4, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000, Rotate: 2 * time.Second, Keep: 1000, Late: 300 * time.Millisecond, Compress: ".gz"})
	wait(t, 5*time.Second)
	before, arrived := st.agent.memory("VmHWM"), st.arrived()
	for _, b := range c.Nodes {
		b.Clients.Hold()
	}
	wait(t, duration(t, "TAILRACE_AWAY", 10*time.Second))
	away := st.agent.memory("VmHWM")
	for _, b := range c.Nodes {
		b.Clients.Let()
	}
	begin, behind := time.Now(), st.written()-arrived
	stop()
	st.arrive()
	t.Logf("%d lines behind: caught up after %v; at most %d MiB of memory before, %d while away, %d in the end", behind,
		time.Since(begin).Round(100*time.Millisecond), before>>20, away>>20, st.agent.memory("VmHWM")>>20)
	// The buffer has room for 32 MiB, which one that is not behind does not fill.
	if most := st.agent.memory("VmHWM"); most > before+64<<20 {
		t.Errorf("%d MiB of memory, %d before", most>>20, before>>20)
	}
	st.exact()
}

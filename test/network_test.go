package test

import (
	"strings"
	"testing"
	"time"

	"tailrace/test/kafka"
)

// The connection breaks behind each byte of the answer to a batch, and behind
// some bytes of the request: what came of it is unknown.
func answerCut(t *testing.T, c *kafka.Cluster) {
	st := newStage(t, c.Nodes[0], 1, seed(t), config{})
	st.agent.start()
	st.put(10)
	st.arrive()
	answer := st.cut(c, true, 0)
	for n := 1; n < answer; n++ {
		st.cut(c, true, n)
	}
	request := st.cut(c, false, 0)
	for n := 1; n <= request; n += 5 {
		st.cut(c, false, n)
	}
	t.Logf("an answer of %d bytes and a request of %d", answer, request)
	st.exact()
}

// cut writes a line, and cuts the connection behind some bytes of the request
// that it goes with, or of the answer; then it waits until the line is answered.
// It returns how many bytes there were.
func (st *stage) cut(c *kafka.Cluster, answer bool, bytes int) (size int) {
	st.t.Helper()
	const produce = 0
	leader, err := c.Leader(st.topic, 0)
	must(st.t, err)
	cut := leader.Clients.Cut(produce, answer, bytes)
	answered := leader.Clients.Cut(produce, true, kafka.Whole)
	st.put(1)
	size = <-cut.Done()
	<-answered.Done()
	return size
}

// The agent is killed while batches are under way, which arrive after its end,
// and comes back two hours later. The broker says that it remembers them: they
// are sent again at once, and it drops what it has.
func downForLong(t *testing.T, c *kafka.Cluster) {
	st := newStage(t, c.Nodes[0], 1, seed(t), config{})
	st.agent.start()
	st.put(100)
	until(t, stalled, "the agent has the answer", func() bool {
		return strings.Contains(st.agent.status(), " 100 records in Kafka since the start")
	})
	leader, err := c.Leader(st.topic, 0)
	must(t, err)
	leader.Clients.Hold()
	for range 20 {
		st.put(10)
		wait(t, 50*time.Millisecond)
	}
	st.agent.kill()
	leader.Clients.Let()
	age(t, st.agent.state, 2*time.Hour)
	st.agent.start()
	st.put(10)
	st.exact()
	if strings.Contains(st.agent.said(), "read back") {
		t.Error("the topic was read back")
	}
}

package test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// TestThreeBrokers is what happens with three brokers, and topics of three
// copies of which two must be in sync. They share the cluster, one after the
// other.
func TestThreeBrokers(t *testing.T) {
	t.Parallel()
	c := threeBrokers(t)
	for _, it := range []struct {
		name string
		test func(*testing.T, *kafka.Cluster)
	}{
		{"leaders-fail", leadersFail},
		{"answer-cut", answerCut},
	} {
		t.Run(it.name, func(t *testing.T) {
			it.test(t, c)
			must(t, c.Heal(t.Context()))
		})
	}
}

func threeBrokers(t *testing.T) *kafka.Cluster {
	t.Helper()
	needKafka(t)
	begin := time.Now()
	c, err := kafka.StartCluster(t.Context(), 3, kafka.Options{Dir: tempDir(t), Settings: quietBroker})
	must(t, err)
	t.Cleanup(c.Close)
	t.Logf("three brokers are up after %v", time.Since(begin).Round(time.Millisecond))
	return c
}

// stages are some topics with n logs each, all shipped by one agent.
type stages []*stage

func newStages(t *testing.T, b *kafka.Broker, topics, n int, s uint64) stages {
	t.Helper()
	var all stages
	c := config{paths: []string{"*.log"}}
	for i := range topics {
		st := &stage{t: t, broker: b, dir: tempDir(t), topic: fmt.Sprintf("%s.%d", topicOf(t), i)}
		must(t, b.CreateTopic(st.topic, 1, nil))
		for k := range n {
			st.addLog(fmt.Sprintf("app-%d-%d", i, k), s+uint64(i*n+k))
		}
		c.inputs = append(c.inputs, input{paths: []string{filepath.Join(st.dir, "*.log")}, topic: st.topic})
		all = append(all, st)
	}
	c.broker = b.Bootstrap()
	a := newAgent(t, c)
	for _, st := range all {
		st.agent = a
	}
	return all
}

func (all stages) agent() *agent { return all[0].agent }

// write writes all logs of all topics under a load.
func (all stages) write(load lines.Load) (stop func()) {
	var stops []func()
	for _, st := range all {
		stops = append(stops, st.write(load))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// exact waits until all is there, stops the agent, and reads everything back.
func (all stages) exact() {
	all[0].t.Helper()
	for _, st := range all {
		st.arrive()
	}
	all.agent().stop(stopLimit)
	for _, st := range all {
		st.check()
	}
}

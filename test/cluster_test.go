package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// TestThreeBrokers is what happens with three brokers, and topics of three
// copies of which two must be in sync. All share the cluster, one after the
// other. What must settle first is begun at the beginning, and goes through all
// the trouble of the others meanwhile.
func TestThreeBrokers(t *testing.T) {
	t.Parallel()
	c, disk := threeBrokers(t)
	settling := []func(*testing.T){
		journalCut(t, c), journalCutBetween(t, c), stateRemoved(t, c), topicMadeAgain(t, c),
	}
	for _, it := range []struct {
		name string
		test func(*testing.T, *kafka.Cluster)
	}{
		{"leaders-fail", leadersFail},
		{"answer-cut", answerCut},
		{"down-for-long", downForLong},
		{"partitions-added", partitionsAdded},
		{"topics-in-trouble", topicsInTrouble},
		{"brokers-away", brokersAway},
		{"disk-full", func(t *testing.T, c *kafka.Cluster) { diskFull(t, c, disk) }},
	} {
		t.Run(it.name, func(t *testing.T) {
			it.test(t, c)
			must(t, c.Heal(t.Context()))
		})
	}
	for i, name := range []string{"journal-loses-a-second", "journal-cut-between", "state-removed", "topic-made-again"} {
		t.Run(name, settling[i])
	}
}

// threeBrokers starts them; the data of the third is on a disk of its own, a
// tmpfs, if the test may mount one.
func threeBrokers(t *testing.T) (c *kafka.Cluster, disk string) {
	t.Helper()
	needKafka(t)
	begin := time.Now()
	dir := tempDir(t)
	if os.Getuid() == 0 {
		disk = filepath.Join(dir, "3", "data")
		must(t, os.MkdirAll(disk, 0o755))
		mount(t, disk, plenty)
	}
	c, err := kafka.StartCluster(t.Context(), 3, kafka.Options{Dir: dir, Settings: quietBroker})
	must(t, err)
	t.Cleanup(c.Close)
	t.Logf("three brokers are up after %v", time.Since(begin).Round(time.Millisecond))
	return c, disk
}

// plenty is room for ten minutes of load.
const plenty = "size=6g"

// stages are some topics, all shipped by one agent.
type stages []*stage

// newStages makes topics that begin with name, and n empty logs for each. on
// may say which nodes have the copies of the first topics.
func newStages(t *testing.T, b *kafka.Broker, name string, topics, n int, s uint64, on ...[]int32) stages {
	t.Helper()
	var all stages
	var c config
	for i := range topics {
		st := &stage{t: t, broker: b, dir: tempDir(t), topic: fmt.Sprintf("%s.%d", name, i)}
		if i < len(on) {
			must(t, b.CreateTopicOn(st.topic, on[i]...))
		} else {
			must(t, b.CreateTopic(st.topic, 1, nil))
		}
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

// runAs goes on as another test.
func (all stages) runAs(t *testing.T) {
	all.agent().t = t
	for _, st := range all {
		st.t = t
	}
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

// put writes n whole lines to every log.
func (all stages) put(n int) {
	all[0].t.Helper()
	for _, st := range all {
		st.put(n)
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

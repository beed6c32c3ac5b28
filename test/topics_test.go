package test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// The topic is deleted under load and made again. What was acknowledged goes
// with it; all that comes behind is in the new one.
func topicMadeAgain(t *testing.T, c *kafka.Cluster) (end func(*testing.T)) {
	all := newStages(t, c.Nodes[0], "topic-made-again", 1, 1, seed(t))
	st := all[0]
	st.agent.start()
	st.put(100)
	st.arrive()
	stop := st.write(lines.Load{Rate: 2_000})
	wait(t, time.Second)
	must(t, st.broker.DeleteTopic(st.topic))
	wait(t, 500*time.Millisecond)
	until(t, stalled, "the topic can be made again", func() bool {
		return st.broker.CreateTopic(st.topic, 1, nil) == nil
	})
	wait(t, time.Second)
	stop()
	return func(t *testing.T) {
		all.runAs(t)
		chain := st.logs[0].Chain
		topic, err := lines.OpenTopic(st.broker.Bootstrap(), st.topic)
		must(t, err)
		defer topic.Close()
		until(t, stalled, "the new topic has the last line", func() bool {
			return lastIs(t, topic, chain.Line(chain.Lines()-1))
		})
		n, err := topic.End()
		must(t, err)
		if n > chain.Lines()-100 {
			t.Errorf("the new topic has %d of %d lines, also of those that were in the old one", n, chain.Lines())
		}
		chain.Skip(n)
		all.exact()
	}
}

// Partitions are added under load, and the agent is killed: what comes then
// goes to the partition that the key falls on now.
func partitionsAdded(t *testing.T, c *kafka.Cluster) {
	st := newStage(t, c.Nodes[0], 1, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000})
	wait(t, time.Second)
	must(t, st.broker.AddPartitions(st.topic, 5))
	wait(t, time.Second)
	st.agent.kill()
	st.agent.start()
	wait(t, time.Second)
	stop()
	st.exact()
}

// One topic may not be written, one has no leader, and one is well: it does
// not wait for the others. They go on when somebody has seen to them.
func topicsInTrouble(t *testing.T, c *kafka.Cluster) {
	all := newStages(t, c.Nodes[0], "topics-in-trouble", 3, 1, seed(t), []int32{1, 2}, []int32{3}, []int32{1, 2})
	denied, headless, well := all[0], all[1], all[2]
	all.agent().start()
	all.put(100)
	for _, st := range all {
		st.arrive()
	}
	must(t, c.Nodes[0].Deny(denied.topic, sarama.AclOperationWrite))
	c.Nodes[2].Kill()
	all.put(1000)
	all.agent().waitSaid(stalled, "level=ERROR", "topic="+denied.topic, "not authorized")
	all.agent().waitSaid(stalled, "level=ERROR", "topic="+headless.topic)
	for range 20 {
		all.put(10)
		well.arrive()
	}
	for _, st := range []*stage{denied, headless} {
		if n := st.arrived(); n >= st.written() {
			t.Errorf("topic %s has %d of %d lines: it was in no trouble", st.topic, n, st.written())
		}
	}
	if strings.Contains(all.agent().said(), `works" topic=`+well.topic) {
		t.Error("the topic that is well waited")
	}
	out := checked(t, all.agent().conf,
		"! Broker "+c.Nodes[2].Addr, "! Topic "+denied.topic+": Kafka does not allow", "Topic "+headless.topic+": 1 partition.",
		"Topic "+well.topic+": 1 partition.", "This client may ship exactly once.", "This client may write to it.",
		"Copies in sync: 2 of 2; needed: 2")
	// The node is said to lead until the others take it for dead.
	if !strings.Contains(out, "!   Kafka answers, but says that a broker is at "+c.Nodes[2].Addr) && !strings.Contains(out, "has no leader: its brokers are down or starting") {
		t.Errorf("check does not say what is wrong with topic %s:\n%s", headless.topic, out)
	}
	until(t, stalled, "a broker that runs takes the permission", func() bool { return c.Nodes[0].Permit(denied.topic) == nil })
	must(t, c.Heal(t.Context()))
	all.exact()
}

// checked demands that check --connect finds something wrong, and says these; it
// returns all that is said.
func checked(t *testing.T, conf string, says ...string) string {
	t.Helper()
	out, errs, status := command(t, "check", "--config", conf, "--connect")
	if status != 1 {
		t.Errorf("check: status %d", status)
	}
	for _, s := range says {
		if !strings.Contains(out, s) {
			t.Errorf("check does not say %q:\n%s%s", s, out, errs)
		}
	}
	return out
}

// arrived is how many records the topic has, 0 while nobody says.
func (st *stage) arrived() int {
	topic, err := lines.OpenTopic(st.broker.Bootstrap(), st.topic)
	if err != nil {
		return 0
	}
	defer topic.Close()
	n, err := topic.End()
	if err != nil {
		return 0
	}
	return n
}

// The disk of a broker is full: it ends, others lead, and it comes back when
// there is room.
func diskFull(t *testing.T, c *kafka.Cluster, disk string) {
	if disk == "" {
		t.Skip("only root can mount")
	}
	st := newStage(t, c.Nodes[0], 2, seed(t), config{codec: "none"})
	full := c.Nodes[2]
	st.agent.start()
	stop := st.write(lines.Load{Rate: 5_000})
	wait(t, time.Second)
	var fs syscall.Statfs_t
	must(t, syscall.Statfs(disk, &fs))
	used := (int64(fs.Blocks) - int64(fs.Bfree)) * fs.Bsize
	must(t, resize(disk, used+1<<20))
	until(t, stalled, "the broker ends", func() bool { return !full.Runs() })
	if text := full.Log(); !strings.Contains(text, "No space left on device") {
		t.Errorf("the broker ended otherwise:\n%s", text)
	}
	wait(t, time.Second)
	must(t, resize(disk, 6<<30))
	must(t, c.Heal(t.Context()))
	stop()
	st.exact()
}

// resize gives a mounted tmpfs another size, in bytes.
func resize(disk string, size int64) error {
	err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", size))
	if err != nil {
		return fmt.Errorf("resize %s: %w", disk, err)
	}
	return nil
}

package kafka

import (
	"strings"
	"testing"

	"tailrace/outputs/kafka/wire"
)

// The topic is deleted and made again with fewer partitions, and lines are under
// way to one that is not there any more: people are told so, and what to do; then
// the lines are there once.
func TestTopicMadeAgainWithFewerPartitions(t *testing.T) {
	r := newRig(t)
	const partitions = 4
	own := wire.Partition([]byte(r.key), partitions)
	if own == 0 {
		t.Fatal("the test needs a key of another partition than 0")
	}
	r.createTopicOf("logs", partitions)
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.exact("logs")
	r.deleteTopic("logs")
	r.createTopicOf("logs", 1)
	s.append(numbered(10, 10))
	told := u.until(t, "trouble", func(s Stats) bool { return strings.Contains(s.Trouble, "made again with fewer") })
	if told.Partition != own || !strings.Contains(told.Trouble, "--alter --partitions") {
		t.Errorf("partition %d waits: %s", told.Partition, told.Trouble)
	}

	r.addPartitions("logs", own+1)
	if got := strings.Join(r.values("logs", 10), ""); got != numbered(10, 10) {
		t.Errorf("the new topic has %q", got)
	}
	u.until(t, "the end of the trouble", func(s Stats) bool { return s.Trouble == "" && s.Acked == 20 })
	u.end()
}

// While the lane waits for something else, what was mended is not shown any more.
func TestWaitHidesTrouble(t *testing.T) {
	r := newRig(t)
	r.settle = tooLong
	own := wire.Partition([]byte(r.key), 4)
	r.createTopicOf("logs", own+1)
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.exact("logs")
	r.deleteTopic("logs")
	r.createTopicOf("logs", 1)
	s.append(numbered(10, 10))
	u.until(t, "trouble", func(s Stats) bool { return strings.Contains(s.Trouble, "made again with fewer") })
	r.addPartitions("logs", own+1)
	paused := u.until(t, "the lane waits", func(s Stats) bool { return s.Pause != "" })
	if paused.Trouble != "" {
		t.Errorf("what is mended is still shown: %s", paused.Trouble)
	}
	u.crash()
}

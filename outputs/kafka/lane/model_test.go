package lane

import (
	"os"
	"testing"
	"time"
)

// small are explored by every go test.
var small = []history{
	{name: "crashes and errors", lines: [2]int{4}, cut: []int{1}, window: 3,
		budget: budget{crash: 2, refuse: 1, fail: 1}},
	{name: "a failover", lines: [2]int{4}, cut: []int{1}, window: 3,
		budget: budget{crash: 1, failover: 1, drop: 1}},
	{name: "a restart of the broker", lines: [2]int{4}, cut: []int{1}, window: 3,
		budget: budget{restart: 1, drop: 1, crash: 1, failover: 1}},
	{name: "two files in batches of any size", lines: [2]int{3, 2}, cut: []int{1, 2}, window: 2,
		budget: budget{crash: 2}},
	{name: "batches that are cut", lines: [2]int{4}, cut: []int{2}, window: 2, limit: 1,
		budget: budget{crash: 2, fail: 1, refuse: 1, failover: 1}},
	{name: "the limit lowered and raised", lines: [2]int{4}, cut: []int{2}, window: 2, rebinds: true,
		budget: budget{crash: 1, fail: 1, lower: 1, raise: 1, restart: 1}},
	{name: "power loss", lines: [2]int{2, 1}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{power: 1}},
	{name: "power loss while an answer is held back", lines: [2]int{3}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{power: 1, crash: 1, failover: 1}},
	{name: "power loss, and the partition may not be read", lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, repeats: true,
		budget: budget{fail: 1, crash: 1, forget: 1, deny: 2}},
	{name: "a rollback", lines: [2]int{2, 1}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{rollback: 1}},
	{name: "acks long ago", lines: [2]int{4}, cut: []int{1}, window: 3, notWarm: true, rebinds: true,
		budget: budget{crash: 1, restart: 1, failover: 1}},
	{name: "the agent is down for long", lines: [2]int{3}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{crash: 2, age: 1, fail: 1, restart: 1, failover: 1}},
	{name: "the broker forgets", lines: [2]int{4}, cut: []int{1}, window: 3, rebinds: true,
		budget: budget{crash: 2, forget: 1, fail: 1, refuse: 1}},
	{name: "killed again and again while it settles", lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, repeats: true,
		budget: budget{crash: 3, forget: 1, fail: 1, deny: 1}},
	{name: "power loss, and killed again and again while it settles", lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{power: 1, crash: 2, drop: 1}},
	{name: "the first start on a topic with records of others, and the state directory is lost", lines: [2]int{2, 1}, cut: []int{1}, window: 2, first: true, rebinds: true,
		budget: budget{lose: 1, crash: 1, failover: 1}},
	{name: "the state directory is lost, and the broker loses answers", lines: [2]int{2}, cut: []int{1}, window: 2, first: true, rebinds: true,
		budget: budget{lose: 2, crash: 1, fail: 1, drop: 1}},
	{name: "old timestamps", lines: [2]int{3}, cut: []int{1}, window: 3, rebinds: true, stamps: true,
		budget: budget{crash: 1, forget: 2, fail: 1, refuse: 1, drop: 1}},
	{name: "old timestamps over a failover", lines: [2]int{3}, cut: []int{1}, window: 2, rebinds: true, stamps: true,
		budget: budget{crash: 1, forget: 1, drop: 1, failover: 1}},
	{name: "old timestamps in batches that are cut", lines: [2]int{4}, cut: []int{2}, window: 2, limit: 1, rebinds: true, stamps: true,
		budget: budget{crash: 1, forget: 1, fail: 1, refuse: 1}},
	{name: "old timestamps, and the partition may not be read", lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, repeats: true, stamps: true,
		budget: budget{crash: 1, forget: 1, fail: 1, deny: 2}},
}

// deep are explored with TAILRACE_MODEL=deep: some millions of worlds, in
// minutes of one core and up to 5 GB.
var deep = []history{
	{name: "all, three under way", lines: [2]int{5}, cut: []int{1}, window: 3,
		budget: budget{crash: 2, refuse: 1, fail: 1, drop: 1, failover: 1, restart: 1}},
	{name: "five under way", lines: [2]int{6}, cut: []int{1}, window: 5,
		budget: budget{crash: 1, restart: 1, drop: 1, failover: 1}},
	{name: "batches that are cut", lines: [2]int{6}, cut: []int{2, 3}, window: 2, limit: 1,
		budget: budget{crash: 2, refuse: 1, fail: 1, drop: 1, failover: 1}},
	{name: "the limit lowered and raised", lines: [2]int{6}, cut: []int{2}, window: 3, rebinds: true,
		budget: budget{crash: 1, fail: 1, drop: 1, failover: 1, restart: 1, lower: 1, raise: 1}},
	{name: "the agent is down for long", lines: [2]int{4}, cut: []int{1}, window: 3, rebinds: true,
		budget: budget{crash: 2, age: 1, forget: 1, fail: 1, drop: 1, failover: 1, restart: 1}},
	{name: "power loss", lines: [2]int{3, 1}, cut: []int{1, 2}, window: 3, rebinds: true,
		budget: budget{power: 2, crash: 1, restart: 1}},
	{name: "power loss, crash and failover", lines: [2]int{3}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{power: 1, crash: 2, failover: 1, drop: 1}},
}

// TestModel visits every world of these histories. In each, what is committed
// must be in order and without unreported repeats, and from each, everything
// can still be delivered.
func TestModel(t *testing.T) {
	histories := small
	if os.Getenv("TAILRACE_MODEL") == "deep" {
		histories = deep
	}
	for _, h := range histories {
		t.Run(h.name, func(t *testing.T) {
			began := time.Now()
			states, wrong := explore(&h, 0)
			if wrong != "" {
				t.Error(wrong)
			}
			t.Logf("%d states, %v", states, time.Since(began).Round(time.Millisecond))
		})
	}
}

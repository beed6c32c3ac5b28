package lane

import (
	"testing"
	"time"
)

var small = []history{
	{name: "crashes", lines: [2]int{4}, cut: []int{1}, window: 3,
		budget: budget{crash: 2, refuse: 1, fail: 1}},
	{name: "failover", lines: [2]int{4}, cut: []int{1}, window: 3,
		budget: budget{crash: 1, failover: 1, drop: 1}},
	{name: "restart", lines: [2]int{5}, cut: []int{1}, window: 3,
		budget: budget{restart: 1, drop: 1, crash: 1, failover: 1}},
	{name: "cuts", lines: [2]int{3, 2}, cut: []int{1, 2}, window: 2,
		budget: budget{crash: 2}},
	{name: "split", lines: [2]int{4}, cut: []int{2}, window: 2, limit: 1,
		budget: budget{crash: 1, fail: 1, refuse: 1}},
	{name: "limits", lines: [2]int{4}, cut: []int{2}, window: 2, rebinds: true,
		budget: budget{crash: 1, fail: 1, lower: 1, raise: 1}},
	{name: "power", lines: [2]int{2, 1}, cut: []int{1, 2}, window: 2, rebinds: true,
		budget: budget{power: 1, fail: 1}},
	{name: "rollback", lines: [2]int{2, 1}, cut: []int{1}, window: 2, rebinds: true,
		budget: budget{rollback: 1, fail: 1}},
	{name: "cold", lines: [2]int{4}, cut: []int{1}, window: 3, notWarm: true, rebinds: true,
		budget: budget{crash: 1, restart: 1, failover: 1}},
}

func TestModel(t *testing.T) {
	for _, h := range small {
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

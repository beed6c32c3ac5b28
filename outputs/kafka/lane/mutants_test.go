package lane

import "testing"

// mutants are the rules taken away, each with a history that shows what it is
// there for.
var mutants = []struct {
	name    string
	without rule
	in      history
}{
	{"several under way on a fresh producer id", firstAlone,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, budget: budget{refuse: 1}}},
	{"the parts of a batch under way together on a fresh producer id", partsAlone,
		history{lines: [2]int{2}, cut: []int{2}, window: 2, limit: 1, budget: budget{refuse: 1}}},
	{"sent before the intent is journalled", intentFirst,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, budget: budget{crash: 1}}},
	{"a gap answered with a fresh producer id", scanOnGap,
		history{lines: [2]int{3}, cut: []int{1}, window: 2, budget: budget{drop: 1, restart: 1}}},
	{"a scan of a cold stream", scanWarm,
		history{lines: [2]int{3}, cut: []int{1}, window: 2, notWarm: true, rebinds: true, budget: budget{crash: 1, failover: 1, restart: 1}}},
	{"a producer id that the leader has forgotten taken for one that it knows", heedAbsence,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, budget: budget{crash: 1, forget: 1, fail: 1}}},
	{"a scan whose NONE acks one batch only", ackAll,
		history{lines: [2]int{3}, cut: []int{1}, window: 2, budget: budget{drop: 1, restart: 1}}},
	{"a gap tried again for ever", gapEnds,
		history{lines: [2]int{3}, cut: []int{1}, window: 2, budget: budget{drop: 1, restart: 1}}},
	{"a fresh producer id before the replay is done", replayFirst,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, budget: budget{crash: 1}}},
	{"the old producer id for new lines after a start", freshID,
		history{lines: [2]int{2, 1}, cut: []int{1}, window: 2, rebinds: true, budget: budget{rollback: 1}}},
	{"a long time away taken for a short one", heedDoubt,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, budget: budget{crash: 1, forget: 1}}},
	{"the partition read before an old connection is done", settleFirst,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, budget: budget{crash: 1, drop: 1, forget: 1, power: 1}}},
	{"the partition read, after the state directory was lost, before an old connection is done", settleFirst,
		history{lines: [2]int{2}, cut: []int{1}, window: 2, first: true, rebinds: true, budget: budget{lose: 1}}},
	{"the partition read while a request is on a connection that was closed", heedOpen,
		history{lines: [2]int{1}, cut: []int{1}, window: 2, rebinds: true, stamps: true, budget: budget{drop: 1}}},
	{"a wait that was for what was sent before taken for one for all", noteSends,
		history{lines: [2]int{1}, cut: []int{1}, window: 2, rebinds: true, budget: budget{power: 1, crash: 1}}},
	{"a rebind in several records", rebindWhole,
		history{lines: [2]int{3}, cut: []int{1}, window: 2, rebinds: true, budget: budget{crash: 1, power: 1}}},
	{"old timestamps taken for young ones: a repeat", heedStamps,
		history{lines: [2]int{1}, cut: []int{1}, window: 2, rebinds: true, stamps: true, budget: budget{forget: 1, fail: 1}}},
	{"old timestamps taken for young ones: a loss", heedStamps,
		history{lines: [2]int{4}, cut: []int{1}, window: 3, rebinds: true, stamps: true, budget: budget{forget: 1, refuse: 1}}},
}

// drivers are wrong ones, each with a history that shows it.
var drivers = []struct {
	name string
	in   history
}{
	{"the partition read to the high watermark only",
		history{lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, toHW: true, budget: budget{power: 1, failover: 1}}},
	{"a first line looked for to the high watermark only",
		history{lines: [2]int{1}, cut: []int{1}, window: 2, first: true, rebinds: true, toHW: true, budget: budget{lose: 1, failover: 1}}},
	{"the state directory lost while the very first batch is under way, which no look can know",
		history{lines: [2]int{1}, cut: []int{1}, window: 2, first: true, rebinds: true, hasty: true, budget: budget{lose: 1}}},
	{"a doubt that a second crash forgets",
		history{lines: [2]int{2}, cut: []int{1}, window: 2, rebinds: true, forgets: true, budget: budget{power: 1, crash: 1}}},
}

func TestDriverMutants(t *testing.T) {
	for _, m := range drivers {
		t.Run(m.name, func(t *testing.T) {
			n, wrong := explore(&m.in, 0)
			if wrong == "" {
				t.Errorf("not caught in %d states", n)
			}
			t.Logf("%d states: %s", n, wrong)
		})
	}
}

func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			if n, wrong := explore(&m.in, 0); wrong != "" {
				t.Errorf("the machine itself, %d states: %s", n, wrong)
			}
			n, wrong := explore(&m.in, m.without)
			if wrong == "" {
				t.Errorf("not caught in %d states", n)
			}
			t.Logf("%d states: %s", n, wrong)
		})
	}
}

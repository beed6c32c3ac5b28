package test

import (
	"testing"
	"time"

	"tailrace/test/lines"
)

// At least once, the agent and the broker killed: nothing is missing or torn.
// What is repeated is only counted; a run without a failure is exact.
func TestAtLeastOnceKilled(t *testing.T) {
	t.Parallel()
	r := random(t)
	b := ownBroker(t)
	st := newStage(t, b, 4, r.Uint64(), config{kafka: "delivery: at_least_once\n"})
	st.agent.start()
	st.put(5_000)
	st.arrive()
	st.check()

	stop := st.write(lines.Load{Rate: 2_000, Rotate: heavy.Rotate, Keep: heavyAlone.Keep, Late: heavy.Late})
	for n := range kills(t) / 3 {
		wait(t, lifetime(r))
		if n%3 == 2 {
			b.Kill()
			must(t, b.Restart(t.Context()))
			continue
		}
		st.agent.kill()
		wait(t, downtime(r))
		st.agent.start()
	}
	stop()
	result := st.complete()
	st.agent.stop(stopLimit)
	t.Log(result)
	if result.Torn+result.Misplaced > 0 {
		t.Errorf("%v\n%v", result, result.Offenders)
	}
}

// complete is what the topic has, once every line is there: it may have many more
// records, and reading it may take longer than a topic may stand still.
func (st *stage) complete() lines.Result {
	st.t.Helper()
	topic, err := lines.OpenTopic(st.broker.Bootstrap(), st.topic)
	must(st.t, err)
	defer topic.Close()
	for last, moved := -1, time.Now(); ; wait(st.t, 100*time.Millisecond) {
		n, err := topic.End()
		if err == nil && n != last {
			last, moved = n, time.Now()
		}
		still := time.Since(moved)
		result := readBack(st.t, st.broker, st.topic, st.chains()...)
		if result.Missing == 0 {
			return result
		}
		if still > stalled {
			st.t.Fatalf("no record came for %v: %v\n%v", still, result, result.Offenders)
		}
	}
}

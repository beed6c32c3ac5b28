package test

import (
	"testing"

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
	var result lines.Result
	until(t, stalled, "every line is there", func() bool {
		result = readBack(t, b, st.topic, st.chains()...)
		return result.Missing == 0
	})
	st.agent.stop(stopLimit)
	t.Log(result)
	if result.Torn+result.Misplaced > 0 {
		t.Errorf("%v\n%v", result, result.Offenders)
	}
}

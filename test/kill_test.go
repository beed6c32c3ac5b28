package test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tailrace/test/lines"
)

// heavy is 20,000 lines a second over four logs that are renamed every 2 s by
// programs that go on in the old file for a while.
var heavy = lines.Load{Rate: 5_000, Rotate: 2 * time.Second, Keep: 30, Late: 300 * time.Millisecond}

// The agent is killed again and again at random moments.
func TestAgentKilled(t *testing.T) {
	r := random(t)
	st := newStage(t, sharedBroker(t), 4, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(heavy)
	for range kills(t) {
		wait(t, lifetime(r))
		st.agent.kill()
		wait(t, downtime(r))
		st.agent.start()
	}
	stop()
	st.exact()
}

// lifetime is how long the agent lives before it is killed: now and then it
// only just starts.
func lifetime(r *rand.Rand) time.Duration {
	if r.IntN(4) == 0 {
		return time.Duration(r.IntN(150)) * time.Millisecond
	}
	return time.Duration(200+r.IntN(2300)) * time.Millisecond
}

func downtime(r *rand.Rand) time.Duration {
	if r.IntN(3) > 0 {
		return 0
	}
	return time.Duration(r.IntN(1500)) * time.Millisecond
}

// The agent is killed at random moments, and the broker every 10 s.
func TestAgentAndBrokerKilled(t *testing.T) {
	r := random(t)
	b := ownBroker(t)
	st := newStage(t, b, 4, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(heavy)
	brokerKilled := time.Now()
	for range kills(t) {
		wait(t, lifetime(r))
		st.agent.kill()
		wait(t, downtime(r))
		st.agent.start()
		if time.Since(brokerKilled) > 10*time.Second {
			b.Kill()
			must(t, b.Restart(t.Context()))
			brokerKilled = time.Now()
		}
	}
	stop()
	st.exact()
}

// Only the broker is killed, every 10 s: the agent goes on by itself.
func TestBrokerKilled(t *testing.T) {
	r := random(t)
	b := ownBroker(t)
	st := newStage(t, b, 4, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(heavy)
	for range max(1, kills(t)/5) {
		wait(t, 10*time.Second)
		b.Kill()
		must(t, b.Restart(t.Context()))
	}
	stop()
	st.exact()
}

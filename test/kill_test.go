package test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// heavy is 20,000 lines a second over four logs that are renamed every 2 s by
// programs that go on in the old file for a while. Ten old files are kept: what
// is deleted was read long ago, and its inode is given to a new file.
var heavy = lines.Load{Rate: 5_000, Rotate: 2 * time.Second, Keep: 10, Late: 300 * time.Millisecond}

// heavyAlone is the same while brokers are away, for what is longer on a busy
// machine than ten files last.
var heavyAlone = lines.Load{Rate: heavy.Rate, Rotate: heavy.Rotate, Keep: 100, Late: heavy.Late}

// The agent is killed again and again at random moments.
func TestAgentKilled(t *testing.T) {
	t.Parallel()
	killAgent(t, heavy)
}

// The same while files are copied and truncated.
func TestAgentKilledCopyTruncate(t *testing.T) {
	t.Parallel()
	load := heavy
	load.Copy = true
	killAgent(t, load)
}

// killAgent kills the agent again and again at random moments.
func killAgent(t *testing.T, load lines.Load) {
	t.Helper()
	r := random(t)
	st := newStage(t, sharedBroker(t), 4, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(load)
	for range kills(t) {
		wait(t, lifetime(r))
		st.agent.kill()
		wait(t, downtime(r))
		st.agent.start()
	}
	stop()
	st.exact()
	proven(t, st.agent)
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

// The agent is killed at random moments, and at the same time the broker 10 s
// after each of its starts.
func TestAgentAndBrokerKilled(t *testing.T) {
	t.Parallel()
	r := random(t)
	b := ownBroker(t)
	st := newStage(t, b, 4, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(heavyAlone)
	leave := killAgain(t, b)
	for range 2 * kills(t) {
		wait(t, lifetime(r))
		st.agent.kill()
		wait(t, downtime(r))
		st.agent.start()
	}
	stop()
	leave()
	st.exact()
}

// Only the broker is killed: the agent goes on by itself.
func TestBrokerKilled(t *testing.T) {
	t.Parallel()
	r := random(t)
	b := ownBroker(t)
	st := newStage(t, b, 4, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(heavyAlone)
	leave := killAgain(t, b)
	wait(t, time.Duration(kills(t))*3*time.Second)
	stop()
	leave()
	st.exact()
}

// killAgain kills a broker 10 s after each of its starts, and starts it again
// at once, until the returned function is called; then it runs.
func killAgain(t *testing.T, b *kafka.Broker) (leave func()) {
	count := 0
	return meanwhile(t, func(end <-chan struct{}) {
		for {
			select {
			case <-end:
				t.Logf("the broker was killed %d times", count)
				return
			case <-time.After(10 * time.Second):
			}
			count++
			t.Logf("%s the broker is killed", time.Now().Format("15:04:05.000"))
			b.Kill()
			if err := b.Restart(t.Context()); err != nil {
				t.Error(err)
				return
			}
		}
	})
}

// meanwhile does something until the returned function is called, or the test
// ends: then end is closed, and it is waited for.
func meanwhile(t *testing.T, do func(end <-chan struct{})) (leave func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		do(end)
	}()
	leave = sync.OnceFunc(func() {
		close(end)
		<-done
	})
	t.Cleanup(leave)
	return leave
}

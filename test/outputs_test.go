package test

import (
	"fmt"
	"testing"
	"time"

	"tailrace/test/lines"
)

// Of two clusters one is down, and the agent is killed meanwhile: what goes to
// the other arrives; then both are exact.
func TestTwoClusters(t *testing.T) {
	t.Parallel()
	well, sick := sharedBroker(t), ownBroker(t)
	outputs := fmt.Sprintf("outputs:\n  well: {kafka: {brokers: [%q]}}\n  sick: {kafka: {brokers: [%q]}}\n", well.Bootstrap(), sick.Bootstrap())
	other := &stage{t: t, broker: sick, dir: tempDir(t), topic: topicOf(t)}
	must(t, sick.CreateTopic(other.topic, 1, nil))
	s := seed(t)
	other.addLog("app-z", s+99)
	st := newStage(t, well, 2, s, config{own: "output: well", outputs: outputs, inputs: []input{
		{paths: []string{other.dir + "/*.log"}, topic: other.topic, more: "    output: sick\n"},
	}})
	other.agent = st.agent
	st.agent.start()
	load := lines.Load{Rate: 1_000, Rotate: time.Second, Keep: 100, Late: 100 * time.Millisecond}
	stopSick := other.write(load)
	wait(t, 2*time.Second)
	sick.Kill()
	stop := st.write(load)
	wait(t, 2*time.Second)
	st.agent.kill()
	st.agent.start()
	wait(t, 2*time.Second)
	stop()
	st.arrive() // while the other is down
	stopSick()
	must(t, sick.Restart(t.Context()))
	other.arrive()
	st.exact()
	other.check()
}

package test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// The oldest Kafka that has idempotent producers: exact when the agent is
// killed, and when the broker is.
func TestOldestKafka(t *testing.T) {
	t.Parallel()
	needKafka(t)
	b, err := kafka.StartOldest(t.Context(), quietBroker)
	if errors.Is(err, kafka.ErrNoJava) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(b.Close)
	r := random(t)
	st := newStage(t, b, 2, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000, Rotate: 2 * time.Second, Keep: 100, Late: 300 * time.Millisecond})
	for n := range kills(t) / 3 {
		wait(t, lifetime(r))
		st.agent.kill()
		if n == 2 {
			b.Kill()
			until(t, stalled, "the broker is back", func() bool { return b.Restart(t.Context()) == nil })
		}
		st.agent.start()
	}
	stop()
	st.exact()
	out, errs, status := command(t, "check", "--config", st.agent.conf, "--connect")
	if status != 0 || !strings.Contains(out, "older than Kafka 2.1") || !strings.Contains(out, "may ship exactly once") {
		t.Errorf("check: status %d\n%s%s", status, out, errs)
	}
}

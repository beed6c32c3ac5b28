package test

import (
	"context"
	"slices"
	"testing"
	"time"

	"tailrace/test/lines"
)

// One line every 100 ms: how long until a consumer has it. The figures are
// printed, not judged; bench/ measures on a quiet machine.
func TestLatency(t *testing.T) {
	const count = 200
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	st.agent.start()
	st.put(1)
	st.arrive()

	topic, err := lines.OpenTopic(st.broker.Addr, st.topic)
	must(t, err)
	defer topic.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	arrived := make(chan time.Time, count)
	ready, done := make(chan struct{}), make(chan error)
	go func() {
		done <- topic.Follow(ctx, ready, func(lines.Record) { arrived <- time.Now() })
	}()
	<-ready
	wait(t, time.Second) // the consumer's first request is under way

	var took []time.Duration
	for range count {
		wait(t, 100*time.Millisecond)
		begin := time.Now()
		st.put(1)
		select {
		case at := <-arrived:
			took = append(took, at.Sub(begin))
		case <-time.After(stalled):
			t.Fatal("a line does not come")
		}
	}
	cancel()
	must(t, <-done)
	slices.Sort(took)
	t.Logf("from write to consumer: p50 %v, p99 %v, the slowest %v", took[count/2], took[count*99/100], took[count-4:])
	st.exact()
}

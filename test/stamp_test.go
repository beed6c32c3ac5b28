package test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// Lines that are two days old, with their times as timestamps, to a broker that
// forgets producer ids by these ten times a second: each is there once, in order,
// with its time. With TAILRACE_STAMP_KILLS=4 the agent is killed so often with
// lines under way; it waits for 90 s after each.
func TestOldTimestamps(t *testing.T) {
	t.Parallel()
	needKafka(t)
	settings := maps.Clone(quietBroker)
	settings["producer.id.expiration.check.interval.ms"] = "100"
	b, err := kafka.Start(t.Context(), kafka.Options{Dir: tempDir(t), Settings: settings})
	must(t, err)
	t.Cleanup(b.Close)
	st := newStage(t, b, 0, 0, config{own: `time: {pattern: '^(?P<time>\S+)', layout: "2006-01-02T15:04:05.000Z07:00", timestamp: true}`})
	topic, err := lines.OpenTopic(b.Bootstrap(), st.topic)
	must(t, err)
	defer topic.Close()
	log, err := os.Create(filepath.Join(st.dir, "old.log"))
	must(t, err)
	defer log.Close()
	begin := time.Now().Add(-48 * time.Hour).UTC().Truncate(time.Millisecond)
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Millisecond) }
	st.agent.start()
	const each = 5_000
	written, kills := 0, number(t, "TAILRACE_STAMP_KILLS", 0)
	for round := range 8 {
		for range each {
			_, err := fmt.Fprintf(log, "%s line %d\n", at(written).Format("2006-01-02T15:04:05.000Z07:00"), written)
			must(t, err)
			written++
		}
		if round < kills {
			wait(t, 100*time.Millisecond)
			st.agent.kill()
			st.agent.start()
		}
		until(t, stalled, "the lines are there", func() bool { n, err := topic.End(); return err == nil && n >= written })
		wait(t, 300*time.Millisecond) // the broker forgets
	}
	st.agent.stop(stopLimit)
	n := 0
	must(t, topic.Read(t.Context(), func(r lines.Record) {
		want := fmt.Sprintf("%s line %d", at(n).Format("2006-01-02T15:04:05.000Z07:00"), n)
		if string(r.Value) != want || !r.Time.Equal(at(n)) {
			t.Fatalf("record %d is %q with the time %v, want %q", n, r.Value, r.Time, want)
		}
		n++
	}))
	if n != written {
		t.Errorf("%d records of %d lines", n, written)
	}
}

package test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailrace/test/lines"
)

// Lines of four files, some there before the start, arrive exactly; SIGTERM
// ends the agent with status 0, and a second start ships nothing again.
func TestSmoke(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 4, seed(t), config{})
	st.put(500)
	st.agent.start()
	st.put(500)
	st.arrive()
	st.agent.stop(stopLimit)
	st.put(200)
	st.agent.start()
	st.put(1)
	st.exact()
}

// The value is the bytes of the line, whatever they are.
func TestOddLines(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	st := newStage(t, b, 0, 0, config{})
	odd := []string{"", " ", "\t  ", "windows\r", "\r", "a\x00b", "\xff\xfe invalid", "x", "ünïcode – 行", strings.Repeat("long ", 20_000)}
	path := filepath.Join(st.dir, "odd name\n.log")
	must(t, os.WriteFile(path, []byte(strings.Join(odd, "\n")+"\n"), 0o644))
	st.agent.start()

	topic, err := lines.OpenTopic(b.Addr, st.topic)
	must(t, err)
	defer topic.Close()
	until(t, stalled, "all lines are there", func() bool {
		n, err := topic.End()
		return err == nil && n >= len(odd)
	})
	st.agent.stop(stopLimit)
	n := 0
	must(t, topic.Read(t.Context(), func(r lines.Record) {
		if n < len(odd) && !bytes.Equal(r.Value, []byte(odd[n])) || n >= len(odd) {
			t.Errorf("record %d is %v", n, r)
		}
		if r.Headers["path"] != path || r.Key != host {
			t.Errorf("record %d: key %q, headers %q", n, r.Key, r.Headers)
		}
		n++
	}))
	if n != len(odd) {
		t.Errorf("%d records of %d lines", n, len(odd))
	}
}

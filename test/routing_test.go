package test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"tailrace/outputs/kafka/wire"
	"tailrace/test/lines"
)

// Topics by the directory, keys by the path over three partitions, rotation, and
// kills all the while: each line is once where its path says, in order.
func TestRoutedKilled(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	st := &stage{t: t, broker: b, dir: tempDir(t), topic: topicOf(t)}
	const partitions = 3
	topics := []string{st.topic + "-pay", st.topic + "-shop"}
	for _, name := range topics {
		must(t, b.CreateTopic(name, partitions, nil))
	}
	s := seed(t)
	where := map[string]string{} // the topic of each path
	for i := range 8 {
		name := "app-" + string(rune('a'+i))
		path := filepath.Join([]string{"svc-pay", "svc-shop"}[i%2], name+".log")
		st.addLogAt(path, name, s+uint64(i))
		where[filepath.Join(st.dir, path)] = topics[i%2]
	}
	st.agent = newAgent(t, config{broker: b.Bootstrap(), inputs: []input{{
		paths: []string{filepath.Join(st.dir, "*", "*.log")}, topic: fmt.Sprintf("%q", st.topic+"-{service}"),
		more: "    path_pattern: '/svc-(?P<service>[a-z]+)/'\n    fallback_topic: none\n    key: path\n    headers: {service: \"{service}\"}\n",
	}}})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 1_000, Rotate: 2 * time.Second, Keep: 50, Late: 200 * time.Millisecond})
	for range kills(t) {
		wait(t, 700*time.Millisecond)
		st.agent.kill()
		st.agent.start()
	}
	stop()

	checks := map[string]*lines.Check{}
	for i, l := range st.logs {
		path := filepath.Join(st.dir, []string{"svc-pay", "svc-shop"}[i%2], fmt.Sprintf("app-%c.log", 'a'+i))
		checks[path] = lines.NewCheck(path, l.Chain)
	}
	st.arriveIn(topics)
	st.agent.stop(stopLimit)
	used := map[string]bool{}
	for _, name := range topics {
		topic, err := lines.OpenTopic(b.Bootstrap(), name)
		must(t, err)
		defer topic.Close()
		must(t, topic.Read(t.Context(), func(r lines.Record) {
			service := name[len(st.topic)+1:]
			c := checks[r.Key]
			if c == nil || where[r.Key] != name || r.Partition != wire.Partition([]byte(r.Key), partitions) ||
				r.Headers["host"] != host || r.Headers["service"] != service {
				t.Fatalf("in %s: %v", name, r)
			}
			used[fmt.Sprint(name, r.Partition)] = true
			c.Add(r)
		}))
	}
	t.Logf("%d lines in %d partitions", st.written(), len(used))
	for path, c := range checks {
		if result := c.Result(); result.Err() != nil {
			t.Errorf("%s: %v\n%v", path, result, result.Err())
		}
	}
	if len(used) < 4 {
		t.Errorf("only %d partitions were used", len(used))
	}
}

// arriveIn waits until the topics together have as many records as lines were
// written.
func (st *stage) arriveIn(topics []string) {
	st.t.Helper()
	last, moved := -1, time.Now()
	for time.Since(moved) < stalled {
		n := 0
		for _, name := range topics {
			topic, err := lines.OpenTopic(st.broker.Bootstrap(), name)
			must(st.t, err)
			if end, err := topic.End(); err == nil {
				n += end
			}
			topic.Close()
		}
		if n >= st.written() {
			return
		}
		if n > last {
			last, moved = n, time.Now()
		}
		wait(st.t, 50*time.Millisecond)
	}
	st.t.Errorf("the topics stand still at %d of %d", last, st.written())
}

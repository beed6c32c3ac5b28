package test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// Lines that the broker does not take stand between short ones, which are
// exact. Each long one is a shortened record in its place, and whole in the
// dead-letter file. The topic's limit is lowered while the agent runs.
func TestBatchesTooLarge(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	state := tempDir(t)
	st := newStage(t, b, 1, seed(t), config{state: state, codec: "none"})
	must(t, b.SetTopic(st.topic, map[string]string{"max.message.bytes": "20000"}))
	chain := st.logs[0].Chain
	for _, n := range []int{100, 555, 556, 1200} {
		chain.Long(n, 25_000)
	}
	chain.Long(1201, 15_000)
	st.put(700)
	st.agent.start()
	st.put(700)
	st.arrive()

	must(t, b.SetTopic(st.topic, map[string]string{"max.message.bytes": "10000"}))
	chain.Long(1500, 15_000)
	chain.Long(1501, 9_000)
	st.put(1000)
	st.arrive()
	st.agent.stop(stopLimit)
	shortened(t, b, st, filepath.Join(state, "dead-letter.jsonl"), 100, 555, 556, 1200, 1500)
}

// shortened reads a topic back in which some lines are shortened records.
func shortened(t *testing.T, b *kafka.Broker, st *stage, deadLetters string, short ...int) {
	t.Helper()
	chain := st.logs[0].Chain
	whole := readDeadLetters(t, deadLetters)
	if len(whole) != len(short) {
		t.Errorf("%d dead letters, want %d", len(whole), len(short))
	}
	topic, err := lines.OpenTopic(b.Addr, st.topic)
	must(t, err)
	defer topic.Close()
	c := lines.NewCheck(host, chain)
	must(t, topic.Read(t.Context(), func(r lines.Record) {
		value, isShort := whole[r.Headers["offset"]]
		if isShort {
			if !bytes.HasPrefix(value, r.Value) || len(r.Value) >= len(value) || len(r.Value) == 0 {
				t.Errorf("not the beginning of the dead letter: %v", r)
			}
			t.Logf("shortened: %v", r)
			r.Value = value // the check sees the whole line at its place
		}
		c.Add(r)
	}))
	t.Log(c.Result())
	must(t, c.Result().Err())
	for _, n := range short {
		found := false
		for _, value := range whole {
			found = found || bytes.Equal(value, chain.Line(n))
		}
		if !found {
			t.Errorf("line %d is not in the dead-letter file", n)
		}
	}
}

// readDeadLetters gives the lines in a dead-letter file by their offset, as a
// header has it.
func readDeadLetters(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	whole := map[string][]byte{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 4<<20)
	for in.Scan() {
		var letter struct {
			Offset json.Number
			Value  []byte
		}
		must(t, json.Unmarshal(in.Bytes(), &letter))
		whole[letter.Offset.String()] = letter.Value
	}
	must(t, in.Err())
	return whole
}

// A line that is longer than the agent's limit comes in pieces, each of which
// says its number; joined they are the line.
func TestLineInPieces(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	st := newStage(t, b, 1, seed(t), config{})
	chain := st.logs[0].Chain
	chain.Long(5, 3_500_000)
	st.put(5)
	st.agent.start()
	st.put(6)

	topic, err := lines.OpenTopic(b.Addr, st.topic)
	must(t, err)
	defer topic.Close()
	pieces := 0
	until(t, stalled, "all lines are there", func() bool {
		n, err := topic.End()
		pieces = n - 10
		return err == nil && n > 10 && lastIs(t, topic, chain.Line(10))
	})
	st.agent.stop(stopLimit)
	t.Logf("a line of 3.5 MB in %d pieces", pieces)
	c := lines.NewCheck(host, chain)
	must(t, topic.Read(t.Context(), joining(c)))
	must(t, c.Result().Err())
	if pieces < 2 {
		t.Errorf("%d pieces", pieces)
	}
}

// isLast reports whether a header "part" is "n/n", that of a line's last piece.
func isLast(part string) bool {
	n, all, ok := bytes.Cut([]byte(part), []byte("/"))
	return ok && bytes.Equal(n, all)
}

// lastIs reports whether a value is the last of a topic.
func lastIs(t *testing.T, topic *lines.Topic, value []byte) bool {
	t.Helper()
	var last []byte
	must(t, topic.Read(t.Context(), func(r lines.Record) { last = r.Value }))
	return bytes.Equal(last, value)
}

// joining gives a check the lines of records, those in pieces joined.
func joining(c *lines.Check) func(lines.Record) {
	var joined lines.Record
	return func(r lines.Record) {
		part := r.Headers["part"]
		switch {
		case part == "":
			c.Add(r)
			return
		case part == "1":
			joined = r
			joined.Value = bytes.Clone(r.Value)
		default:
			joined.Value = append(joined.Value, r.Value...)
			joined.Offset = r.Offset
		}
		if isLast(part) {
			c.Add(joined)
		}
	}
}

// A topic that takes 1,000 bytes: longer lines are shortened, or in pieces when
// max_line says so. What was shortened is sent later, once.
func TestOneKilobyte(t *testing.T) {
	t.Parallel()
	limit := map[string]string{"max.message.bytes": "1000"}
	for _, delivery := range []string{"exactly_once", "at_least_once"} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			b := sharedBroker(t)
			state := tempDir(t)
			st := newStage(t, b, 1, seed(t), config{state: state, kafka: "delivery: " + delivery + "\n"})
			must(t, b.SetTopic(st.topic, limit))
			chain := st.logs[0].Chain
			chain.Long(100, 3_000)
			chain.Long(101, 25_000)
			st.agent.start()
			st.put(500)
			st.arrive()
			st.agent.stop(stopLimit)
			letters := filepath.Join(state, "dead-letter.jsonl")
			shortened(t, b, st, letters, 100, 101)
			sentLater(t, b, letters, chain.Line(100), chain.Line(101))
		})
	}
	t.Run("pieces", func(t *testing.T) {
		t.Parallel()
		b := sharedBroker(t)
		st := newStage(t, b, 1, seed(t), config{own: "max_line: 400B"})
		must(t, b.SetTopic(st.topic, limit))
		chain := st.logs[0].Chain
		chain.Long(100, 25_000)
		st.agent.start()
		st.put(500)
		topic, err := lines.OpenTopic(b.Addr, st.topic)
		must(t, err)
		defer topic.Close()
		until(t, stalled, "all lines are there", func() bool {
			n, err := topic.End()
			return err == nil && n > 500 && lastIs(t, topic, chain.Line(499))
		})
		st.agent.stop(stopLimit)
		c := lines.NewCheck(host, chain)
		must(t, topic.Read(t.Context(), joining(c)))
		must(t, c.Result().Err())
	})
}

// sentLater sends the letters of a file twice, and demands that these values are
// in a topic once.
func sentLater(t *testing.T, b *kafka.Broker, letters string, values ...[]byte) {
	t.Helper()
	name := topicOf(t) + ".later"
	must(t, b.CreateTopic(name, 1, nil))
	for range 2 {
		out, errs, status := command(t, "send", "--brokers", b.Addr, "--dead-letter", letters, "--topic", name)
		t.Logf("%s%s", out, errs)
		if status != 0 {
			t.Errorf("send: status %d", status)
		}
	}
	topic, err := lines.OpenTopic(b.Addr, name)
	must(t, err)
	defer topic.Close()
	n := 0
	must(t, topic.Read(t.Context(), func(r lines.Record) {
		if n < len(values) && !bytes.Equal(r.Value, values[n]) || r.Headers["dead-letter"] == "" || r.Headers["path"] == "" {
			t.Errorf("letter %d: %v", n, r)
		}
		n++
	}))
	if n != len(values) {
		t.Errorf("%d letters in the topic, want %d", n, len(values))
	}
}

package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/config"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
	"tailrace/inputs/tail/unpack/unpacktest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client is a client of the bed's broker.
func (b *bed) client() sarama.Client {
	b.t.Helper()
	conf := sarama.NewConfig()
	conf.Version = sarama.V3_0_0_0
	conf.Producer.Return.Successes = true
	conf.Producer.Partitioner = sarama.NewManualPartitioner
	c, err := sarama.NewClient(b.cluster.ListenAddrs(), conf)
	must(b.t, err)
	b.t.Cleanup(func() { c.Close() })
	return c
}

// verify verifies all, in blocks of so few bytes that there are some.
func (b *bed) verify(paths ...string) (*Shipment, *verify.Report) {
	b.t.Helper()
	return b.asks(Question{Paths: paths})
}

// asks verifies what is asked for.
func (b *bed) asks(q Question) (*Shipment, *verify.Report) {
	b.t.Helper()
	s, err := Shipped(b.config, q)
	must(b.t, err)
	j := verify.Job{Client: b.clients(), Files: s.Files, Former: s.Former, Own: s.Own, Block: 1 << 10}
	r, err := j.Run(context.Background())
	must(b.t, err)
	return s, r
}

// clients is the client of any output.
func (b *bed) clients() func(string) (sarama.Client, error) {
	c := b.client()
	return func(string) (sarama.Client, error) { return c, nil }
}

// settled waits until all that is in the files is shipped, and ends the agent.
func (b *bed) settled(l *life) *verify.Report {
	b.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		s, err := Shipped(b.config, Question{})
		must(b.t, err)
		waits := len(s.Files) == 0
		for _, f := range s.Files {
			info, err := os.Stat(f.At)
			waits = waits || err != nil || !strings.HasSuffix(f.At, ".gz") && info.Size() > f.To
		}
		if !waits || time.Now().After(deadline) {
			break
		}
	}
	l.stop()
	must(b.t, <-l.ended)
	_, r := b.verify()
	return r
}

// add appends text to a file.
func add(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString(text)
	must(t, err)
}

// told is all that is not well in a report.
func told(r *verify.Report) string {
	var b strings.Builder
	for _, f := range r.Files {
		if f.Proven {
			continue
		}
		fmt.Fprintf(&b, "%s:", filepath.Base(f.At))
		for _, x := range f.Ranges {
			if x.State != proof.Delivered {
				fmt.Fprintf(&b, " %s %d-%d (%d)", x.State, x.Start, x.End, x.Records)
			}
		}
		if f.Unsent != nil {
			fmt.Fprintf(&b, " unsent %d-%d", f.Unsent.Start, f.Unsent.End)
		}
		if f.Error != "" {
			fmt.Fprintf(&b, " error %s", f.Error)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Whatever the lines become on their way, what an agent has shipped is proven,
// over renames, a restart, and compressed.
func TestVerifyWhatWasShipped(t *testing.T) {
	const when = "2026-11-23T07:00:00.000000001Z"
	dice := func(i, n int) int { return rand.New(rand.NewPCG(uint64(i), 2)).IntN(n) }
	text := func(n int) string { return strings.Repeat("some words ", n)[:n] }
	logLine := func(i int) string {
		switch {
		case i%10 == 3:
			return fmt.Sprintf("DEBUG %d %s\n", i, text(dice(i, 60)))
		case i%10 > 6:
			return fmt.Sprintf("  at %d %s\r\n", i, text(dice(i, 60)))
		case i%97 == 0:
			return fmt.Sprintf("INFO %d %s\n", i, text(3000))
		}
		return fmt.Sprintf("INFO %d %s\n", i, text(dice(i, 200)))
	}
	cri := func(i int) string {
		stream, tag := []string{"stdout", "stderr"}[dice(i, 2)], []string{"F", "F", "P"}[dice(i, 3)]
		if i%100 > 90 { // the last lines are complete
			stream, tag = []string{"stdout", "stderr"}[i%2], "F"
		}
		return fmt.Sprintf("%s %s %s %s", when, stream, tag, logLine(i))
	}
	docker := func(i int) string {
		return fmt.Sprintf(`{"log":"%d %s\n","stream":"stdout","time":"%s"}`+"\n", i, text(dice(i, 100)), when)
	}
	for _, c := range []struct {
		name string
		set  func(*config.Input)
		line func(int) string
	}{
		{"lines", func(*config.Input) {}, logLine},
		{"pieces", func(in *config.Input) { in.MaxLine = 100 }, logLine},
		{"truncated", func(in *config.Input) { in.MaxLine, in.LongLines = 100, config.Truncate }, logLine},
		{"filtered", func(in *config.Input) { in.ExcludeLines = []string{"^DEBUG"} }, logLine},
		{"several lines", func(in *config.Input) {
			in.Multiline = &config.Multiline{Start: "^[A-Z]", Quiet: 50 * time.Millisecond}
		}, logLine},
		{"json", func(in *config.Input) { in.Format = config.JSON }, logLine},
		{"gbk", func(in *config.Input) { in.Encoding = "gbk" }, func(i int) string { return fmt.Sprintf("%d \xc4\xe3\xba\xc3\n", i) }},
		{"cri", func(in *config.Input) { in.Container = config.CRI }, cri},
		{"cri of several lines as json", func(in *config.Input) {
			in.Container, in.Format = config.CRI, config.JSON
			in.Multiline = &config.Multiline{Start: "^[A-Z]", Quiet: 50 * time.Millisecond}
		}, cri},
		{"docker", func(in *config.Input) { in.Container = config.Docker }, docker},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			c.set(&b.config.Inputs[0])
			write := func(from, n int) {
				var all strings.Builder
				for i := range n {
					all.WriteString(c.line(from + i))
				}
				add(t, b.log, all.String())
			}
			write(0, 300)
			first := b.settled(b.start())
			if !first.Proven || first.Records < 30 {
				t.Fatalf("%d records: %s", first.Records, told(first))
			}
			if cut := c.name == "truncated"; first.CutOff > 0 != cut || first.Files[0].CutOff != first.CutOff {
				t.Errorf("%d of %d records are told as cut off", first.CutOff, first.Records)
			}
			write(300, 100)
			must(t, os.Rename(b.log, b.log+".1"))
			write(400, 200)
			if r := b.settled(b.start()); !r.Proven || len(r.Files) != 2 {
				t.Fatalf("%d files: %s", len(r.Files), told(r))
			}
			plain, err := os.ReadFile(b.log + ".1")
			must(t, err)
			must(t, os.WriteFile(b.log+".1.gz", unpacktest.Pack(t, "a.gz", plain), 0o644))
			must(t, os.Remove(b.log+".1"))
			_, r := b.verify()
			if !r.Proven || len(r.Files) != 2 || !strings.HasSuffix(r.Files[0].At, ".gz") {
				t.Fatalf("compressed: %+v: %s", r.Files, told(r))
			}
		})
	}
}

// What is written while the agent is down is not sent yet, and a last line that
// is not complete is no line.
func TestVerifyNotSent(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	if r := b.settled(b.start()); !r.Proven {
		t.Fatal(told(r))
	}
	add(t, b.log, "half")
	if _, r := b.verify(); !r.Proven || r.Files[0].Partial != 4 {
		t.Errorf("half a line: %+v", r.Files)
	}
	add(t, b.log, " of it\nhalf")
	if _, r := b.verify(); told(r) != "app.log: unsent 790-801\n" {
		t.Errorf("a line: %s", told(r))
	}
	// A file that the agent has not seen.
	add(t, filepath.Join(filepath.Dir(b.log), "new.log"), "one\n")
	if _, r := b.verify(); told(r) != "app.log: unsent 790-801\nnew.log: unsent 0-4\n" {
		t.Errorf("a new file: %s", told(r))
	}
}

// Space that a program took in advance is no line, and no beginning of one, while it
// is at its path and when it was rotated: with the state, and without.
func TestVerifySpace(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	must(t, os.Truncate(b.log, 790+8192))
	l := b.start()
	shipped := func(n int64) {
		t.Helper()
		b.until(func(s *Shipment) (all bool) {
			for _, f := range s.Files {
				all = all || f.To == n
			}
			return all
		})
		if _, r := b.verify(b.log); !r.Proven || r.Files[len(r.Files)-1].Partial != 0 {
			t.Errorf("up to %d: %s%+v", n, told(r), r.Files)
		}
	}
	shipped(790)
	f, err := os.OpenFile(b.log, os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte("line 100\nhalf"), 790)
	must(t, err)
	must(t, os.Rename(b.log, b.log+".1"))
	add(t, b.log, "next\n")
	shipped(5)
	l.stop()
	must(t, <-l.ended)
	shipped(803)
	must(t, os.RemoveAll(b.config.StateDir))
	if _, r := b.verify(); !r.Proven {
		t.Error(told(r), r.Files)
	}
}

// copies is what a topic has, for others to be made of it.
type copies struct {
	*bed
	all   []*sarama.ConsumerMessage
	lines [][]byte
}

func (b *bed) copies() *copies {
	b.t.Helper()
	c := b.client()
	consumer, err := sarama.NewConsumerFromClient(c)
	must(b.t, err)
	defer consumer.Close()
	pc, err := consumer.ConsumePartition("logs", 0, sarama.OffsetOldest)
	must(b.t, err)
	defer pc.Close()
	end, err := c.GetOffset("logs", 0, sarama.OffsetNewest)
	must(b.t, err)
	out := &copies{bed: b}
	for int64(len(out.all)) < end {
		m := <-pc.Messages()
		out.all, out.lines = append(out.all, m), append(out.lines, m.Value)
	}
	return out
}

// into fills another topic with what change makes of the values, and verifies
// that without a journal.
func (c *copies) into(topic string, change func(lines [][]byte, send func(n int, value []byte))) string {
	c.t.Helper()
	must(c.t, c.createTopic(topic))
	producer, err := sarama.NewSyncProducerFromClient(c.client())
	must(c.t, err)
	var out []*sarama.ProducerMessage
	change(c.lines, func(n int, value []byte) {
		m := &sarama.ProducerMessage{Topic: topic, Key: sarama.ByteEncoder(c.all[n].Key), Value: sarama.ByteEncoder(value)}
		for _, h := range c.all[n].Headers {
			m.Headers = append(m.Headers, *h)
		}
		out = append(out, m)
	})
	must(c.t, producer.SendMessages(out))
	c.config.Inputs[0].Topic = topic
	c.config.StateDir = filepath.Join(c.t.TempDir(), "none")
	_, r := c.verify()
	return told(r)
}

// Whatever is not as it should be in a topic is named with its bytes.
func TestVerifyDamage(t *testing.T) {
	b := newBed(t)
	b.write(100, 900) // 9 bytes each
	b.settled(b.start())
	must(t, os.Rename(b.log, b.log+".1"))
	b.write(5000, 800) // 10 bytes each
	if r := b.settled(b.start()); !r.Proven {
		t.Fatal(told(r))
	}
	shipped := b.copies()
	n := 0
	f := func(name, want string, change func(lines [][]byte, send func(n int, value []byte))) {
		t.Helper()
		n++
		if got := shipped.into(fmt.Sprintf("damaged-%d", n), change); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("nothing", "", func(lines [][]byte, send func(int, []byte)) {
		for i, l := range lines {
			send(i, l)
		}
	})
	f("lines lost", "app.log.1: missing 900-1800 (100)\napp.log: missing 0-10 (1)\n", func(lines [][]byte, send func(int, []byte)) {
		for i, l := range lines {
			if i >= 100 && i < 200 || i == 900 {
				continue
			}
			send(i, l)
		}
	})
	f("a line twice", "app.log: repeated 500-510 (1)\n", func(lines [][]byte, send func(int, []byte)) {
		for i, l := range lines {
			send(i, l)
		}
		send(950, lines[950])
	})
	f("a file twice", "app.log: repeated 0-8000 (800)\n", func(lines [][]byte, send func(int, []byte)) {
		for i, l := range lines {
			send(i, l)
		}
		for i, l := range lines[900:] {
			send(900+i, l)
		}
	})
	f("a line changed", "app.log.1: different 4500-4509 (1)\n", func(lines [][]byte, send func(int, []byte)) {
		for i, l := range lines {
			if i == 500 {
				l = bytes.ToUpper(l)
			}
			send(i, l)
		}
	})
	f("lines late", "app.log.1: out_of_order 4500-4590 (10)\n", func(lines [][]byte, send func(int, []byte)) {
		for i, l := range lines {
			if i < 500 || i >= 510 {
				send(i, l)
			}
			if i == 700 {
				for k := 500; k < 510; k++ {
					send(k, lines[k])
				}
			}
		}
	})
	f("all of them", "app.log.1: missing 0-8100 (900)\napp.log: missing 0-8000 (800)\n", func(_ [][]byte, send func(int, []byte)) {})
}

func (b *bed) createTopic(name string) error {
	admin, err := sarama.NewClusterAdminFromClient(b.client())
	if err != nil {
		return err
	}
	return admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false)
}

// The files that are written from a topic are those that were shipped.
func TestRebuild(t *testing.T) {
	b := newBed(t)
	var want [][]byte
	for n := range 3 {
		b.write(n*10_000, 1500)
		add(t, b.log, strings.Repeat("long ", 400_000)+"\n\n\r\nlast\n")
		text, err := os.ReadFile(b.log)
		must(t, err)
		want = append(want, text)
		b.settled(b.start())
		if n < 2 {
			must(t, os.Rename(b.log, fmt.Sprintf("%s.%d", b.log, 2-n)))
		}
	}
	s, err := Shipped(b.config, Question{})
	must(t, err)
	dir := filepath.Join(t.TempDir(), "again")
	r := verify.Rebuild{Client: b.clients(), Topics: s.Topics(), Own: s.Own, Records: s.Records, Dir: dir}
	all, failed, err := r.Run(context.Background())
	must(t, err)
	if len(failed) > 0 {
		t.Fatal(failed)
	}
	if len(all) != len(want) {
		t.Fatalf("%+v", all)
	}
	for i, f := range all {
		got, err := os.ReadFile(filepath.Join(dir, f.Name))
		must(t, err)
		if !bytes.Equal(got, want[i]) || !f.Exact || f.Generation != i+1 {
			t.Errorf("%+v: %d bytes, want %d", f, len(got), len(want[i]))
		}
	}
	if _, _, err := r.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("into a directory that has files: %v", err)
	}
	// The same path in two topics.
	r.Topics, r.Dir = slices.Repeat([]verify.Source{{Name: "logs"}}, 2), filepath.Join(t.TempDir(), "twice")
	all, _, err = r.Run(context.Background())
	if err != nil || len(all) != 2*len(want) || all[5].Name == all[2].Name || all[5].Bytes != all[2].Bytes {
		t.Errorf("from two topics: %+v, %v", all, err)
	}
}

// forbid lets the topics be read so many times.
func (b *bed) forbid(after int) {
	fetches := 0
	b.cluster.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		if fetches++; fetches <= after {
			return nil, nil, false
		}
		answer := req.ResponseKind().(*kmsg.FetchResponse)
		for _, asked := range req.(*kmsg.FetchRequest).Topics {
			topic := kmsg.NewFetchResponseTopic()
			topic.Topic, topic.TopicID = asked.Topic, asked.TopicID
			p := kmsg.NewFetchResponseTopicPartition()
			p.ErrorCode, p.RecordBatches = 29, []byte{} // TOPIC_AUTHORIZATION_FAILED
			topic.Partitions = append(topic.Partitions, p)
			answer.Topics = append(answer.Topics, topic)
		}
		return answer, nil, true
	})
}

// A file of a topic that cannot be read to its end is not byte for byte, though nothing is
// missing in it up to there.
func TestRebuildCutShort(t *testing.T) {
	b := newBed(t)
	b.write(0, 400_000) // more than one Fetch
	b.settled(b.start())
	s, err := Shipped(b.config, Question{})
	must(t, err)
	b.forbid(1)
	r := verify.Rebuild{Client: b.clients(), Topics: s.Topics(), Own: s.Own, Records: s.Records, Dir: filepath.Join(t.TempDir(), "again")}
	all, failed, err := r.Run(context.Background())
	if err != nil || len(failed) != 1 || len(all) != 1 || all[0].Records == 0 || all[0].Exact {
		t.Errorf("%+v, %v, %v", all, failed, err)
	}
}

// A topic that may not be read is an error, not a file without lines.
func TestVerifyForbidden(t *testing.T) {
	b := newBed(t)
	b.write(0, 10)
	b.settled(b.start())
	b.forbid(0)
	s, err := Shipped(b.config, Question{})
	must(t, err)
	j := verify.Job{Client: b.clients(), Files: s.Files, Own: s.Own}
	report, err := j.Run(context.Background())
	must(t, err)
	if text := told(report); report.Proven || !strings.Contains(text, sarama.ErrTopicAuthorizationFailed.Error()) || !strings.Contains(text, "cannot_be_proven 0-") {
		t.Errorf("verify: %s", text)
	}
	r := verify.Rebuild{Client: b.clients(), Topics: s.Topics(), Own: s.Own, Records: s.Records, Dir: filepath.Join(t.TempDir(), "again")}
	if _, failed, err := r.Run(context.Background()); err != nil || len(failed) != 1 || !errors.Is(failed[0], sarama.ErrTopicAuthorizationFailed) {
		t.Errorf("rebuild: %v, %v", failed, err)
	}
}

// Topics and keys by the path, over several partitions, and other hosts in the
// same topics.
func TestVerifyRouted(t *testing.T) {
	b := newBed(t)
	dir := filepath.Dir(b.log)
	in := &b.config.Inputs[0]
	in.Topic, in.FallbackTopic, in.Key = "logs-{base}", "logs", config.DefaultKey
	c := b.client()
	admin, err := sarama.NewClusterAdminFromClient(c)
	must(t, err)
	for _, name := range []string{"logs-a", "logs-b"} {
		must(t, admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1}, false))
	}
	for _, key := range []string{config.DefaultKey, "path", "all"} {
		in.Key = key
		for _, host := range []string{"host-1", "host-2"} {
			b.config.Hostname, b.config.StateDir = host, filepath.Join(dir, "state-"+host)
			for _, name := range []string{"a", "b"} {
				add(t, filepath.Join(dir, name+".log"), strings.Repeat(fmt.Sprintf("%s of %s with %s\n", name, host, key), 200))
			}
			if r := b.settled(b.start()); !r.Proven || len(r.Files) != 2 || r.Records < 400 {
				t.Errorf("key %s of %s: %d records of %d files: %s", key, host, r.Records, len(r.Files), told(r))
			}
		}
	}
	// Records that do not say of whom they are.
	off := false
	in.HostHeader = &off
	if _, r := b.verify(); r.Proven || !strings.Contains(told(r), "do not say of which host") {
		t.Errorf("without a host: %s", told(r))
	}
	in.HostHeader, in.NoOffset = nil, true
	if _, r := b.verify(); r.Proven || !strings.Contains(told(r), "do not say where in the file they are from") {
		t.Errorf("without an offset: %s", told(r))
	} else if !strings.Contains(told(r), "cannot_be_proven 0-") || r.States[proof.Delivered] > 0 {
		t.Errorf("nothing was looked at, and is delivered: %s, %v", told(r), r.States)
	}
}

package agent

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/config"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
	"tailrace/inputs/tail/unpack/unpacktest"
)

// Lines are found where they went, whatever the configuration says since: the
// journal knows it. What it does not know any more can be said.
func TestVerifyAfterChanges(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*config.Config)
		waits  bool // a new agent waits until it may send
	}{
		{"topic", func(cfg *config.Config) { cfg.Inputs[0].Topic = "other" }, false},
		{"host", func(cfg *config.Config) { cfg.Hostname = "host-2" }, false},
		{"key", func(cfg *config.Config) { cfg.Inputs[0].Key = "path" }, false},
		{"format", func(cfg *config.Config) { cfg.Inputs[0].Format = config.JSON }, false},
		{"records of several lines", func(cfg *config.Config) {
			cfg.Inputs[0].Multiline = &config.Multiline{Start: "0$", Quiet: time.Second}
		}, false},
		{"host and format", func(cfg *config.Config) {
			cfg.Hostname, cfg.Inputs[0].Format = "host-2", config.JSON
		}, false},
		{"name of the output", func(cfg *config.Config) {
			cfg.Outputs = config.Outputs{Clusters: []config.Cluster{{Name: "main", Kafka: cfg.Outputs.Kafka}}}
			cfg.Inputs[0].Output = "main"
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			must(t, b.createTopic("other"))
			b.write(0, 300)
			if r := b.settled(b.start()); !r.Proven {
				t.Fatal(told(r))
			}
			before := *b.config
			before.Inputs = append([]config.Input(nil), before.Inputs...)
			c.change(b.config)
			if _, r := b.verify(); !r.Proven {
				t.Errorf("at once: %s", told(r))
			}
			if c.waits {
				return
			}
			b.write(300, 200)
			if r := b.settled(b.start()); !r.Proven || r.Records < 50 {
				t.Errorf("with more lines: %d records, %s", r.Records, told(r))
			}
			*b.config = before
			if _, r := b.verify(); !r.Proven {
				t.Errorf("and back: %s", told(r))
			}
		})
	}
}

// What was shipped is proven as it was shipped, however often the way in which
// bytes become records is changed, in the middle of a file or of a line.
func TestVerifyAfterOtherReadings(t *testing.T) {
	text := func(i int) string {
		return fmt.Sprintf("2026-11-23T07:00:00.000000001Z stdout F DEBUG %d caf\xe9 %s\n", i, strings.Repeat("x", i%200))
	}
	for _, c := range []struct {
		name           string
		before, behind func(*config.Input)
	}{
		{"encoding", func(*config.Input) {}, func(in *config.Input) { in.Encoding = "latin1" }},
		{"max_line", func(in *config.Input) { in.MaxLine = 100 }, func(in *config.Input) { in.MaxLine, in.LongLines = 80, config.Truncate }},
		{"no max_line", func(in *config.Input) { in.MaxLine = 100 }, func(*config.Input) {}},
		{"container", func(*config.Input) {}, func(in *config.Input) { in.Container = config.CRI }},
		{"filters", func(in *config.Input) { in.ExcludeLines = []string{"DEBUG .*5 "} }, func(in *config.Input) { in.ExcludeLines = []string{"DEBUG .*7 "} }},
		{"filters of all", func(in *config.Input) { in.ExcludeLines = []string{"DEBUG"} }, func(*config.Input) {}},
		{"format", func(in *config.Input) { in.Format, in.Fields = config.JSON, map[string]string{"a": "b"} }, func(in *config.Input) { in.MaxLine = 50 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			plain := b.config.Inputs[0]
			write := func(from, to int) {
				var all strings.Builder
				for i := from; i < to; i++ {
					all.WriteString(text(i))
				}
				add(t, b.log, all.String())
			}
			c.before(&b.config.Inputs[0])
			write(0, 200)
			if r := b.settled(b.start()); !r.Proven {
				t.Fatal(told(r))
			}
			b.config.Inputs[0] = plain
			c.behind(&b.config.Inputs[0])
			if _, r := b.verify(); !r.Proven {
				t.Errorf("at once: %s", told(r))
			}
			write(200, 300)
			if r := b.settled(b.start()); !r.Proven {
				t.Errorf("with more lines: %s", told(r))
			}
			b.config.Inputs[0] = plain
			c.before(&b.config.Inputs[0])
			write(300, 400)
			if r := b.settled(b.start()); !r.Proven || len(r.Files) != 1 || r.Files[0].Shipped == 0 {
				t.Errorf("and back: %s", told(r))
			}
			must(t, os.Rename(b.log, b.log+".1"))
			write(400, 500)
			if r := b.settled(b.start()); !r.Proven || len(r.Files) != 2 {
				t.Errorf("after a rename: %s", told(r))
			}
			s, _ := b.verify()
			w := verify.Rebuild{Client: b.clients(), Topics: s.Topics(), Own: s.Own, Records: s.Records, Dir: filepath.Join(t.TempDir(), "again")}
			all, _, err := w.Run(t.Context())
			must(t, err)
			if exact := !slices.ContainsFunc(all, func(r verify.Rebuilt) bool { return !r.Exact }); exact != (c.name == "no max_line") {
				t.Errorf("written again: %+v", all)
			}
			// What is damaged is seen all the same.
			f, err := os.OpenFile(b.log+".1", os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteAt([]byte("DEBAG"), int64(len(text(0))+40))
			must(t, err)
			must(t, f.Close())
			if _, r := b.verify(b.log + ".1"); r.Proven {
				t.Error("a file that was changed is proven")
			}
		})
	}
}

// Without a state nobody knows where lines went before, but who asks may.
func TestVerifyTold(t *testing.T) {
	b := newBed(t)
	must(t, b.createTopic("other"))
	b.write(0, 300)
	b.settled(b.start())
	b.config.Inputs[0].Topic, b.config.Hostname = "other", "host-2"
	b.write(300, 100)
	if r := b.settled(b.start()); !r.Proven {
		t.Fatal(told(r))
	}
	b.config.StateDir = filepath.Join(t.TempDir(), "none")
	if s, r := b.verify(); told(r) != "app.log: missing 0-2590 (300)\n" || !s.Stateless {
		t.Errorf("nothing is said: %s", told(r))
	}
	if _, r := b.asks(Question{Topics: []string{"logs"}}); told(r) != "app.log: missing 0-2590 (300)\n" || r.Topics[1].Others["host-1"] != 300 {
		t.Errorf("the topic: %s%+v", told(r), r.Topics)
	}
	_, r := b.asks(Question{Topics: []string{"logs"}, Hosts: []string{"host-1"}})
	if !r.Proven || r.Records != 400 || len(r.Files[0].Partitions) != 2 || r.Files[0].Ranges[0].At.Topic != "logs" {
		t.Errorf("topic and host: %s%+v", told(r), r.Files)
	}
	// A topic that is not there proves nothing.
	_, r = b.asks(Question{Topics: []string{"none"}})
	if told(r) != "app.log: cannot_be_proven 0-2590 (300)\n" || !strings.Contains(r.Files[0].Note, "topic none") {
		t.Errorf("no such topic: %s%+v", told(r), r.Files)
	}
}

// It is known of a topic that it was deleted and made again, before an agent sees it
// and afterwards.
func TestVerifyTopicMadeAgain(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	if r := b.settled(b.start()); !r.Proven {
		t.Fatal(told(r))
	}
	remade := func() (time.Time, bool) {
		t.Helper()
		s, r := b.verify()
		return s.Remade(r.Topics[0].Source, r.Topics[0].ID)
	}
	if _, is := remade(); is {
		t.Error("it was not made again")
	}
	admin, err := sarama.NewClusterAdminFromClient(b.client())
	must(t, err)
	must(t, admin.DeleteTopic("logs"))
	must(t, b.createTopic("logs"))
	if when, is := remade(); !is || !when.IsZero() {
		t.Errorf("before an agent saw it: %v, %v", when, is)
	}
	began := time.Now().Truncate(time.Millisecond)
	b.write(100, 100)
	if r := b.settled(b.start()); told(r) != "app.log: missing 0-790 (100)\n" {
		t.Errorf("the lines of before: %s", told(r))
	}
	if when, is := remade(); !is || when.Before(began) {
		t.Errorf("after that: %v, %v", when, is)
	}
}

// A topic that is not there fails what goes to it, and nothing else.
func TestVerifyTopicGone(t *testing.T) {
	b := newBed(t)
	b.write(0, 300)
	b.settled(b.start())
	dir := filepath.Join(filepath.Dir(b.log), "more")
	must(t, os.Mkdir(dir, 0o755))
	add(t, filepath.Join(dir, "new.txt"), "one\n")
	more := b.config.Inputs[0]
	more.Paths, more.Topic = []string{filepath.Join(dir, "*.txt")}, "none"
	b.config.Inputs = append(b.config.Inputs, more)
	_, r := b.verify()
	if r.Proven || r.Failed != 1 || !r.Files[0].Proven || !strings.Contains(r.Files[1].Error, sarama.ErrUnknownTopicOrPartition.Error()) {
		t.Errorf("%d failed: %s", r.Failed, told(r))
	}
	// A directory is what is in it.
	if s, r := b.verify(filepath.Dir(b.log)); !r.Proven || len(s.Files) != 1 {
		t.Errorf("the directory: %d files, %s", len(s.Files), told(r))
	}
	if _, r := b.verify(dir); len(r.Files) != 1 || r.Files[0].Proven {
		t.Errorf("the other directory: %+v", r.Files)
	}
	empty := t.TempDir()
	if _, err := Shipped(b.config, Question{Paths: []string{empty}}); err == nil || !strings.Contains(err.Error(), "no file in "+empty) {
		t.Errorf("an empty directory: %v", err)
	}
}

// What nobody shipped is told, whatever the agent takes it for: where reading
// began, what is from before, what came later, and what is a copy.
func TestVerifyNeverRead(t *testing.T) {
	b := newBed(t)
	b.config.Inputs[0].Paths, b.config.Inputs[0].Start = []string{b.log}, config.End
	b.write(0, 100)
	l := b.start()
	b.until(func(s *Shipment) bool { return len(s.Files) > 0 && s.Files[len(s.Files)-1].From == 790 })
	b.write(100, 100)
	b.settled(l)
	old := time.Now().Add(-time.Hour)
	add(t, b.log+".5", "from before\n")
	must(t, os.Chtimes(b.log+".5", old, old))
	s, r := b.verify()
	if !r.Proven || len(r.Files) != 2 || r.Files[1].Ranges[0] != (verify.Range{State: verify.History, End: 12}) ||
		*r.Files[0].NotFollowed != (verify.Bytes{End: 790}) || r.Records != 100 {
		t.Fatalf("%+v, %s", r.Files, told(r))
	}
	lines, err := os.ReadFile(b.log)
	must(t, err)
	add(t, b.log+".3", "after the end of the agent\n") // first: times tell which is older
	must(t, os.WriteFile(b.log+".1", lines[790:], 0o644))
	if _, r := b.verify(); told(r) != "app.log.3: not_sent 0-27 (1)\napp.log.1: not_sent 0-900 (100)\n" || r.Unsent != 927 {
		t.Errorf("%d unsent: %s", r.Unsent, told(r))
	}
	// What of a copy is in the topic is there as lines of the log.
	must(t, os.WriteFile(b.log+".1", lines, 0o644))
	if _, r := b.verify(); told(r) != "app.log.3: not_sent 0-27 (1)\napp.log.1: not_sent 0-790 (100) taken_for_shipped 790-1690 (100)\n" {
		t.Errorf("a copy: %s", told(r))
	}
	if _, r := b.verify(); r.Records != 100+1+100 || r.States[proof.Delivered] != 100 {
		t.Errorf("a copy is counted: %d records, %v", r.Records, r.States)
	}
	must(t, os.Remove(b.log+".1"))
	later := s.AsOf.Add(-time.Millisecond) // between the first start and the last
	must(t, os.Chtimes(b.log+".3", later, later))
	if _, r := b.verify(); told(r) != "app.log.3: never_read 0-27 (1)\n" || r.States[verify.NeverRead] != 1 || r.States[proof.Missing] != 0 {
		t.Errorf("passed over: %s", told(r))
	}
}

// What is rotated beside the file that a link leads to is not passed over.
// With a state that was restored from a copy, what was sent since is not sent yet as
// far as the state knows, and the report says that the topic has more.
func TestVerifyRestoredState(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	b.settled(b.start())
	of, copied := b.config.StateDir, b.config.StateDir+".copy"
	must(t, os.CopyFS(copied, os.DirFS(of)))
	b.write(100, 100)
	b.settled(b.start())
	b.config.StateDir = copied
	if _, r := b.verify(); r.Proven || r.Unsent != 900 || r.Strange != 100 {
		t.Errorf("%d bytes not sent yet, %d records of other files: %s", r.Unsent, r.Strange, told(r))
	}
}

// A file that the agent takes for history, since its state was lost, is looked for
// in the topic when that has records of files that are not there.
func TestVerifyHistoryThatWasShipped(t *testing.T) {
	b := newBed(t)
	b.config.Inputs[0].Paths = []string{b.log}
	b.write(0, 100)
	b.settled(b.start())
	first, err := os.ReadFile(b.log)
	must(t, err)
	shipped := b.copies()
	// The state of another agent, which is younger than all of that.
	must(t, os.Remove(b.log))
	must(t, os.RemoveAll(b.config.StateDir))
	b.config.Inputs[0].Topic = "again"
	must(t, b.createTopic("again"))
	add(t, b.log, "a line\n")
	l := b.start()
	b.until(func(s *Shipment) bool { return len(s.Files) > 0 && s.Files[0].To > 0 })
	b.settled(l)
	old := time.Now().Add(-time.Hour)
	put := func(name string, content []byte) {
		t.Helper()
		must(t, os.WriteFile(name, content, 0o644))
		must(t, os.Chtimes(name, old, old))
	}
	put(b.log+".1", first)
	if _, r := b.verify(); !r.Proven || r.Files[1].Ranges[0] != (verify.Range{State: verify.History, End: 790}) {
		t.Fatalf("nothing is in the topic: %+v", r.Files)
	}
	producer, err := sarama.NewSyncProducerFromClient(b.client())
	must(t, err)
	for _, m := range shipped.all {
		one := &sarama.ProducerMessage{Topic: "again", Key: sarama.ByteEncoder(m.Key), Value: sarama.ByteEncoder(m.Value)}
		for _, h := range m.Headers {
			one.Headers = append(one.Headers, *h)
		}
		_, _, err := producer.SendMessage(one)
		must(t, err)
	}
	f := func(name string, content []byte, want string) {
		t.Helper()
		must(t, os.RemoveAll(b.log+".1"))
		put(name, content)
		_, r := b.verify()
		var got strings.Builder
		for _, x := range r.Files[1].Ranges {
			fmt.Fprintf(&got, "%s %d-%d ", x.State, x.Start, x.End)
		}
		if !r.Proven || r.Records != 1 || got.String() != want {
			t.Errorf("%s: %d records, %q, want %q: %s", filepath.Base(name), r.Records, got.String(), want, told(r))
		}
		must(t, os.Remove(name))
	}
	f(b.log+".1", first, "delivered 0-790 ")
	f(b.log+".1.gz", unpacktest.Pack(t, "a.gz", first), "delivered 0-790 ")
	f(b.log+".1", bytes.ToUpper(first), "history 0-790 ")
	f(b.log+".1.gz", []byte("no gzip"), "history 0-7 ")
}

func TestVerifyBehindLink(t *testing.T) {
	b := newBed(t)
	link := b.log
	b.log = filepath.Join(filepath.Dir(link), "pods", "0.log")
	must(t, os.Mkdir(filepath.Dir(b.log), 0o755))
	must(t, os.Symlink("pods/0.log", link))
	b.write(0, 100)
	b.settled(b.start())
	must(t, os.Rename(b.log, b.log+".1"))
	add(t, b.log, "rotated unread\n")
	must(t, os.Rename(b.log, b.log+".2"))
	b.write(100, 100)
	if _, r := b.verify(); r.Proven || !strings.Contains(told(r), "0.log.2: not_sent 0-15 (1)") {
		t.Error(told(r))
	}
}

// until waits until what the journal says is so.
func (b *bed) until(is func(*Shipment) bool) {
	b.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if s, err := Shipped(b.config, Question{}); err == nil && is(s) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatal("the agent does not come to it")
		}
	}
}

// A log was truncated after a copy of it was made, compressed, and more was read of it:
// the records that the copy has are counted, once.
func TestVerifyCopyOfWhatIsGone(t *testing.T) {
	b := newBed(t)
	b.config.Inputs[0].Paths = []string{b.log}
	b.write(0, 20_000)
	first, err := os.ReadFile(b.log)
	must(t, err)
	b.settled(b.start())
	b.write(20_000, 10)
	b.settled(b.start())
	must(t, os.WriteFile(b.log+".1.gz", unpacktest.Pack(t, "a.gz", first), 0o644))
	must(t, os.Truncate(b.log, 0))
	b.write(20_010, 10)
	b.settled(b.start())
	_, r := b.verify()
	if !r.Proven || r.Records != 20_010 || r.Strange != 10 {
		t.Errorf("%d records, %d of files that are gone: %s", r.Records, r.Strange, told(r))
	}
}

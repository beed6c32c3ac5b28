package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/config"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
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
	must(t, os.WriteFile(b.log+".1", lines[790:], 0o644))
	add(t, b.log+".3", "after the end of the agent\n")
	if _, r := b.verify(); told(r) != "app.log.3: not_sent 0-27 (1)\napp.log.1: not_sent 0-900 (100)\n" || r.Unsent != 927 {
		t.Errorf("%d unsent: %s", r.Unsent, told(r))
	}
	// That of a copy which is in the topic is proven, and the rest is not.
	must(t, os.WriteFile(b.log+".1", lines, 0o644))
	if _, r := b.verify(); told(r) != "app.log.3: not_sent 0-27 (1)\napp.log.1: not_sent 0-790 (100)\n" {
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

// until waits until what the journal says is so.
func (b *bed) until(is func(*Shipment) bool) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if s, err := Shipped(b.config, Question{}); err == nil && is(s) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatal("the agent does not come to it")
		}
	}
}

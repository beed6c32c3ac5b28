package agent

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/config"
)

// bed is a log file, a broker in memory, and a configuration of both.
type bed struct {
	t       *testing.T
	cluster *kfake.Cluster
	log     string // the file
	config  *config.Config
}

func newBed(t *testing.T) *bed {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	dir := t.TempDir()
	return &bed{
		t: t, cluster: c, log: filepath.Join(dir, "app.log"),
		config: &config.Config{
			Inputs:   []config.Input{{Paths: []string{filepath.Join(dir, "*.log")}, Topic: "logs", Start: config.Beginning}},
			Outputs:  config.Outputs{Kafka: &config.Kafka{Brokers: c.ListenAddrs(), Compression: "lz4", ClientID: "test"}},
			Hostname: "host-1", StateDir: filepath.Join(dir, "state"), Buffer: 32 << 20, Sync: time.Second,
		},
	}
}

// write appends n lines that say which they are.
func (b *bed) write(from, n int) {
	b.t.Helper()
	f, err := os.OpenFile(b.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	for i := from; i < from+n; i++ {
		if _, err := fmt.Fprintf(f, "line %d\n", i); err != nil {
			b.t.Fatal(err)
		}
	}
}

// life is one run of the agent.
type life struct {
	stop   context.CancelFunc
	ended  chan error
	kill   chan struct{}
	ready  chan struct{} // closed when the service manager was told so
	mu     sync.Mutex
	states []string // that the service manager was told
}

// start starts an agent, which has ended when the test's files are removed. What
// it logs is shown when the test fails.
func (b *bed) start() *life {
	ctx, stop := context.WithCancel(context.Background())
	l := &life{stop: stop, ended: make(chan error, 1), kill: make(chan struct{}), ready: make(chan struct{})}
	notify := func(s string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.states = append(l.states, s); s == "READY=1" {
			close(l.ready)
		}
	}
	cfg, o := b.config, Options{Log: slog.New(slog.NewTextHandler(b.t.Output(), nil)), Notify: notify, Kill: l.kill}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		l.ended <- Run(ctx, cfg, o)
	}()
	b.t.Cleanup(func() {
		stop()
		select {
		case <-gone:
		case <-time.After(5 * time.Minute):
			b.t.Error("the agent does not end")
		}
	})
	return l
}

// begun waits until the agent runs: what is rotated before it does for the first
// time is history.
func (l *life) begun(t *testing.T) {
	t.Helper()
	select {
	case <-l.ready:
	case err := <-l.ended:
		t.Fatalf("ended before it began: %v", err)
	}
}

// wants demands exactly the first n lines in the topic.
func (b *bed) wants(n int) {
	b.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.ConsumeTopics("logs"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		b.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var got []string
	for len(got) < n {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
		if ctx.Err() != nil {
			b.t.Fatalf("%d of %d lines came", len(got), n)
		}
	}
	for i, line := range got {
		if line != fmt.Sprintf("line %d", i) {
			b.t.Fatalf("record %d is %q", i, line)
		}
	}
	if len(got) != n {
		b.t.Fatalf("%d records, want %d", len(got), n)
	}
}

// Lines come once over any number of lives, and the service manager is told
// how each one goes.
func TestLives(t *testing.T) {
	b := newBed(t)
	for i := range 4 {
		b.write(i*1000, 500)
		l := b.start()
		b.write(i*1000+500, 500)
		b.wants((i + 1) * 1000)
		l.stop()
		if err := <-l.ended; err != nil {
			t.Fatal(err)
		}
		last := len(l.states) - 1
		if l.states[0] != "READY=1" || !strings.HasPrefix(l.states[last], "STOPPING=1") {
			t.Errorf("states %q", l.states)
		}
	}
}

func TestStatusAndWatchdog(t *testing.T) {
	b := newBed(t)
	b.write(0, 10)
	l := b.start()
	defer l.stop()
	deadline := time.After(5 * time.Minute)
	for {
		l.mu.Lock()
		alive := slices.ContainsFunc(l.states, func(s string) bool {
			return strings.HasPrefix(s, "STATUS=following 1 file,") && strings.HasSuffix(s, "\nWATCHDOG=1")
		})
		l.mu.Unlock()
		if alive {
			return
		}
		select {
		case err := <-l.ended:
			t.Fatal(err)
		case <-deadline:
			t.Fatalf("never told to be alive: %q", l.states)
		case <-time.After(10 * time.Millisecond): // look again
		}
	}
}

// A shutdown waits for answers that do not come, until it is killed; the next
// life sends the same batches again, and they count once.
func TestKillEndsTheWait(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	b.cluster.ControlKey(0, func(kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		once.Do(func() {
			close(asked)
			b.cluster.SleepControl(func() { <-answer })
		})
		return nil, nil, false
	})
	l := b.start()
	<-asked
	l.stop()
	select {
	case err := <-l.ended:
		t.Fatalf("ended with %v while an answer was under way", err)
	default:
	}
	close(l.kill)
	if err := <-l.ended; err != nil {
		t.Fatal(err)
	}
	close(answer)
	l = b.start()
	b.wants(100)
	l.stop()
	<-l.ended
}

func TestCannotStart(t *testing.T) {
	b := newBed(t)
	l := b.start()
	defer l.stop()
	b.write(0, 1)
	b.wants(1)
	err := <-b.start().ended
	if err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("a second agent on the same state: %v", err)
	}
	b.config.StateDir = "/proc/none"
	if err := <-b.start().ended; err == nil || !strings.Contains(err.Error(), "/proc/none") {
		t.Errorf("a state directory that cannot be: %v", err)
	}
}

package agent

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"tailrace/agent/admin"
)

// With and without a running agent, status has the same facts; only the
// running one knows what it does.
func TestStatus(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	f := func(when string, running bool, files int) Status {
		t.Helper()
		s, err := AskStatus(context.Background(), b.config)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if s.Running != running || s.Files.Followed != files || len(s.Topics) != 1 || s.Topics[0].Topic != "logs" || s.Unknown != "" {
			t.Errorf("%s: %+v", when, s)
		}
		return s
	}
	if s := f("before the first start", false, 0); !s.AsOf.IsZero() || s.Topics[0].Partition != -1 {
		t.Errorf("before the first start: %+v", s)
	}
	l := b.start()
	b.wants(100)
	s := f("while it runs", true, 1)
	if s.PID != os.Getpid() || s.Since.IsZero() || s.Journal == nil || s.Topics[0].Partition != 0 || !strings.HasPrefix(s.Summary, "following 1 file,") {
		t.Errorf("while it runs: %+v", s)
	}
	l.stop()
	if err := <-l.ended; err != nil {
		t.Fatal(err)
	}
	b.write(100, 10)
	if s := f("after it ended", false, 1); s.AsOf.IsZero() || s.Topics[0].Partition != 0 || s.Journal != nil {
		t.Errorf("after it ended: %+v", s)
	}
}

// A path is explained with and without a running agent.
func TestExplain(t *testing.T) {
	b := newBed(t)
	b.write(0, 100)
	f := func(when string, running bool, acked int64) Explanation {
		t.Helper()
		e, err := AskExplain(context.Background(), b.config, b.log)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if e.Running != running || e.Match.Topic != "logs" || len(e.Files) == 0 != (acked < 0) {
			t.Fatalf("%s: %+v", when, e)
		}
		if acked >= 0 && e.Files[0].Acked != acked {
			t.Errorf("%s: %+v", when, e)
		}
		return e
	}
	f("before the first start", false, -1)
	l := b.start()
	b.wants(100)
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) { // the last ack may be under way
		if s, err := AskStatus(context.Background(), b.config); err != nil || s.Topics[0].Backlog == 0 || time.Now().After(deadline) {
			break
		}
	}
	if e := f("while it runs", true, 790); e.Output == nil || e.Output.Topic != "logs" || e.Output.Files != 1 {
		t.Errorf("while it runs: %+v", e.Output)
	}
	var out any
	if err := admin.Ask(context.Background(), b.config.StateDir, "/explain", nil, &out); err == nil || !strings.Contains(err.Error(), "must be absolute") {
		t.Errorf("no path: %v", err)
	}
	l.stop()
	<-l.ended
	if err := admin.Ask(context.Background(), b.config.StateDir, "/status", nil, &out); !errors.Is(err, admin.ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
	b.write(100, 1)
	if e := f("after it ended", false, 790); e.AsOf.IsZero() || e.Files[0].Unread() != 9 {
		t.Errorf("after it ended: %+v", e)
	}
}

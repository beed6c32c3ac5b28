package tail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// fakeJournal keeps what is written in memory, as the real one folds it.
type fakeJournal struct {
	mu      sync.Mutex
	recs    []journal.Record
	durable int // records that survive a crash; the rest are notes
	next    flow.FileID
	fail    error
	dead    bool // the process is gone: nothing is written any more
}

var errDead = errors.New("the process is gone")

func (j *fakeJournal) Write(recs ...journal.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		return errDead
	}
	if j.fail != nil {
		return j.fail
	}
	j.recs = append(j.recs, recs...)
	j.durable = len(j.recs)
	return nil
}

func (j *fakeJournal) Note(recs ...journal.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.dead {
		j.recs = append(j.recs, recs...)
	}
}

func (j *fakeJournal) NewFile() flow.FileID {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	return j.next
}

func (j *fakeJournal) Acked(id flow.FileID) (int64, flow.Mark) {
	for _, f := range j.files() {
		if f.ID == id {
			return f.Acked, f.AckedMark
		}
	}
	return 0, flow.Mark{}
}

// intent and ack stand for the lane: spans that are about to be sent, and
// those that were taken.
func (j *fakeJournal) intent(s flow.Span) {
	_ = j.Write(journal.Record{Intent: &journal.Intent{Spans: []flow.Span{s}}})
}

func (j *fakeJournal) ack(s flow.Span) {
	j.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{s}}})
}

// unacked is the spans of intents without an ack, oldest first.
func (j *fakeJournal) unacked() []flow.Span {
	j.mu.Lock()
	defer j.mu.Unlock()
	acked := map[flow.Span]bool{}
	for _, r := range j.recs {
		if r.Done != nil {
			acked[r.Done.Spans[0]] = true
		}
	}
	var out []flow.Span
	for _, r := range j.recs {
		if r.Intent != nil && !acked[r.Intent.Spans[0]] {
			out = append(out, r.Intent.Spans[0])
		}
	}
	return out
}

// crash drops the notes that were not followed by a write; keep of them stay.
// Nothing is written any more, until the next start.
func (j *fakeJournal) crash(keep int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dead = true
	j.recs = j.recs[:min(len(j.recs), j.durable+keep)]
}

func (j *fakeJournal) fresh() bool { return len(j.recs) == 0 }

// files folds the records.
func (j *fakeJournal) files() []journal.FileState {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := map[flow.FileID]*journal.FileState{}
	for _, r := range j.recs {
		switch {
		case r.File != nil:
			s := m[r.File.ID]
			if s == nil {
				s = &journal.FileState{}
				m[r.File.ID] = s
			}
			s.File = *r.File
			if s.Base > s.Acked {
				s.Acked, s.AckedMark = s.Base, s.BaseMark
			}
			if s.Base > s.Resume {
				s.Resume, s.ResumeMark = s.Base, s.BaseMark
			}
		case r.Forget != nil:
			delete(m, r.Forget.ID)
		case r.Intent != nil:
			for _, sp := range r.Intent.Spans {
				if s := m[sp.File]; s != nil && sp.End > s.Resume {
					s.Resume, s.ResumeMark = sp.End, sp.Mark
				}
			}
		case r.Done != nil:
			for _, sp := range r.Done.Spans {
				if s := m[sp.File]; s != nil && sp.End > s.Acked {
					s.Acked, s.AckedMark = sp.End, sp.Mark
				}
			}
		}
	}
	var out []journal.FileState
	for _, f := range byFileID(m) {
		out = append(out, *f)
	}
	return out
}

// host is a directory of logs and what an agent ships of it.
type host struct {
	t      testing.TB
	dir    string
	j      *fakeJournal
	opts   Options
	in     *Input
	cancel context.CancelFunc
	ended  chan struct{}
	log    *strings.Builder
	logMu  sync.Mutex
	got    []string                      // values
	at     []string                      // path@offset of each
	before func(call, path string) error // what the agent's disk calls, see there
}

func newHost(t testing.TB, patterns ...string) *host {
	h := &host{t: t, dir: t.TempDir(), j: &fakeJournal{}, log: &strings.Builder{}}
	c := Config{Topic: "t", Start: "beginning"}
	for _, p := range patterns {
		c.Paths = append(c.Paths, filepath.Join(h.dir, p))
	}
	h.opts = Options{Inputs: []Config{c}, NoNotify: true}
	return h
}

// start starts an agent; stop ends it.
func (h *host) start() {
	h.t.Helper()
	o := h.opts
	o.Files, o.FirstStart, o.Journal = h.j.files(), h.j.fresh(), h.j
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(lockedWriter{h}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	in, err := New(o)
	if err != nil {
		h.t.Fatal(err)
	}
	in.disk.before = h.before
	h.j.dead = false
	ctx, cancel := context.WithCancel(context.Background())
	h.in, h.cancel, h.ended = in, cancel, make(chan struct{})
	go func() {
		defer close(h.ended)
		_ = in.Run(ctx)
	}()
	h.wait(0)
}

type lockedWriter struct{ h *host }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.h.logMu.Lock()
	defer w.h.logMu.Unlock()
	return w.h.log.Write(p)
}

func (h *host) stop() {
	h.cancel()
	<-h.ended
	if n := h.in.Stats().Open; n != 0 {
		h.t.Errorf("%d descriptors are open after the end", n)
	}
}

// wait lets d of the fake clock pass, and everything that is due happen.
func (h *host) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// take takes and acks all that Next gives now.
func (h *host) take() {
	h.t.Helper()
	var c flow.Chunk
	for h.next(&c, readSize) {
		s := c.Span(0, c.Lines())
		h.j.intent(s)
		h.j.ack(s)
	}
}

func (h *host) next(c *flow.Chunk, max int) bool {
	h.t.Helper()
	synctest.Wait()
	if !h.in.Feed("t").Next(c, max) {
		return false
	}
	h.keep(c, c.Lines())
	return true
}

// keep takes the first n lines of c as shipped.
func (h *host) keep(c *flow.Chunk, n int) {
	for i := range n {
		h.got = append(h.got, string(c.Line(i)))
		h.at = append(h.at, fmt.Sprintf("%s@%d", filepath.Base(c.Path), c.Start+int64(c.LineStart(i))))
	}
}

// settle takes everything, until nothing more can come.
func (h *host) settle() {
	h.t.Helper()
	for range 30 {
		h.take()
		h.wait(time.Second / 4)
	}
	h.take()
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) append(name string, data string) {
	h.t.Helper()
	f, err := os.OpenFile(h.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	h.must(err)
	_, err = f.WriteString(data)
	h.must(err)
	h.must(f.Close())
}

func (h *host) rename(from, to string) { h.must(os.Rename(h.path(from), h.path(to))) }
func (h *host) remove(name string)     { h.must(os.Remove(h.path(name))) }

func (h *host) copyTruncate(from, to string) {
	p, err := os.ReadFile(h.path(from))
	h.must(err)
	h.must(os.WriteFile(h.path(to), p, 0o644))
	h.must(os.Truncate(h.path(from), 0))
}

// must ends the test at an error that has nothing to do with the agent.
func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// want checks what was shipped.
func (h *host) want(lines ...string) {
	h.t.Helper()
	if strings.Join(h.got, "\n") != strings.Join(lines, "\n") {
		h.t.Errorf("shipped %q\nwant    %q\nat %q\nlog:\n%s", h.got, lines, h.at, h.log)
	}
}

// bubble runs f with a fake clock.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

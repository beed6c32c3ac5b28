package tail

import (
	"context"
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
	"tailrace/inputs/tail/unpack"
)

// host is a directory of logs and what an agent ships of it.
type host struct {
	mu     sync.Mutex // held by what happens before a system call of the agent
	waits  int        // how often time passed
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
	limits unpack.Limits                 // the agent's
	// maxOpen is the agent's, 0 for its own.
	maxOpen int64
	// life is up to when the runs before have seen all; zero: their journal
	// says it.
	life time.Time
	// noHandles: files are not to be opened by their handles.
	noHandles bool
}

func newHost(t testing.TB, patterns ...string) *host {
	h := &host{t: t, limits: unpack.Standard, dir: t.TempDir(), j: &fakeJournal{}, log: &strings.Builder{}}
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
	o.Files, o.Readings, o.Journal = h.j.files(), h.j.readings(), h.j
	o.Life, o.FirstStart = h.j.begin()
	if !h.life.IsZero() {
		o.Life = h.life
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(lockedWriter{h}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	in, err := New(o)
	if err != nil {
		h.t.Fatal(err)
	}
	in.disk.Before = h.before
	in.unpack = h.limits
	in.noHandles = h.noHandles
	if h.maxOpen > 0 {
		in.maxOpen = h.maxOpen
	}
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
	h.mu.Lock() // what is called before a system call sees all that was done so far
	h.waits++
	h.mu.Unlock()
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
		h.at = append(h.at, fmt.Sprintf("%s@%d", filepath.Base(c.Path), c.Offset(i)))
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

// jump is a long wait for what is to be forgotten, which would take seconds.
func (h *host) jump(d time.Duration) {
	h.t.Helper()
	h.must(h.in.ask(h.t.Context(), func() {
		for _, f := range h.in.files {
			f.since -= moment(d)
		}
	}))
	h.wait(time.Minute)
}

// session is an agent that is started, ships everything and is stopped.
func (h *host) session() {
	h.t.Helper()
	h.start()
	h.settle()
	h.stop()
}

// long is a line by which a file is known again.
const long = "a line that is long enough to be known again by its content: sixty-four bytes"

// whileDown ships a log with one long line, has it rotated while no agent runs,
// and checks what comes of it then; and that nothing comes after that.
func (h *host) whileDown(name string, want []string, rotate func(h *host)) {
	h.t.Helper()
	h.append(name, long+"\n")
	h.session()
	h.got = nil
	rotate(h)
	for range 2 {
		h.session()
		h.want(want...)
	}
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

func (h *host) remove(name string) { h.must(os.Remove(h.path(name))) }

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

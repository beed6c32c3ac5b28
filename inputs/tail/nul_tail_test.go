package tail

import (
	"os"
	"testing"
	"time"
)

// prepared writes a log whose program took space for it in advance: NULs follow its lines.
func (h *host) prepared(name, lines string) {
	h.t.Helper()
	h.append(name, lines)
	h.must(os.Truncate(h.path(name), 8<<10))
}

// The space that a program took in advance and left, when it renamed its log, keeps no
// other file waiting, whatever becomes of it.
func TestRotatedWithSpaceLeft(t *testing.T) {
	none := func(*host) {}
	for name, c := range map[string]struct{ down, first, later func(h *host) }{
		"renamed":               {none, none, none},
		"renamed while down":    {func(h *host) { h.stop(); h.rename("a.log", "a.log.1"); h.prepared("a.log", "next\n"); h.start() }, none, none},
		"compressed at once":    {none, func(h *host) { h.compress("a.log.1", ".gz") }, none},
		"deleted at once":       {none, func(h *host) { h.remove("a.log.1") }, none},
		"cut at once":           {none, func(h *host) { h.must(os.Truncate(h.path("a.log.1"), int64(len(long)+1))) }, none},
		"stopped at once":       {none, func(h *host) { h.stop(); h.start() }, none},
		"compressed":            {none, none, func(h *host) { h.compress("a.log.1", ".gz") }},
		"deleted":               {none, none, func(h *host) { h.remove("a.log.1") }},
		"cut":                   {none, none, func(h *host) { h.must(os.Truncate(h.path("a.log.1"), int64(len(long)+1))) }},
		"stopped":               {none, none, func(h *host) { h.stop(); h.start() }},
		"compressed while down": {none, none, func(h *host) { h.stop(); h.compress("a.log.1", ".gz"); h.start() }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.prepared("a.log", long+"\n")
				h.start()
				h.settle()
				if c.down(h); !h.exists("a.log.1") {
					h.rename("a.log", "a.log.1")
					h.prepared("a.log", "next\n")
				}
				c.first(h)
				h.settle()
				h.wait(packedQuiet)
				h.settle()
				h.want(long, "next")
				if x := h.explain("a.log.1"); name == "renamed" && (len(x.Files) == 0 || x.Files[0].Unread() != 0 || h.in.Topics()[0].Backlog != 0) {
					t.Errorf("%+v, %+v", x.Files, h.in.Topics())
				}
				c.later(h)
				h.settle()
				h.wait(packedQuiet)
				h.settle()
				h.stop()
				h.session()
				h.want(long, "next")
				if n := h.logged("level=WARN") + h.logged("level=ERROR"); n > 0 {
					t.Errorf("log:\n%s", h.log)
				}
			})
		})
	}
}

// What is written into that space after all is shipped late, and that is said.
func TestSpaceLeftIsFilledLate(t *testing.T) {
	for name, down := range map[string]bool{"running": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.prepared("a.log", long+"\n")
				h.start()
				h.settle()
				h.rename("a.log", "a.log.1")
				h.prepared("a.log", "next\n")
				h.settle()
				if down {
					h.stop()
				}
				h.wait(time.Second)
				h.overwrite("a.log.1", int64(len(long)+1), "late\n")
				if down {
					h.start()
				}
				h.settle()
				h.wait(2 * quietTime)
				h.want(long, "next", "late")
				if n := h.logged("shipped late"); n != 1 || h.logged("level=ERROR") > 0 {
					t.Errorf("said %d times:\n%s", n, h.log)
				}
				h.stop()
			})
		})
	}
}

// A program goes on in the space that it took in advance.
func TestSpaceIsFilled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.prepared("a.log", long+"\n")
		h.start()
		h.settle()
		h.wait(time.Minute)
		h.overwrite("a.log", int64(len(long)+1), "more\n")
		h.settle()
		h.want(long, "more")
		h.stop()
	})
}

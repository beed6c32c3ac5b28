package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailrace/agent/journal"
)

// only has the next start follow these patterns.
func (h *host) only(patterns ...string) {
	h.opts.Inputs[0].Paths = nil
	for _, p := range patterns {
		h.opts.Inputs[0].Paths = append(h.opts.Inputs[0].Paths, filepath.Join(h.dir, p))
	}
}

// known is what the journal has of the path.
func (h *host) known(name string) (all []journal.FileState) {
	for _, f := range h.j.files() {
		if f.Path == h.path(name) {
			all = append(all, f)
		}
	}
	return all
}

// linesOf is a line for each number from a up to b.
func linesOf(a, b int) string {
	var s strings.Builder
	for i := a; i < b; i++ {
		fmt.Fprintf(&s, "line %d\n", i)
	}
	return s.String()
}

// Whatever happens to a file whose input was removed, the others go on, and
// nothing of it is shipped.
func TestRemovedInput(t *testing.T) {
	for name, c := range map[string]struct{ down, up func(h *host) }{
		"truncated while down": {down: func(h *host) {
			h.must(os.Truncate(h.path("b.log"), 0))
			h.append("b.log", "other\n")
		}},
		"truncated": {up: func(h *host) { h.must(os.Truncate(h.path("b.log"), 0)) }},
		"rewritten": {up: func(h *host) {
			h.must(os.WriteFile(h.path("b.log"), []byte(linesOf(1000, 1500)), 0o644))
		}},
		"copied and truncated while down": {down: func(h *host) { h.copyTruncate("b.log", "b.log.1") }},
		"copied and truncated":            {up: func(h *host) { h.copyTruncate("b.log", "b.log.1") }},
		"renamed":                         {up: func(h *host) { h.rename("b.log", "b.log.1"); h.append("b.log", "other\n") }},
		"grown":                           {up: func(h *host) { h.append("b.log", "other\n") }},
		"compressed":                      {down: func(h *host) { h.rename("b.log", "b.log.1"); h.compress("b.log.1", ".gz") }},
		"gone":                            {up: func(h *host) { h.remove("b.log") }},
		"a rotated one grown":             {up: func(h *host) { h.append("b.log.9", "late\n") }},
		"one more in its olddir":          {up: func(h *host) { h.append("old/b.log.1", "new\n") }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log", "old/*.txt")
				h.must(os.Mkdir(h.path("old"), 0o755))
				h.append("b.log", linesOf(1, 200))
				h.start()
				h.settle()
				h.rename("b.log", "old/b.log.2")
				h.append("b.log", linesOf(200, 300))
				h.settle()
				h.rename("b.log", "b.log.9")
				h.append("b.log", linesOf(300, 400))
				h.settle()
				h.stop()
				shipped := len(h.got)
				h.only("a.log", "old/*")
				if c.down != nil {
					c.down(h)
				}
				h.start()
				h.settle()
				if c.up != nil {
					c.up(h)
				}
				h.settle()
				h.append("a.log", "followed\n")
				h.settle()
				h.wait(time.Minute)
				want := 1
				if name == "one more in its olddir" {
					want = 2
				}
				if n := len(h.got) - shipped; n != want || h.got[len(h.got)-1] != "followed" {
					t.Errorf("%d lines, the last %q\n%s", n, h.got[len(h.got)-1], h.log)
				}
				if n := h.in.Stats().Open; n > 0 {
					t.Errorf("%d files are open", n)
				}
				if n := h.logged("level=ERROR"); n > 0 {
					t.Errorf("log:\n%s", h.log)
				}
				h.stop()
			})
		})
	}
}

// Of a file whose input was removed nothing is kept once it is gone, or after a
// week; until then it is not shipped again when its input comes back.
func TestRemovedInputIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		for _, name := range []string{"b.log", "c.log", "d.log"} {
			h.append(name, linesOf(1, 200))
		}
		h.start()
		h.settle()
		h.rename("d.log", "d.log.1")
		h.wait(2 * graceTime)
		h.stop()
		shipped := len(h.got)
		h.only("a.log")
		h.start()
		h.remove("b.log")
		h.wait(time.Minute)
		if n := len(h.known("b.log")); n != 0 {
			t.Errorf("%d files that are gone are known", n)
		}
		h.stop()
		h.only("*.log")
		h.start()
		h.settle()
		if len(h.got) != shipped {
			t.Errorf("%d lines came again", len(h.got)-shipped)
		}
		h.stop()
		h.only("a.log")
		h.start()
		h.wait(time.Minute)
		if c, d := len(h.known("c.log")), len(h.known("d.log")); c != 1 || d != 1 {
			t.Errorf("%d and %d files are known", c, d)
		}
		h.jump(keepRemoved)
		h.forgotten()
		h.stop()
	})
}

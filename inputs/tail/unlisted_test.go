package tail

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/explain"
)

// A directory that cannot be listed is said once, told as long as it lasts, and
// said when it is over: one with files, and one through which a pattern goes.
func TestUnlisted(t *testing.T) {
	f := func(pattern, closed string) {
		t.Helper()
		bubble(t, func(t *testing.T) {
			h := newHost(t, pattern)
			h.must(os.MkdirAll(h.path("d/e"), 0o755))
			h.append("d/e/a.log", "1\n")
			refuse := true
			h.before = func(call, path string) error {
				h.mu.Lock()
				defer h.mu.Unlock()
				if refuse && call == "list" && path == h.path(closed) {
					return unix.EACCES
				}
				return nil
			}
			h.start()
			h.settle()
			told := func() []string { return slices.Collect(maps.Keys(h.in.Stats().Unlisted)) }
			if got := told(); !slices.Equal(got, []string{h.path(closed)}) {
				t.Errorf("%s: told %q", pattern, got)
			}
			if n := h.logged("level=ERROR", "cannot list"); n != 1 {
				t.Errorf("%s: said %d times:\n%s", pattern, n, h.log)
			}
			if a := h.explain("d/e/a.log"); a.Verdict != explain.Unlisted || a.At.Unlisted != h.path(closed)+": permission denied" {
				t.Errorf("%s: %+v", pattern, a)
			}
			h.mu.Lock()
			refuse = false
			h.mu.Unlock()
			h.settle()
			h.settle()
			h.want("1")
			if got := told(); len(got) > 0 || h.logged("can be read again") != 1 {
				t.Errorf("%s: in the end %q:\n%s", pattern, got, h.log)
			}
			h.stop()
		})
	}
	f("d/e/*.log", "d/e")
	f("d/*/*.log", "d")
	f("d/**/*.log", filepath.Join("d", "e"))
}

// A directory that is gone is not told any more.
func TestUnlistedGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "d*/*.log")
		h.must(os.Mkdir(h.path("d1"), 0o755))
		h.before = func(call, path string) error {
			if call == "list" && path == h.path("d1") {
				return unix.EACCES
			}
			return nil
		}
		h.start()
		h.settle()
		if n := len(h.in.Stats().Unlisted); n != 1 {
			t.Errorf("%d told", n)
		}
		h.must(os.Remove(h.path("d1")))
		h.settle()
		h.settle()
		if n := len(h.in.Stats().Unlisted); n != 0 {
			t.Errorf("%d told after it is gone", n)
		}
		h.stop()
	})
}

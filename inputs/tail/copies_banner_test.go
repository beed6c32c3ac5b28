package tail

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Two programs begin their logs with the same banner, and one of the names is as
// that of a rotated file: what they write behind it is shipped, of both.
func TestCopyGoesOn(t *testing.T) {
	banner := strings.Repeat("=", 100)
	for name, tc := range map[string]struct {
		first, second string
		after         func(h *host) // before the second is written on
	}{
		"the first has gone on":  {"one of a\n", "one of a-1\n", func(h *host) {}},
		"as long as the first":   {"one of a\n", "one of b\n", func(h *host) {}},
		"the first is as short":  {"", "one of a-1\n", func(h *host) {}},
		"the first was rotated":  {"one of a\n", "one of a-1\n", func(h *host) { h.rename("a.log", "old") }},
		"the first was deleted":  {"one of a\n", "one of a-1\n", func(h *host) { h.remove("a.log") }},
		"the agent starts again": {"one of a\n", "one of a-1\n", func(h *host) { h.stop(); h.start() }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.append("a.log", banner+"\n"+tc.first)
				h.start()
				h.settle()
				h.append("a-1.log", banner+"\n")
				h.wait(3 * time.Second)
				tc.after(h)
				h.append("a-1.log", tc.second)
				h.settle()
				h.wait(time.Minute)
				h.settle()
				want := strings.SplitAfter(banner+"\n"+tc.first+banner+"\n"+tc.second, "\n")
				got := strings.SplitAfter(strings.Join(h.got, "\n")+"\n", "\n")
				if strings.Join(got, "") != strings.Join(want, "") {
					t.Errorf("shipped %q\nat %q\nlog:\n%s", h.got, h.at, h.log)
				}
				h.stop()
			})
		})
	}
}

// A large copy that is made with pauses is not shipped, though it looks complete
// in between.
func TestCopyWithPauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		text, all := numbers(1, 3000)
		h.append("a.log", text)
		h.start()
		h.settle()
		for from := 0; from < len(text); from += 40_000 {
			h.append("a.log.1", text[from:min(from+40_000, len(text))])
			h.wait(time.Minute)
		}
		h.settle()
		h.want(all...)
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "new\n")
		h.settle()
		h.want(append(all, "new")...)
		h.stop()
	})
}

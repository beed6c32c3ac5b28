package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each generation of a log begins with the same lines, and it is written to without a
// pause: the new one is not taken for a copy that is being made, which would have to
// come to rest first.
func TestBusyLogWithBanner(t *testing.T) {
	banner := strings.TrimSpace(strings.Repeat(strings.Repeat("=", 99)+"\n", 20))
	for name, c := range map[string]struct {
		move  func(h *host)
		short bool // the old one has nothing but these lines
		held  int  // so many lines may be held back: it is not known for long that it is none
	}{
		"renamed": {move: func(h *host) { h.rename("a.log", "a.log.1") }},
		"renamed and compressed": {move: func(h *host) {
			h.rename("a.log", "a.log.1")
			h.settleLong()
			h.compress("a.log.1", ".gz")
			h.settleLong()
		}},
		"the one before it was moved and deleted": {move: func(h *host) {
			h.rename("a.log", "old/a.log.1")
			h.append("a.log", banner+"\n")
			h.settleLong()
			h.remove("old/a.log.1")
			h.settleLong()
			h.got = nil
			h.rename("a.log", "a.log.1")
		}},
		"moved":            {move: func(h *host) { h.rename("a.log", "old/a.log.1") }},
		"moved, and short": {short: true, move: func(h *host) { h.rename("a.log", "old/a.log.1") }},
		"moved and deleted": {held: 110, move: func(h *host) {
			h.rename("a.log", "old/a.log.1")
			h.settleLong()
			h.remove("old/a.log.1")
			h.settleLong()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.must(os.Mkdir(h.path("old"), 0o755))
				h.append("a.log", banner+"\n")
				if !c.short {
					h.write("a.log", 1, 2000)
				}
				h.start()
				h.settle()
				h.wait(time.Minute)
				h.got = nil
				c.move(h)
				want := strings.Split(banner, "\n")
				h.append("a.log", banner+"\n")
				for i := range c.held + 50 {
					s := fmt.Sprintf("of the new one %d", i)
					h.append("a.log", s+"\n")
					want = append(want, s)
					h.wait(100 * time.Millisecond)
					h.take()
				}
				if len(h.got) < len(banner)/100 {
					t.Error("nothing of it is shipped while it is written")
				}
				h.settle()
				if !slices.Equal(h.got, want) {
					t.Errorf("shipped %d lines, want %d\nlog:\n%s", len(h.got), len(want), h.log)
				}
				h.stop()
			})
		})
	}
}

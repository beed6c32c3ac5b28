package tail

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// A log is copied, truncated and written beyond its former size while its directory
// cannot be listed, though the log is open: what became of it is found out when
// the directory can be listed again, and nothing is tried over and over before.
func TestTruncatedWhileUnlisted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		refuse, reads, lists := false, 0, 0
		h.before = func(call, path string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if call == "pread" {
				if reads++; reads > 1000 {
					refuse = false // it would never end
				}
			}
			if call == "list" && refuse {
				lists++
				return unix.EACCES
			}
			return nil
		}
		h.write("a.log", 1, 3)
		h.start()
		go func() {
			for feed := h.in.Feed("t"); ; {
				select {
				case <-h.ended:
					return
				case <-feed.Wake():
				}
				var c flow.Chunk
				for feed.Next(&c, readSize) {
					s := c.Span(0, c.Lines())
					h.j.intent(s)
					h.j.ack(s)
					h.mu.Lock()
					h.keep(&c, c.Lines())
					h.mu.Unlock()
				}
			}
		}()
		h.wait(time.Second / 4) // it is polled still
		h.mu.Lock()
		refuse, reads = true, 0
		h.mu.Unlock()
		h.write("a.log", 4, 5)
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", strings.Repeat(strings.Repeat("n", 99)+"\n", 12))
		h.wait(time.Minute)
		h.mu.Lock()
		if !refuse || lists > 500 {
			t.Errorf("%d reads and %d tries to list the directory in a minute", reads, lists)
		}
		refuse, reads = false, 0
		h.mu.Unlock()
		h.wait(time.Minute)
		h.mu.Lock()
		got := append([]string{}, h.got...)
		h.mu.Unlock()
		if len(got) != 5+12 || strings.Join(got[:5], "\n") != strings.Join(texts(1, 5), "\n") {
			t.Errorf("shipped %q\n%s", got, h.log)
		}
		h.stop()
	})
}

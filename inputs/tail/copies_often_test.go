package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// A cron job copies a log over the same file and truncates it, again and again, before the
// agent has let go of the copy before: all lines are shipped, and none is said to be lost.
func TestCopiedOftenToOneName(t *testing.T) {
	for _, pause := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond} {
		for _, step := range []time.Duration{400 * time.Millisecond, time.Second} {
			for _, lines := range []int{1, 3, 40} {
				t.Run(fmt.Sprint(pause, step, lines), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, "*.log")
						var all []string
						write := func() {
							text, more := numbers(len(all)+1, len(all)+lines)
							h.append("a.log", text)
							all = append(all, more...)
						}
						pass := func(d time.Duration) {
							h.must(h.in.ask(t.Context(), func() { h.in.look(h.dir) })) // as where the file system tells of changes
							for end := time.Now().Add(d); time.Now().Before(end); {
								h.take()
								h.wait(min(20*time.Millisecond, time.Until(end)))
							}
						}
						write()
						h.start()
						pass(2 * time.Second)
						for range 8 {
							write()
							pass(step)
							write()
							pass(step)
							h.must(os.WriteFile(h.path("a.log.bak"), h.look("a.log"), 0o644))
							pass(pause)
							h.must(os.Truncate(h.path("a.log"), 0))
							pass(pause)
						}
						h.settle()
						h.want(all...)
						h.noLoss()
						h.stop()
					})
				})
			}
		}
	}
}

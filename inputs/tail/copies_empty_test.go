package tail

import (
	"fmt"
	"testing"
	"time"
)

// Several copytruncates come between two looks, and some copies are empty: what
// is behind them does not wait for a writer of the empty ones.
func TestEmptyCopies(t *testing.T) {
	for _, pattern := range []string{"*.log", "a*"} {
		for _, gap := range []time.Duration{0, 2 * lookGap, 2 * scanEvery} {
			t.Run(fmt.Sprintf("%s gap=%v", pattern, gap), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					var all []string
					write := func(n int) {
						text, lines := numbers(len(all)+1, len(all)+n)
						h.append("a.log", text)
						all = append(all, lines...)
					}
					n := 0
					rotate := func() {
						n++
						h.copyTruncate("a.log", fmt.Sprintf("a.log-202611%02d", n))
						h.wait(gap)
					}
					write(30)
					h.start()
					h.take()
					h.wait(2 * time.Second)
					rotate()
					rotate()
					rotate()
					write(20)
					rotate()
					write(3)
					h.settle()
					h.want(all...)
					h.stop()
				})
			})
		}
	}
}

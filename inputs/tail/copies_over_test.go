package tail

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// numbers is lines that differ, long enough to be known again by their content.
func numbers(from, to int) (text string, lines []string) {
	for n := from; n <= to; n++ {
		lines = append(lines, fmt.Sprintf("line %06d %s", n, strings.Repeat("x", 30)))
	}
	return strings.Join(lines, "\n") + "\n", lines
}

// A copytruncate of a cron job always writes its copy over the same inode.
func TestCopyIsWrittenOver(t *testing.T) {
	for _, pattern := range []string{"*.log", "*.log*"} {
		for _, down := range []bool{false, true} {
			for _, pause := range []time.Duration{2 * time.Second, 10 * time.Second} {
				for _, size := range []int{20, 30, 40} {
					t.Run(fmt.Sprintf("%s down=%v %v %d", pattern, down, pause, size), func(t *testing.T) {
						bubble(t, func(t *testing.T) {
							h := newHost(t, pattern)
							var all []string
							write := func(n int) {
								text, lines := numbers(len(all)+1, len(all)+n)
								h.append("a.log", text)
								all = append(all, lines...)
							}
							pass := func() {
								for end := time.Now().Add(pause); time.Now().Before(end); {
									h.take()
									h.wait(250 * time.Millisecond)
								}
							}
							write(30)
							h.start()
							pass()
							for i := range 3 {
								h.copyTruncate("a.log", "a.log.1")
								write(size + i*(size-30)/4)
								pass()
								if down {
									h.stop()
									write(2)
								}
								if down {
									h.copyTruncate("a.log", "a.log.1")
									write(3)
									h.start()
									pass()
								}
							}
							h.settle()
							h.want(all...)
							h.stop()
						})
					})
				}
			}
		}
	}
}

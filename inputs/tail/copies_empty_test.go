package tail

import (
	"fmt"
	"os"
	"strings"
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

// The same while no agent runs, and the copies are compressed: an empty one hides no
// other, whatever was read of the log.
func TestEmptyCompressedCopies(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		for name, sizes := range map[string][]int{
			"first":        {0, 300, 3},
			"first, twice": {0, 0, 20, 3},
			"between":      {5, 0, 30, 0, 3},
			"last":         {0, 20, 0},
			"all":          {0, 0},
		} {
			for _, delay := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s delay=%v", pattern, name, delay), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						rotate := h.rotateCopies("a.log", delay)
						h.write("a.log", 1, 15)
						h.start()
						h.settle()
						rotate()
						h.settleLong()
						h.stop()
						last := 15
						for _, n := range sizes {
							if n > 0 {
								h.write("a.log", last+1, last+n)
							}
							last += n
							rotate()
							h.wait(time.Millisecond)
						}
						h.write("a.log", last+1, last+4)
						h.sessionLong()
						h.want(texts(1, last+4)...)
						h.noLoss()
						if s := h.log.String(); strings.Contains(s, "WARN") || strings.Contains(s, "ERROR") {
							t.Errorf("said:\n%s", s)
						}
					})
				})
			}
		}
	}
}

// rotateCopies returns what copies the log, truncates it and compresses the copy, or
// with delay the one before it, as logrotate does.
func (h *host) rotateCopies(name string, delay bool) func() {
	n := 0
	numbered := func(i int) string { return fmt.Sprintf("%s.%d", name, i) }
	return func() {
		h.t.Helper()
		if n++; delay && n > 1 {
			h.compress(numbered(1), ".gz")
		}
		for i := n - 1; i > 0; i-- {
			h.rename(numbered(i)+".gz", numbered(i+1)+".gz")
		}
		h.copyTruncate(name, numbered(1))
		if !delay {
			h.compress(numbered(1), ".gz")
		}
	}
}

// The writer does not append: what it writes after a truncation has NULs before it,
// and so has the next copy. All of that comes while no agent runs, after nothing had
// been written for a while.
func TestCompressedCopyBeginsWithNULs(t *testing.T) {
	for _, at := range []int64{400, 400_000} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			rotate := h.rotateCopies("a.log", false)
			h.write("a.log", 1, 3)
			h.start()
			h.settle()
			rotate()
			h.settleLong()
			h.stop()
			h.overwrite("a.log", at, text(4)+"\n")
			rotate()
			h.overwrite("a.log", at+100, text(5)+"\n")
			h.start()
			h.settleLong()
			h.want(texts(1, 5)...)
			h.noLoss()
			h.stop()
		})
	}
}

// A log of which little was read is copied and truncated, and that is seen; the copy is
// compressed while no agent runs. Until it is known what is in it the log is copied and
// truncated once more: of two compressed files each is the copy of its own.
func TestCompressedCopyOfTheOneBefore(t *testing.T) {
	for _, dir := range []string{"", "old/"} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			h.must(os.MkdirAll(h.path(dir), 0o755))
			h.write("a.log", 1, 3)
			h.start()
			h.settle()
			h.copyTruncate("a.log", dir+"a.log-20260101")
			h.settle()
			h.compress(dir+"a.log-20260101", ".gz")
			h.append("a.log", "4\n")
			h.settleLong()
			h.copyTruncate("a.log", dir+"a.log-20260102")
			h.wait(time.Second)
			h.write("a.log", 5, 9)
			h.wait(time.Second)
			h.stop()
			h.compress(dir+"a.log-20260102", ".gz")
			h.start()
			h.wait(2 * time.Second)
			h.copyTruncate("a.log", dir+"a.log-20260103")
			h.compress(dir+"a.log-20260103", ".gz")
			h.write("a.log", 10, 12)
			h.settleLong()
			h.want(append(append(texts(1, 3), "4"), texts(5, 12)...)...)
			h.noLoss()
			h.stop()
		})
	}
}

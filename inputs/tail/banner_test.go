package tail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The log begins with the same lines of more than flow.PrefixMax after each rotation,
// and several rotations come while no agent runs: each of them comes, with all that is
// behind it, even when no more than these lines was read of the first.
func TestBannerWhileDown(t *testing.T) {
	banner := strings.Repeat("=", 1500)
	rotations := map[string][]int{ // so many lines behind it; -1: the log is empty
		"one":                                 {4},
		"several":                             {2, 5, 4},
		"the banner only":                     {0, 3, 0, 2},
		"more first":                          {7, 2, 1},
		"an empty one":                        {3, -1, 2, 4},
		"an empty one, after the banner only": {0, -1, 2, -1},
	}
	for _, form := range []string{"plain", "numbers", "dates", "delay", "copies", "packed copies", "dated copies"} {
		for _, pattern := range []string{"a.log", "a.log*"} {
			for name, sizes := range rotations {
				t.Run(fmt.Sprintf("%s %s %s", form, pattern, name), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						want := []string{banner}
						h.append("a.log", banner+"\n")
						h.session()
						last := 0
						for n, lines := range append(sizes, 1) {
							if n > 0 {
								h.rotateAs(form, n)
							}
							if n > 0 && lines < 0 {
								h.append("a.log", "")
							} else if n > 0 {
								h.append("a.log", banner+"\n")
								want = append(want, banner)
							}
							if lines > 0 {
								h.write("a.log", last+1, last+lines)
								want = append(want, texts(last+1, last+lines)...)
							}
							last += max(0, lines)
							later(10 * time.Millisecond)
						}
						h.sessionLong()
						if !slices.Equal(h.got, want) {
							t.Errorf("shipped %.20q\nwant    %.20q\nlog:\n%s", h.got, want, h.log.String())
						}
						h.noLoss()
					})
				})
			}
		}
	}
}

// Each day has a log of its own, which begins with the same lines, and the one before
// it is compressed or deleted just before it is made: it is shipped from its beginning.
func TestBannerOfDatedPaths(t *testing.T) {
	banner := strings.Repeat("=", 1500)
	for _, gone := range []string{"compressed", "deleted"} {
		for _, open := range []bool{true, false} {
			for _, pattern := range []string{"a-*.log", "a-*.log*"} {
				t.Run(fmt.Sprintf("%s open=%v %s", gone, open, pattern), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						day := func(n int) string { return fmt.Sprintf("a-20261123-%04d.log", n) }
						var want []string
						for n := 1; n < 5; n++ {
							h.append(day(n), banner+"\n")
							lines := texts(1000*n, 1000*n+[]int{600, 3}[(n+1)%2])
							h.append(day(n), strings.Join(lines, "\n")+"\n")
							want = append(append(want, banner), lines...)
							if n == 1 {
								h.start()
							}
							h.settle()
							if open {
								h.append(day(n), "last\n")
								want = append(want, "last")
								for range 8 {
									h.wait(time.Second / 4)
									h.take()
								}
							}
							if gone == "compressed" {
								h.compress(day(n), ".gz")
							} else {
								h.remove(day(n))
							}
						}
						h.settleLong()
						h.stop()
						if !slices.Equal(h.got, want) {
							t.Errorf("shipped %.20q\nwant    %.20q\nlog:\n%s", h.got, want, h.log.String())
						}
						h.noLoss()
					})
				})
			}
		}
	}
}

// rotateAs rotates a.log for the nth time, in that form.
func (h *host) rotateAs(form string, n int) {
	if form == "delay" {
		h.rotateCompressed(n - 1)
		return
	}
	how, ok := map[string]struct {
		to, ext string
		move    func(from, to string)
	}{
		"plain":         {"a.log.1", "", h.rename},
		"numbers":       {"a.log.1", ".gz", h.rename},
		"dates":         {fmt.Sprintf("a.log-202611%02d", n), ".gz", h.rename},
		"copies":        {"a.log.1", "", h.copyTruncate},
		"packed copies": {"a.log.1", ".gz", h.copyTruncate},
		"dated copies":  {fmt.Sprintf("a.log-202611%02d", n), "", h.copyTruncate},
	}[form]
	if !ok {
		h.t.Fatalf("no rotation %q", form)
	}
	for i := n - 1; i > 0 && how.to == "a.log.1"; i-- {
		h.rename(fmt.Sprintf("a.log.%d%s", i, how.ext), fmt.Sprintf("a.log.%d%s", i+1, how.ext))
	}
	how.move("a.log", how.to)
	if how.ext != "" {
		h.compress(how.to, how.ext)
	}
}

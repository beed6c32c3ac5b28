package tail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The log begins with the same lines of more than flow.PrefixMax each time, and is
// copied and truncated while the agent runs and has read no more than these, or nothing,
// of it; and is written anew beyond that at once. All of it comes, late if it was read
// on before anybody looked, also after a restart.
func TestBannerCopiedWhileUp(t *testing.T) {
	banner := strings.Repeat("=", 1500)
	for _, pattern := range []string{"a.log", "a.log*"} {
		for _, read := range []int{0, 1} {
			for _, at := range []string{"read on at once", "looked at first"} {
				t.Run(fmt.Sprintf("%s read=%d %s", pattern, read, at), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						h.append("a.log", banner+"\n")
						h.start()
						if read > 0 {
							h.settle()
						}
						h.write("a.log", 1, 3)
						h.copyTruncate("a.log", "a.log.1")
						h.append("a.log", banner+"\n")
						h.write("a.log", 4, 40)
						if at == "looked at first" {
							h.wait(3 * time.Second)
						}
						h.settle()
						h.stop()
						h.rename("a.log.1", "a.log.2")
						h.copyTruncate("a.log", "a.log.1")
						h.append("a.log", banner+"\n")
						h.write("a.log", 41, 50)
						h.session()
						want := append(texts(1, 50), banner, banner, banner)
						slices.Sort(want)
						slices.Sort(h.got)
						if !slices.Equal(h.got, want) {
							t.Errorf("shipped %.20q\nwant    %.20q\nlog:\n%s", h.got, want, h.log.String())
						}
						if at == "looked at first" {
							h.noLoss()
						}
					})
				})
			}
		}
	}
}

// The log begins with the same lines each time, and is copied, truncated and compressed
// before anything of it was read: what is in the compressed file comes first.
func TestBannerUnreadPackedCopy(t *testing.T) {
	banner := strings.Repeat("=", 1500)
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", banner+"\n")
		h.write("a.log", 1, 3)
		h.start()
		h.wait(time.Second)
		h.stop()
		h.copyTruncate("a.log", "a.log.1")
		h.append("a.log", banner+"\n")
		h.write("a.log", 4, 40)
		h.compress("a.log.1", ".gz")
		h.sessionLong()
		h.want(append(append(append([]string{banner}, texts(1, 3)...), banner), texts(4, 40)...)...)
		h.noLoss()
	})
}

// The greater part of a short log is the same lines each time, and it is deleted, or
// compressed just before the next one is made: that one is shipped from its beginning,
// once it is known that they begin alike.
func TestBannerOfShortLog(t *testing.T) {
	banner := strings.Repeat("=", 1500)
	for _, gone := range []string{"deleted", "compressed"} {
		for _, down := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s down=%v", gone, down), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					var want []string
					first := 1
					if gone == "deleted" {
						first = 0 // then it is renamed: two logs are known then
					}
					h.start()
					for n := first; n < 6; n++ {
						if down && n > 2 {
							h.stop()
						}
						switch {
						case n < 2:
							h.renameIf("a.log", "a.log.0")
						case gone == "deleted":
							h.remove("a.log")
						default:
							h.rename("a.log", fmt.Sprintf("a.log.%d", 10-n))
							h.compress(fmt.Sprintf("a.log.%d", 10-n), ".gz")
						}
						h.append("a.log", banner+"\n")
						h.write("a.log", n, n)
						want = append(want, banner, text(n))
						if down && n > 2 {
							h.start()
						}
						h.settleLong()
						h.wait(10 * time.Minute) // it is let go of
					}
					h.stop()
					if !slices.Equal(h.got, want) {
						t.Errorf("shipped %.20q\nwant    %.20q\nlog:\n%s", h.got, want, h.log.String())
					}
				})
			})
		}
	}
}

// renameIf renames the file if it is there.
func (h *host) renameIf(from, to string) {
	if h.exists(from) {
		h.rename(from, to)
	}
}

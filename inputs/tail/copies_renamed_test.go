package tail

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A log is renamed, that is copied to the name of a rotated file, without its times,
// and deleted, as logrotate's renamecopy does: the copy is not shipped again, however
// short it is.
func TestRenamedAndCopied(t *testing.T) {
	for name, text := range map[string]func(n int) string{"": text, " short": strconv.Itoa} {
		renamedAndCopied(t, name, text)
	}
}

func renamedAndCopied(t *testing.T, length string, text func(n int) string) {
	rotate := func(h *host, n int) {
		for i := n; i > 0; i-- {
			h.rename(fmt.Sprintf("a.log.%d", i), fmt.Sprintf("a.log.%d", i+1))
		}
		h.rename("a.log", "a.log.tmp")
		h.append("a.log.1", string(h.plain("a.log.tmp")))
		h.remove("a.log.tmp")
	}
	for _, pattern := range []string{"a.log", "*.log", "*.log*"} {
		for name, round := range map[string]func(h *host, n int){
			"open":   rotate,
			"closed": func(h *host, n int) { h.settle(); rotate(h, n) },
			"down":   func(h *host, n int) { h.stop(); rotate(h, n); h.start() },
			"ended":  func(h *host, n int) { rotate(h, n); h.stop(); h.start() },
		} {
			t.Run(pattern+" "+name+length, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					h.start()
					var want []string
					for n := range 3 {
						want = append(want, text(2*n+1), text(2*n+2))
						h.append("a.log", strings.Join(want[2*n:], "\n")+"\n")
						h.wait(2 * time.Second)
						h.take()
						round(h, n)
						h.settleLong()
					}
					h.want(want...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
}

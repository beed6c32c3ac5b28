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

// The agent looks at any moment of that, and the program goes on in the renamed log.
func TestRenamedAndCopiedSlowly(t *testing.T) {
	for _, pattern := range []string{"*.log", "**"} {
		for _, size := range []int{1, 20} {
			for looks := range 64 {
				for _, taken := range []bool{true, false} {
					t.Run(fmt.Sprintf("%s size=%d looks=%06b taken=%v", pattern, size, looks, taken), func(t *testing.T) {
						bubble(t, func(t *testing.T) { renameCopySlowly(newHost(t, pattern), size, looks, taken) })
					})
				}
			}
		}
	}
}

// renameCopySlowly rotates a log of size lines, and then one of ten. The bits of looks
// say between which steps the agent looks, taken that what it has is taken at once.
func renameCopySlowly(h *host, size, looks int, taken bool) {
	last, steps := 0, 0
	write := func(name string, n int) {
		h.write(name, last+1, last+n)
		last += n
	}
	step := func() {
		if looks>>(steps%6)&1 > 0 {
			h.must(h.in.ask(h.t.Context(), func() { h.in.look(h.dir) }))
			if taken {
				h.take()
			}
			h.wait(time.Millisecond)
		}
		steps++
	}
	write("a.log", size)
	h.start()
	h.wait(2 * time.Second)
	h.take()
	for i := range 2 {
		write("a.log", 3)
		step()
		if i > 0 {
			h.rename("a.log.1", "a.log.2")
		}
		h.rename("a.log", "a.log.tmp")
		write("a.log.tmp", 1)
		step()
		h.append("a.log", "")
		step()
		all := string(h.plain("a.log.tmp"))
		h.append("a.log.1", all[:len(all)/2])
		step()
		h.append("a.log.1", all[len(all)/2:])
		step()
		h.remove("a.log.tmp")
		step()
		write("a.log", 10)
		h.settleLong()
	}
	h.stop()
	h.want(texts(1, last)...)
	h.noLoss()
}

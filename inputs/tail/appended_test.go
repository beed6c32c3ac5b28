package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// appendTo is cat from >> to.
func (h *host) appendTo(from, to string) {
	p, err := os.ReadFile(h.path(from))
	h.must(err)
	h.append(to, string(p))
}

// empty is : > name.
func (h *host) empty(name string) { h.must(os.Truncate(h.path(name), 0)) }

// appendCase is one way of appending a log to what was rotated before.
type appendCase struct {
	pattern, to string
	lines       int           // of each generation
	unread      int           // that are written right before the rotation
	between     time.Duration // from the copy to the truncation
	down        int           // how often it is rotated while the agent is down, 0: never
}

func (c appendCase) String() string {
	return fmt.Sprintf("%s to %s %d+%d, %v, down %d", c.pattern, c.to, c.lines, c.unread, c.between, c.down)
}

// A log is rotated by appending it to what was rotated before.
func TestAppendedAndTruncated(t *testing.T) {
	for _, files := range [][2]string{{"app.log", "app.log.old"}, {"app.log*", "app.log.old"}, {"app.log", "archive.log"}} {
		for _, lines := range []int{2, 30, 1000} {
			for _, unread := range []int{0, 3} {
				for _, between := range []time.Duration{0, 5 * time.Second} {
					for _, down := range []int{0, 1, 2} {
						c := appendCase{files[0], files[1], lines, unread, between, down}
						t.Run(c.String(), func(t *testing.T) { bubble(t, func(t *testing.T) { appendAndTruncate(t, c) }) })
					}
				}
			}
		}
	}
}

func appendAndTruncate(t *testing.T, c appendCase) {
	h := newHost(t, c.pattern)
	var all []string
	write := func(n int) {
		if n > 0 {
			text, lines := numbers(len(all)+1, len(all)+n)
			h.append("app.log", text)
			all = append(all, lines...)
		}
	}
	pass := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
			h.take()
			h.wait(250 * time.Millisecond)
		}
	}
	rotate := func(pause func(time.Duration)) {
		write(c.unread)
		h.appendTo("app.log", c.to)
		pause(c.between)
		h.empty("app.log")
	}
	h.start()
	for i := range 4 {
		write(c.lines)
		if i == 0 {
			tick() // the copy is younger than the log
		}
		pass(3 * time.Second)
		rotate(pass)
		pass(3 * time.Second)
		for range c.down {
			write(2)
			pass(time.Second)
			h.stop()
			write(c.unread)
			rotate(func(time.Duration) {})
			write(c.unread)
			h.start()
			pass(3 * time.Second)
		}
	}
	h.settle()
	h.want(all...)
	h.stop()
	if strings.Contains(h.log.String(), "level=WARN") || strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("said:\n%s", h.log)
	}
}

// The agent is killed with lines under way, and the log is appended and emptied: they are
// read again from there, and so is what was not read.
func TestAppendedWithLinesUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app.log")
		text, all := numbers(1, 30)
		h.append("app.log", text)
		tick() // the copy is younger than the log
		h.start()
		h.settle()
		h.appendTo("app.log", "app.log.old")
		h.empty("app.log")
		h.settle()
		text, lines := numbers(31, 60)
		all = append(all, lines...)
		h.append("app.log", text)
		h.settle()
		text, lines = numbers(61, 90)
		all = append(all, lines...)
		h.append("app.log", text)
		h.wait(time.Second)
		var c flow.Chunk
		if !h.next(&c, 500) {
			t.Fatal("nothing to read")
		}
		s := c.Span(0, c.Lines())
		h.j.intent(s)
		h.stop()
		h.appendTo("app.log", "app.log.old")
		h.empty("app.log")
		h.start()
		if err := h.in.Fetch(s, &c); err != nil {
			t.Fatal(err)
		}
		if got := string(c.Line(0)); got != all[60] {
			t.Errorf("fetched %q, not %q", got, all[60])
		}
		h.j.ack(s)
		h.settle()
		h.want(all...)
		h.noLoss()
		h.stop()
	})
}

// What a program writes to a file that was renamed is shipped, also when the next log
// begins with the same.
func TestLateLinesLikeTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app.log")
		text, all := numbers(1, 30)
		h.append("app.log", text)
		tick() // the next log is younger
		h.start()
		h.settle()
		h.rename("app.log", "app.log.1")
		text, lines := numbers(31, 40)
		h.append("app.log", text)
		h.settle()
		h.append("app.log.1", text)
		h.settle()
		h.want(append(append(all, lines...), lines...)...)
		h.stop()
	})
}

// The same in the middle of a line, whose other half the log begins with then.
func TestAppendedInALine(t *testing.T) {
	for _, down := range []bool{false, true} {
		t.Run(fmt.Sprintf("down %v", down), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "app.log")
				text, all := numbers(1, 200)
				at := 0
				h.append("app.log", "")
				tick() // the copy is younger than the log
				h.start()
				for i := range 4 {
					end := len(text)*(i+1)/4 - 10 // in a line
					h.append("app.log", text[at:end])
					at = end
					h.settle()
					if down {
						h.stop()
					}
					h.appendTo("app.log", "app.log.old")
					h.empty("app.log")
					if down {
						h.start()
					}
					h.settle()
				}
				h.append("app.log", text[at:])
				h.settle()
				h.want(all...)
				h.noLoss()
				h.stop()
			})
		})
	}
}

// A log that was empty when the agent ended is written to, appended and emptied.
func TestAppendedUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app.log")
		text, all := numbers(1, 30)
		write := func(to int) {
			text, lines := numbers(len(all)+1, to)
			all = append(all, lines...)
			h.append("app.log", text)
		}
		h.append("app.log", text)
		tick() // the copy is younger than the log
		h.start()
		h.settle()
		h.appendTo("app.log", "app.log.old")
		h.empty("app.log")
		h.settle()
		h.stop()
		write(34)
		h.appendTo("app.log", "app.log.old")
		h.empty("app.log")
		write(50)
		h.start()
		h.settle()
		h.want(all...)
		h.noLoss()
		h.stop()
	})
}

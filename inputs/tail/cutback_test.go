package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A file that has lost its end while the agent was down is read on from where it is known again, not from
// its beginning; what may come twice is counted, and said once.
func TestCutBack(t *testing.T) {
	line := func(i int) string { return fmt.Sprintf("line %05d %s", i, strings.Repeat("x", 88)) } // 100 bytes
	lines := func(from, to int) (all []string) {
		for i := from; i < to; i++ {
			all = append(all, line(i))
		}
		return all
	}
	f := func(name string, cut int64, more []string, again int) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.start()
				for i := 0; i < 1000; i += 10 { // 10 lines a span
					h.append("a.log", strings.Join(lines(i, i+10), "\n")+"\n")
					h.wait(100 * time.Millisecond)
					h.take()
				}
				h.want(lines(0, 1000)...)
				h.got = nil
				h.stop()
				h.must(os.Truncate(h.path("a.log"), cut))
				h.append("a.log", strings.Join(more, "\n")+"\n")
				h.start()
				h.settle()
				h.want(slices.Concat(lines(int(cut)/100-again, int(cut)/100), more)...)
				// at most: where the file was cut is not known
				size := cut + int64(len(strings.Join(more, "\n"))) + 1
				if n, want := h.in.Stats().Again, min(size, 100_000)-(cut/100-int64(again))*100; n != want {
					t.Errorf("%d bytes may come twice, want %d", n, want)
				}
				if n := h.logged("level=WARN", "has lost its end"); n != 1 || h.logged("level=ERROR") > 0 {
					t.Errorf("log:\n%s", h.log)
				}
				h.stop()
				h.start() // nothing comes again
				h.got = nil
				h.settle()
				h.want()
				h.stop()
			})
		})
	}
	f("at a step", 98_000, []string{"new"}, 0)
	f("behind a step", 98_700, []string{"new"}, 7)
	f("written on beyond its former size", 99_000, lines(2000, 2100), 0)
}

// A report is written anew with the same beginning, while the agent runs: all its
// lines are shipped.
func TestWrittenAnewAlike(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.start()
		var want []string
		add := func(day, from, to int) {
			for i := from; i < to; i++ {
				s := fmt.Sprintf("line %05d %s", i, strings.Repeat("x", 88))
				if i >= 500 {
					s += fmt.Sprint(" day ", day)
				}
				want = append(want, s)
				h.append("a.log", s+"\n")
			}
			h.wait(100 * time.Millisecond)
		}
		for i := 0; i < 1000; i += 10 {
			add(1, i, i+10)
			h.take()
		}
		h.must(os.Truncate(h.path("a.log"), 0))
		add(2, 0, 600)
		h.settle()
		h.want(want...)
		if h.logged("level=WARN", "may come twice") != 1 || h.in.Stats().Again == 0 {
			t.Errorf("%d bytes may come twice; log:\n%s", h.in.Stats().Again, h.log)
		}
		h.stop()
	})
}

// Where nothing of it is known, it is another file.
func TestCutBackTooFar(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.start()
		for i := range 100 {
			h.append("a.log", fmt.Sprintf("line %d %s\n", i, strings.Repeat("x", 90)))
			h.wait(100 * time.Millisecond)
			h.take()
		}
		h.got = nil
		h.must(os.Truncate(h.path("a.log"), 0))
		h.append("a.log", "new\n")
		h.settle()
		h.want("new")
		h.stop()
	})
}

// A file that is cut shorter while the agent runs is read again; what was there
// before the first start, and is not wanted, is not.
func TestCutShortKeepsHistory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.opts.Inputs[0].Start = "end"
		h.write("a.log", 1, 50)
		h.start()
		for i := 51; i < 60; i++ {
			h.write("a.log", i, i)
			h.wait(1100 * time.Millisecond)
			h.take()
		}
		h.want(texts(51, 59)...)
		h.got = nil
		short := len(strings.Join(texts(1, 55), "\n")) + 1
		h.must(os.Truncate(h.path("a.log"), int64(short)))
		h.settle()
		h.want()
		if n := h.logged("level=WARN", "has lost its end"); n != 1 {
			t.Errorf("log:\n%s", h.log)
		}
		h.stop()
	})
}

// A rotated file that was read to its end and loses some of it is not read again.
func TestCutShortWhenDone(t *testing.T) {
	for _, down := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "*.log*")
			h.start()
			for i := 10; i < 100; i += 10 {
				h.write("a.log", i, i+9)
				h.wait(1100 * time.Millisecond)
				h.take()
			}
			h.rename("a.log", "a.log.1")
			h.write("a.log", 100, 101)
			h.settle()
			h.want(texts(10, 101)...)
			h.got = nil
			if down {
				h.stop()
			}
			h.must(os.Truncate(h.path("a.log.1"), int64(len(strings.Join(texts(10, 75), "\n"))+1)))
			if down {
				h.start()
			}
			h.wait(2 * scanEvery)
			h.settle()
			h.append("a.log", "more\n")
			h.settle()
			h.stop()
			h.start()
			h.append("a.log", "and more\n")
			h.settle()
			h.stop()
			h.want(append(texts(70, 75), "more", "and more")...)
			if n := h.logged("level=WARN", "has lost its end"); n != 1 {
				t.Errorf("down %v, log:\n%s", down, h.log)
			}
		})
	}
}

// A log loses its end while the agent runs and all of it was shipped: at the end of
// a line, or within one; a few bytes or more; a short one; written on at once. It
// goes on where it is known, and what may come twice is counted and said.
func TestCutWhileRunning(t *testing.T) {
	_, old := numbers(1, 50) // in one chunk
	text, _ := numbers(51, 60)
	end := func(n int) int64 { return int64(len(strings.Join(old[:n], "\n")) + 1) }
	for _, c := range []struct {
		name  string
		lines int   // that there were
		to    int64 // what is left
		more  string
		want  []string
		again int64
	}{
		{name: "the last line", lines: 50, to: end(49), more: "new\n", want: []string{"new"}},
		{name: "four lines", lines: 50, to: end(46), more: "new\n", want: []string{"new"}},
		{name: "six lines", lines: 50, to: end(44), more: "new\n", want: append(slices.Clone(old[42:44]), "new"), again: end(44) - end(42)},
		{name: "half a line", lines: 50, to: end(50) - 40, more: "new\n", want: []string{old[49][:len(old[49])-39] + "new"}, again: 3},
		{name: "of a short log", lines: 5, to: end(4), more: "new\n", want: []string{"new"}},
		{name: "to the second line", lines: 6, to: end(2), more: "new\n", want: []string{"new"}},
		{name: "written on at once, beyond its former size", lines: 50, to: end(49), more: text, want: strings.Split(text[:len(text)-1], "\n"), again: end(50) - end(49)},
	} {
		for _, when := range []string{"at once", "idle", "in the next run"} {
			t.Run(c.name+" "+when, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					h.append("a.log", strings.Join(old[:c.lines], "\n")+"\n")
					h.start()
					h.take()
					h.wait(2 * time.Second)
					h.got = nil
					switch when {
					case "idle":
						h.wait(time.Minute)
					case "in the next run":
						h.stop()
						h.start()
						h.settle()
					}
					h.must(os.Truncate(h.path("a.log"), c.to))
					if c.more != text {
						h.settle()
						h.want(c.want[:len(c.want)-1]...)
					}
					h.append("a.log", c.more)
					h.settle()
					h.want(c.want...)
					if n := h.in.Stats().Again; n != c.again {
						t.Errorf("%d bytes may come twice, want %d", n, c.again)
					}
					if h.logged("level=WARN", "has lost its end") != 1 || h.logged("level=ERROR") > 0 {
						t.Errorf("log:\n%s", h.log)
					}
					h.stop()
					h.got = nil
					h.session()
					h.want()
				})
			})
		}
	}
}

// A log is written anew in place, by a program that empties it first and then takes
// its time: what it had before is not shipped again, what is new is.
func TestWrittenAnewInPlace(t *testing.T) {
	_, old := numbers(1, 100)
	_, other := numbers(201, 230)
	for _, c := range []struct {
		name   string
		to     []string
		want   []string
		again  int64
		warned string
	}{
		{name: "without the last line", to: old[:99], warned: "has lost its end"},
		{name: "with another end", to: slices.Concat(old[:97], other), want: other, again: 43, warned: "has lost its end"},
		{name: "with more", to: slices.Concat(old, other), want: other},
		{name: "the same", to: old},
		{name: "with other content", to: other, want: other},
		{name: "with the same beginning", to: slices.Concat(old[:40], other, other), want: slices.Concat(old[:40], other, other), again: 84 * 43, warned: "is read from its beginning"},
	} {
		for _, pause := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s %v", c.name, pause), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					h.append("a.log", strings.Join(old, "\n")+"\n")
					h.start()
					h.take()
					h.wait(2 * time.Second)
					h.got = nil
					h.must(os.Truncate(h.path("a.log"), 0))
					h.wait(pause)
					h.take()
					text := strings.Join(c.to, "\n") + "\n"
					h.append("a.log", text[:len(text)/2])
					h.wait(pause)
					h.take()
					h.append("a.log", text[len(text)/2:])
					h.settle()
					h.want(c.want...)
					if n := h.in.Stats().Again; n > c.again {
						t.Errorf("%d bytes may come twice, want %d", n, c.again)
					}
					n := 0
					if c.warned != "" {
						n = 1
					}
					if h.logged("level=WARN", c.warned) != n || h.logged("level=WARN") != n || h.logged("level=ERROR") > 0 {
						t.Errorf("log:\n%s", h.log)
					}
					h.stop()
				})
			})
		}
	}
}

// A log is cut by one line again and again.
func TestCutAgainAndAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		text, _ := numbers(1, 100)
		h.append("a.log", text)
		h.start()
		h.take()
		h.wait(2 * time.Second)
		h.got = nil
		for n := int64(99); n > 50; n-- {
			h.must(os.Truncate(h.path("a.log"), 43*n))
			h.wait(2 * time.Second)
			h.take()
		}
		h.settle()
		h.want()
		if n := h.in.Stats().Again; n != 0 {
			t.Errorf("%d bytes may come twice", n)
		}
		h.stop()
	})
}

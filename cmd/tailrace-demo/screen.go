package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// A screen shows what happens: events stay, and below them on a terminal are
// a few lines of state that are drawn again and again; elsewhere a line of
// state is printed once a second. It is for one goroutine.
type screen struct {
	out   *os.File
	live  bool // out is a terminal that understands cursor movements
	color bool
	start time.Time
	drawn int // lines of state on the terminal, below the events
	said  time.Time
}

// A state is what the screen shows between events.
type state struct {
	written int64  // lines, or bytes with --files
	topic   int64  // the same, in the topic
	unit    string // of both
	agent   string
	latest  []string // what arrived last, oldest first
}

func newScreen(out *os.File) *screen {
	_, err := unix.IoctlGetTermios(int(out.Fd()), unix.TCGETS)
	live := err == nil && os.Getenv("TERM") != "dumb"
	return &screen{out: out, live: live, color: live && os.Getenv("NO_COLOR") == "", start: time.Now()}
}

// width is the number of columns.
func (s *screen) width() int {
	if size, err := unix.IoctlGetWinsize(int(s.out.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 20 {
		return int(size.Col)
	}
	return 100
}

// event prints a line that stays: who, and what happened.
func (s *screen) event(who, format string, args ...any) {
	s.clear()
	what := fmt.Sprintf(format, args...)
	fmt.Fprintf(s.out, "%6.1f s  %s  %s\n", time.Since(s.start).Seconds(), s.bold(fmt.Sprintf("%-7s", who)), what)
}

// print prints text as it is.
func (s *screen) print(text string) {
	s.clear()
	fmt.Fprint(s.out, text)
}

// show draws the state. Without a terminal it is printed at most once a second.
func (s *screen) show(st state) {
	if s.live {
		s.draw(st)
		return
	}
	now := time.Now()
	if now.Sub(s.said) < time.Second {
		return
	}
	s.said = now
	latest := "nothing yet"
	if n := len(st.latest); n > 0 {
		latest = clip(st.latest[n-1], 70)
	}
	s.event("topic", "%s of %s %s; %s", thousands(st.topic), thousands(st.written), st.unit, latest)
}

// draw draws the state in place of the one before, in one write so that
// nothing flickers.
func (s *screen) draw(st state) {
	width := s.width()
	bar := max(10, min(50, width-50))
	full := bar
	if st.written > 0 {
		full = int(min(st.written, st.topic) * int64(bar) / st.written)
	}
	lines := []string{
		"",
		fmt.Sprintf("  %-12s %14s %s", "written", thousands(st.written), st.unit),
		fmt.Sprintf("  %-12s %14s %s  %s%s", "in the topic", thousands(st.topic), st.unit,
			strings.Repeat("█", full), strings.Repeat("░", bar-full)),
		fmt.Sprintf("  %-12s %s", "agent", st.agent),
		"",
	}
	for _, l := range st.latest {
		lines = append(lines, "  "+clip(l, width-3))
	}
	var text strings.Builder
	text.WriteString(s.erase())
	for _, line := range lines {
		fmt.Fprintln(&text, line)
	}
	fmt.Fprint(s.out, text.String())
	s.drawn = len(lines)
}

// clear takes the state off the terminal.
func (s *screen) clear() { fmt.Fprint(s.out, s.erase()) }

// erase is what takes the state off the terminal.
func (s *screen) erase() string {
	if s.drawn == 0 {
		return ""
	}
	up := s.drawn
	s.drawn = 0
	return fmt.Sprintf("\x1b[%dA\x1b[J", up)
}

func (s *screen) bold(text string) string {
	if !s.color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// verdict is text in green or red.
func (s *screen) verdict(good bool, text string) string {
	switch {
	case !s.color:
		return text
	case good:
		return "\x1b[32m" + text + "\x1b[0m"
	default:
		return "\x1b[31m" + text + "\x1b[0m"
	}
}

// clip makes text printable and at most n columns wide.
func clip(text string, n int) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '?'
		}
	}
	if len(runes) > n {
		runes = append(runes[:max(0, n-1)], '…')
	}
	return string(runes)
}

// thousands is n with a comma between groups of three digits.
func thousands[T int | int64](n T) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

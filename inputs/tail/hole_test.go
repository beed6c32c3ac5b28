package tail

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"tailrace/inputs/tail/record"
)

// sparseLog is a log whose writer does not append: after a truncation it goes on at its
// old offset.
type sparseLog struct {
	*host
	name string
	at   int64
}

func (l *sparseLog) write(text string) {
	l.t.Helper()
	if l.at == 0 {
		l.append(l.name, "")
	}
	l.overwrite(l.name, l.at, text)
	l.at += int64(len(text))
}

func (l *sparseLog) lines(from, to int) {
	l.t.Helper()
	for n := from; n <= to; n++ {
		l.write(text(n) + "\n")
	}
}

// A line that a copytruncate cuts goes on behind the hole that a writer which does not
// append leaves.
func TestHoleInALine(t *testing.T) {
	rotate := func(after func(l *sparseLog)) func(l *sparseLog) {
		return func(l *sparseLog) {
			l.copyTruncate("a.log", "a.log.1")
			l.write("f\n")
			l.lines(31, 33)
			after(l)
		}
	}
	for _, c := range []struct {
		name  string
		rot   func(l *sparseLog)
		while bool // while the agent runs
	}{
		{"copied", rotate(func(*sparseLog) {}), true},
		{"copied while down", rotate(func(*sparseLog) {}), false},
		{"compressed while down", rotate(func(l *sparseLog) { l.compress("a.log.1", ".gz") }), false},
		{"copied twice", rotate(func(l *sparseLog) {
			l.wait(2 * time.Second)
			l.rename("a.log.1", "a.log.2")
			l.copyTruncate("a.log", "a.log.1")
		}), true},
		{"copied twice while down", rotate(func(l *sparseLog) {
			l.rename("a.log.1", "a.log.2")
			l.copyTruncate("a.log", "a.log.1")
		}), false},
		{"the other half comes late", func(l *sparseLog) {
			l.copyTruncate("a.log", "a.log.1")
			l.settle()
			l.write("f\n")
			l.lines(31, 33)
		}, true},
	} {
		for _, crash := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s crash=%v", c.name, crash), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					l := &sparseLog{newHost(t, "a.log"), "a.log", 0}
					l.lines(1, 30)
					l.write("hal")
					l.start()
					l.settle()
					if !c.while {
						l.stop()
					}
					c.rot(l)
					if !c.while {
						l.start()
					}
					l.settleLong()
					if crash {
						l.crash()
					} else {
						l.stop()
					}
					l.lines(34, 40)
					l.sessionLong()
					l.want(append(append(texts(1, 30), "half"), texts(31, 40)...)...)
					l.noLoss()
				})
			})
		}
	}
}

// What is behind a hole is no rest of a line when that hole is not as long as what was
// copied: something between the two is lost.
func TestHoleIsNoRest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := &sparseLog{newHost(t, "a.log"), "a.log", 0}
		l.lines(1, 30)
		l.write("hal")
		l.start()
		l.settle()
		l.copyTruncate("a.log", "a.log.1")
		l.at += 7 // what came between the copy and the truncation
		l.lines(31, 33)
		l.settleLong()
		l.stop()
		l.want(append(append(texts(1, 30), "hal"), texts(31, 33)...)...)
	})
}

// Nothing of what is behind a hole was read when the log is truncated again: it is told
// from what is behind the next hole, which is longer, and found in its copy.
func TestHoleUnread(t *testing.T) {
	for wait := range 20 {
		bubble(t, func(t *testing.T) {
			n := 1 + wait%2*20
			l := &sparseLog{newHost(t, "a.log"), "a.log", 0}
			l.lines(1, 10)
			l.start()
			l.crash()
			l.copyTruncate("a.log", "a.log.1")
			l.lines(11, 10+n)
			l.start()
			l.take()
			l.wait(time.Duration(wait) * 100 * time.Millisecond) // the second is seen, and not read
			l.rename("a.log.1", "a.log.2")
			l.copyTruncate("a.log", "a.log.1")
			l.lines(41, 45)
			l.settleLong()
			l.stop()
			l.want(append(texts(1, 10+n), texts(41, 45)...)...)
			l.noLoss()
		})
	}
}

// The hole is no part of what is counted as lost.
func TestHoleIsNotLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := &sparseLog{newHost(t, "a.log"), "a.log", 0}
		l.lines(1, 30)
		l.start()
		l.settle()
		hole := l.at
		l.copyTruncate("a.log", "a.log.1")
		l.lines(31, 33)
		l.wait(2 * time.Second)
		l.stop()
		l.remove("a.log")
		l.start()
		l.settleLong()
		l.stop()
		if got, want := l.in.Stats().Lost, map[string]int64{lostDeleted: l.at - hole}; !maps.Equal(got, want) {
			t.Errorf("lost: %v, want %v\n%s", got, want, l.log)
		}
	})
}

// A record of several lines goes on behind the hole.
func TestHoleInARecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := &sparseLog{newRecordHost(t, record.Options{Multiline: record.Multiline{Start: `^\d`}}, "a.log"), "a.log", 0}
		l.write("1 " + long + "\n2 b\n at x\n")
		l.start()
		l.take()
		l.copyTruncate("a.log", "a.log.1")
		l.write(" at y\n3 c\n")
		l.settle()
		l.stop()
		l.session()
		l.records("1 "+long, "2 b\n at x\n at y", "3 c")
	})
}

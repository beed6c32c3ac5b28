package tail

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
)

// A file that may not be read waits, is named once in one line that says what
// to do, and holds nothing up. Its lines come once it may be read.
func TestUnreadable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		var locked atomic.Bool
		locked.Store(true)
		h.before = func(call, path string) error {
			if call == "open" && filepath.Base(path) == "bad.log" && locked.Load() {
				return unix.EACCES
			}
			return nil
		}
		h.append("bad.log", "1\n")
		h.append("good.log", "2\n")
		h.start()
		h.settle()
		h.wait(5 * time.Minute)
		h.append("good.log", "3\n")
		h.settle()
		h.want("2", "3")
		if len(h.in.Stats().Parked) != 1 {
			t.Errorf("parked: %v", h.in.Stats().Parked)
		}
		if n := h.logged("cannot read", "bad.log", "setfacl"); n != 1 {
			t.Errorf("%d lines about it:\n%s", n, h.log)
		}
		locked.Store(false)
		h.wait(maxWait)
		h.settle()
		h.want("2", "3", "1")
		if len(h.in.Stats().Parked) != 0 || h.logged("can be read again") != 1 {
			t.Errorf("parked: %v, log:\n%s", h.in.Stats().Parked, h.log)
		}
		h.stop()
	})
}

// logged counts the lines of the agent's log that have all the words.
func (h *host) logged(words ...string) int {
	h.logMu.Lock()
	defer h.logMu.Unlock()
	n := 0
	for _, line := range strings.Split(h.log.String(), "\n") {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}

// Where no more files may be open, the others wait until idle ones are closed.
func TestTooManyOpenFiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.before = func(call, _ string) error {
			if call == "open" && h.in.stats.open.Load() >= 3 {
				return unix.EMFILE
			}
			return nil
		}
		var want []string
		for i := range 10 {
			h.append(fmt.Sprintf("%d.log", i), fmt.Sprintf("%d\n", i))
			want = append(want, fmt.Sprint(i))
		}
		h.start()
		for range 30 {
			h.settle()
		}
		seen := map[string]int{}
		for _, line := range h.got {
			seen[line]++
		}
		for _, line := range want {
			if seen[line] != 1 {
				t.Errorf("%q came %d times", line, seen[line])
			}
		}
		if n := h.logged("too many open files", "LimitNOFILE"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, h.log)
		}
		h.stop()
	})
}

// That there are too many open files is said each time that it begins, though
// another file cannot be read all the time.
func TestTooManyOpenFilesAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		var full atomic.Bool
		h.before = func(call, path string) error {
			switch {
			case call == "open" && filepath.Base(path) == "bad.log":
				return unix.EACCES
			case call == "open" && full.Load():
				return unix.EMFILE
			}
			return nil
		}
		h.append("bad.log", "1\n")
		h.start()
		for n := range 3 {
			full.Store(true)
			h.append(fmt.Sprintf("%d.log", n), "2\n")
			h.append(fmt.Sprintf("%d too.log", n), "3\n")
			h.wait(3 * maxWait)
			full.Store(false)
			h.wait(3 * maxWait)
			if said := h.logged("too many open files"); said != n+1 {
				t.Errorf("said %d times, want %d:\n%s", said, n+1, h.log)
			}
		}
		h.stop()
	})
}

// New files wait until the journal can be written; known ones go on.
func TestJournalFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", "1\n")
		h.start()
		h.take()
		h.j.failWith(errors.New("the disk is full"))
		h.append("b.log", "3\n")
		h.append("a.log", "2\n")
		h.settle()
		h.want("1", "2")
		h.j.failWith(nil)
		h.settle()
		h.want("1", "2", "3")
		if n := h.logged("new files wait"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, h.log)
		}
		h.stop()
	})
}

// With start: end the files that are there at the very first start begin behind
// their last newline; later files, and later starts, at what was not read.
func TestStartAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.opts.Inputs[0].Start = "end"
		h.append("a.log", "old\nhalf")
		h.start()
		h.settle()
		h.want()
		h.append("a.log", " a line\n")
		h.append("b.log", "new\n")
		h.settle()
		h.want("half a line", "new")
		h.stop()
		h.append("a.log", "while down\n")
		h.append("c.log", "also new\n")
		h.start()
		h.settle()
		h.want("half a line", "new", "while down", "also new")
		h.stop()
	})
}

// What a look costs grows as the number of files does, not as its square.
func TestManyFiles(t *testing.T) {
	calls := func(files int, change func(h *host)) (n int64) {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "*.log")
			var count atomic.Int64
			h.before = func(string, string) error {
				count.Add(1)
				return nil
			}
			for i := range files {
				h.append(fmt.Sprintf("%05d.log", i), fmt.Sprintf("%0100d\n", i))
			}
			h.start()
			h.take()
			h.wait(time.Minute)
			h.stop()
			change(h)
			h.start()
			h.take()
			h.wait(time.Minute)
			h.stop()
			n = count.Load()
		})
		return n
	}
	f := func(name string, change func(h *host)) {
		t.Helper()
		one, two := calls(100, change), calls(200, change)
		if two > 2*one+one/4 {
			t.Errorf("%s: %d calls for 100 files, %d for 200", name, one, two)
		}
	}
	f("idle", func(*host) {})
	// nothing is left of what is known, and as many others are there
	f("replaced", func(h *host) {
		l, err := new(disk.Disk).Collect(h.dir)
		h.must(err)
		for i, e := range l.Files {
			h.remove(filepath.Base(e.Path))
			h.append(fmt.Sprintf("new%05d.log", i), fmt.Sprintf("new %0100d\n", i))
		}
	})
	f("truncated", func(h *host) {
		l, err := new(disk.Disk).Collect(h.dir)
		h.must(err)
		for i, e := range l.Files {
			h.must(unix.Truncate(e.Path, 0))
			h.append(filepath.Base(e.Path), fmt.Sprintf("other %0100d\n", i))
		}
	})
}

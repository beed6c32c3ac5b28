package tail

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// calls counts the system calls of h that count is true of, from now on.
func (h *host) calls(count func(call, path string) bool) *int {
	var n int
	h.before = func(call, path string) error {
		if count(call, path) {
			h.mu.Lock()
			n++
			h.mu.Unlock()
		}
		return nil
	}
	return &n
}

// Of each path the identities of some rotated files are kept that are deleted by
// now. Once that is known, a look costs no system call for them.
func TestGoneCostsNothing(t *testing.T) {
	f := func(gone int) int {
		var n int
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			opened := h.calls(func(call, path string) bool { return call == "open" && path == "" })
			h.append("a.log", "1\n")
			h.start()
			for i := range gone {
				h.settle()
				h.rename("a.log", "a.log.1")
				h.append("a.log", fmt.Sprintf("%d\n", i+2))
				h.settle()
				h.wait(2 * graceTime)
				h.remove("a.log.1")
				h.wait(2 * scanEvery)
			}
			*opened = 0
			h.wait(10 * scanEvery)
			n = *opened
			h.stop()
		})
		return n
	}
	if n := f(8); n > 0 {
		t.Errorf("%d files were opened by their handles", n)
	}
}

// A log has many compressed generations that a pattern matches: how often each is
// looked at before it is known does not depend on how many there are.
func TestManyMatchedGenerations(t *testing.T) {
	f := func(generations int) int {
		var n int
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log*")
			stats := h.calls(func(call, path string) bool { return call == "stat" })
			for i := range generations {
				name := fmt.Sprintf("a.log.%d", i+1)
				h.append(name, fmt.Sprintf("%d\n", i))
				h.compress(name, ".gz")
			}
			h.start()
			h.wait(time.Minute)
			n = *stats
			h.stop()
		})
		return n
	}
	if few, many := f(10), f(100); many > 15*few {
		t.Errorf("%d calls for 10, %d for 100", few, many)
	}
}

// What is compressed near a file that is missing costs no system call where its
// times tell that it was looked at before.
func TestStrangersByTimes(t *testing.T) {
	in := bareInput(t)
	in.o.Life = time.Unix(1000, 0)
	var calls int
	in.disk.Before = func(call, _ string) error {
		if call == "stat" {
			calls++
		}
		return nil
	}
	l := &disk.Listing{Dir: filepath.Join(t.TempDir(), "log")}
	for i := range 100 {
		l.Files = append(l.Files, disk.Entry{Path: fmt.Sprintf("%s/%02d.gz", l.Dir, i), Key: disk.Key{Ino: uint64(i + 1)}, Mtime: 1})
	}
	path := filepath.Join(l.Dir, "a.log")
	if found := in.unrelatedPacked(&file{path: path, now: path}, l); len(found) > 0 || calls > 0 {
		t.Errorf("%d calls, found %v", calls, found)
	}
	l.Files[7].Mtime = time.Unix(2000, 0).UnixNano()
	if found := in.unrelatedPacked(&file{path: path, now: path}, l); len(found) != 1 || calls == 0 {
		t.Errorf("found %v of one that is new", found)
	}
}

// Thousands of files may be forgotten in one scan, as copies of others are that were
// truncated: the known files are not sorted out anew for each.
func TestForgottenOneByOne(t *testing.T) {
	in := bareInput(t)
	for id := range flow.FileID(100) {
		f := &file{id: id + 1, path: "/log/a.log", now: fmt.Sprintf("/log/a.log.%d", id+1), fd: -1}
		in.files[f.id] = f
		in.place(f)
	}
	for left := 100; left > 0; left-- {
		files := in.filesOf("/log/a.log")
		if len(files) != left {
			t.Fatalf("%d files, want %d", len(files), left)
		}
		if related := in.relatives(disk.Entry{Path: "/log/a.log.1000"}); len(related) > left {
			t.Fatalf("%d relatives of %d files", len(related), left)
		}
		if in.drop(files[left/2]); in.families == nil {
			t.Fatal("sorted out anew")
		}
	}
}

// What is kept of each file is small: there may be 100,000 of them.
func TestFileIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(file{}); n > 448 {
		t.Errorf("%d bytes, for which the memory of 480 is taken", n)
	}
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		for i := range 100 {
			h.append(fmt.Sprintf("%d.log", i), long+"\n")
		}
		h.start()
		h.settle()
		h.must(h.in.ask(t.Context(), func() {
			if d := h.in.dirs[h.dir]; d.prior != d.last {
				t.Error("what is in a directory is kept twice")
			}
		}))
		h.stop()
	})
}

// bareInput follows all logs, and does nothing.
func bareInput(t *testing.T) *Input {
	in, err := New(Options{Inputs: []Config{{Topic: "t", Paths: []string{"/log/*", "/log/b/*", "/other/*"}}}, Journal: &fakeJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

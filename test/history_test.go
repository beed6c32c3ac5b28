package test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tailrace/test/lines"
)

// history is what happens to one log, which is app.log in a folder of its own.
type history struct {
	name string
	// begin happens before anything is written, while no agent runs.
	begin func(l *lines.Log) error
	// busy happens while there may be unread lines, calm when all lines
	// before it have arrived.
	busy, calm func(l *lines.Log) error
}

// whileRunning happens while the agent runs.
var whileRunning = []history{
	{name: "renamed", busy: func(l *lines.Log) error { // B1
		return times(20, func() error { return errors.Join(l.Write(50), l.Rotate(30), l.Reopen()) })
	}},
	{name: "renamed-late", busy: func(l *lines.Log) error { // B4
		return times(5, func() error {
			err := errors.Join(l.Write(50), l.Rotate(30), l.Create(), l.Write(50))
			pause(300 * time.Millisecond)
			return errors.Join(err, l.Write(50), l.Reopen(), l.Write(50))
		})
	}},
	{name: "copied", busy: func(l *lines.Log) error { // B2
		return times(10, func() error { return errors.Join(l.Write(50), l.RotateCopy(30), l.Write(50)) })
	}},
	{name: "copied-half", busy: func(l *lines.Log) error { // D7
		return times(3, func() error {
			err := errors.Join(l.Write(10), l.Half(), l.CopyTruncateHalf(l.Path+"-"+time.Now().Format("20060102150405")))
			pause(1500 * time.Millisecond)
			return errors.Join(err, l.Write(10))
		})
	}},
	{name: "copied-without-append", begin: (*lines.Log).NoAppend, busy: func(l *lines.Log) error {
		return times(3, func() error { return errors.Join(l.Write(50), l.RotateCopy(30), l.Write(50)) })
	}},
	{name: "emptied", calm: func(l *lines.Log) error { return errors.Join(l.Truncate(), l.Write(1)) }},
	{name: "rewritten", calm: func(l *lines.Log) error { return errors.Join(l.Truncate(), l.Write(2000)) }},
	{name: "link-switched", begin: func(l *lines.Log) error { return switchLink(l, "part-0") },
		busy: func(l *lines.Log) error { return errors.Join(l.Write(10), switchLink(l, "part-1"), l.Write(10)) },
		calm: func(l *lines.Log) error { return errors.Join(switchLink(l, "part-2"), l.Write(10)) }},
	{name: "hard-link", busy: func(l *lines.Log) error {
		return errors.Join(os.Link(l.Path, filepath.Join(filepath.Dir(l.Path), "same.log")), l.Write(10))
	}, calm: func(l *lines.Log) error { return errors.Join(l.Delete(), l.Write(10)) }},
	{name: "compressed", busy: func(l *lines.Log) error {
		return times(5, func() error {
			return errors.Join(l.Write(50), l.Rotate(30), l.Reopen(), l.Compress(0, ".gz"), l.Write(50))
		})
	}},
	{name: "compressed-late", busy: func(l *lines.Log) error {
		return errors.Join(l.Write(50), l.Rotate(30), l.Reopen(), l.Write(50))
	}, calm: func(l *lines.Log) error { return l.Compress(0, ".gz") }},
	{name: "line-in-pieces", busy: func(l *lines.Log) error { // D2
		return times(3, func() error {
			err := errors.Join(l.Write(3), l.Half())
			pause(1200 * time.Millisecond)
			return errors.Join(err, l.Flush())
		})
	}},
	{name: "folder-renamed", busy: func(l *lines.Log) error {
		dir := filepath.Dir(l.Path)
		if err := os.Rename(dir, dir+"-2"); err != nil {
			return err
		}
		l.Moved(filepath.Join(dir+"-2", "app.log"))
		return l.Write(50)
	}, calm: func(l *lines.Log) error { return l.Write(50) }},
	{name: "folder-made-again", calm: func(l *lines.Log) error {
		dir := filepath.Dir(l.Path)
		return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755), l.Reopen(), l.Write(50))
	}},
	{name: "moved-to-a-folder", busy: func(l *lines.Log) error {
		return times(5, func() error { return errors.Join(l.Write(100), moveToOld(l), l.Write(20), l.Reopen(), l.Write(10)) })
	}},
}

// whileStopped happens while the agent is down: some lines before it are
// shipped, some not.
var whileStopped = []history{
	{name: "nothing"}, // C1
	{name: "grown", busy: func(l *lines.Log) error { return l.Write(500) }},
	{name: "renamed", busy: func(l *lines.Log) error { // B14
		return errors.Join(l.Write(300), l.Rotate(30), l.Reopen(), l.Write(100))
	}},
	{name: "renamed-3", busy: func(l *lines.Log) error {
		return times(3, func() error { return errors.Join(l.Write(300), l.Rotate(30), l.Reopen(), l.Write(100)) })
	}},
	{name: "renamed-to-a-date", busy: func(l *lines.Log) error {
		return errors.Join(l.Write(300), l.Rename(l.Path+"-20261122"), l.Reopen(), l.Write(100),
			l.Rename(l.Path+"-20261123"), l.Reopen(), l.Write(100))
	}},
	{name: "renamed-to-any-name", busy: func(l *lines.Log) error {
		return errors.Join(l.Write(300), l.Rename(filepath.Join(filepath.Dir(l.Path), "old stuff.txt")), l.Reopen(), l.Write(100))
	}},
	{name: "renamed-in-a-line", busy: func(l *lines.Log) error { // D7
		return errors.Join(l.Half(), l.Rotate(30), l.Write(100), l.Reopen(), l.Write(100))
	}},
	{name: "nothing-new-yet", busy: func(l *lines.Log) error { return errors.Join(l.Write(100), l.Rotate(30), l.Write(100)) },
		calm: func(l *lines.Log) error { return errors.Join(l.Reopen(), l.Write(100)) }},
	{name: "copied", busy: func(l *lines.Log) error { // B16
		return errors.Join(l.Write(300), l.RotateCopy(30), l.Write(100))
	}},
	{name: "copied-3", busy: func(l *lines.Log) error {
		return times(3, func() error { return errors.Join(l.Write(300), l.RotateCopy(30), l.Write(100)) })
	}},
	{name: "copied-to-a-date", busy: func(l *lines.Log) error {
		return errors.Join(l.Write(300), l.CopyTruncate(l.Path+"-2026112312"), l.Write(400))
	}},
	{name: "copied-in-a-line", busy: func(l *lines.Log) error { // D7
		return errors.Join(l.Half(), l.CopyTruncateHalf(l.Path+".1"), l.Write(100))
	}},
	{name: "copied-without-append", begin: (*lines.Log).NoAppend, busy: func(l *lines.Log) error {
		return errors.Join(l.Write(300), l.RotateCopy(30), l.Write(100))
	}},
	{name: "copied-in-a-line-without-append", begin: (*lines.Log).NoAppend, busy: func(l *lines.Log) error {
		return errors.Join(l.Half(), l.CopyTruncateHalf(l.Path+".1"), l.Write(100))
	}},
	{name: "compressed-gz", busy: compressed(".gz")},
	{name: "compressed-zst", busy: compressed(".zst")},
	{name: "compressed-xz", busy: compressed(".xz")},
	{name: "compressed-bz2", busy: compressed(".bz2")},
	{name: "compressed-3", busy: func(l *lines.Log) error { // B15
		err := times(3, func() error { return errors.Join(l.Write(300), l.Rotate(30), l.Reopen(), l.Write(100)) })
		return errors.Join(err, l.Compress(1, ".gz"), l.Compress(2, ".gz"))
	}},
	{name: "copied-compressed", busy: func(l *lines.Log) error {
		return errors.Join(l.Write(300), l.RotateCopy(30), l.Compress(0, ".gz"), l.Write(100))
	}},
	{name: "restored", busy: func(l *lines.Log) error { return errors.Join(l.Restore(), l.Write(100)) }},
	{name: "moved-to-a-folder", busy: func(l *lines.Log) error { // olddir, two deep
		return times(2, func() error { return errors.Join(l.Write(300), moveToOld(l), l.Reopen(), l.Write(100)) })
	}},
	{name: "copied-to-a-folder", busy: func(l *lines.Log) error {
		old := filepath.Join(filepath.Dir(l.Path), "old")
		return errors.Join(os.Mkdir(old, 0o755), l.Write(300), l.CopyTruncate(filepath.Join(old, "app.log.1")), l.Write(100))
	}},
	{name: "folder-renamed", busy: func(l *lines.Log) error {
		dir := filepath.Dir(l.Path)
		if err := os.Rename(dir, dir+"-2"); err != nil {
			return err
		}
		l.Moved(filepath.Join(dir+"-2", "app.log"))
		return l.Write(50)
	}},
}

// Each history happens to a log of its own, all of them at once.
func TestWhileRunning(t *testing.T) {
	t.Parallel()
	st := newHistories(t, whileRunning)
	st.agent.start()
	st.put(200)
	st.arrive()
	st.put(100)
	st.happen(whileRunning, func(h history) func(*lines.Log) error { return h.busy })
	st.put(10)
	st.arrive()
	st.happen(whileRunning, func(h history) func(*lines.Log) error { return h.calm })
	st.put(10)
	st.exact()
}

// The agent is ended before what was written last can have arrived, and started
// again behind the histories.
func TestWhileStopped(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"SIGTERM", "SIGKILL"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			st := newHistories(t, whileStopped)
			st.agent.start()
			st.put(200)
			st.arrive()
			st.put(100)
			if end == "SIGTERM" {
				st.agent.stop(stopLimit)
			} else {
				st.agent.kill()
			}
			st.happen(whileStopped, func(h history) func(*lines.Log) error { return h.busy })
			st.agent.start()
			st.arrive()
			st.happen(whileStopped, func(h history) func(*lines.Log) error { return h.calm })
			st.put(10)
			st.exact()
		})
	}
}

// newHistories makes a stage with one log for each history.
func newHistories(t *testing.T, all []history) *stage {
	t.Helper()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 0, s, config{paths: []string{"*/*.log"}})
	for i, h := range all {
		l := st.addLogAt(filepath.Join(h.name, "app.log"), h.name, s+uint64(i))
		if h.begin != nil {
			must(t, h.begin(l))
		}
	}
	return st
}

// happen lets a part of all histories happen, each in its own time.
func (st *stage) happen(all []history, part func(history) func(*lines.Log) error) {
	st.t.Helper()
	var wg sync.WaitGroup
	for i, h := range all {
		if do := part(h); do != nil {
			wg.Go(func() {
				if err := errors.Join(do(st.logs[i]), st.logs[i].Flush()); err != nil {
					st.t.Errorf("%s: %v", h.name, err)
				}
			})
		}
	}
	wg.Wait()
}

func times(n int, f func() error) error {
	for range n {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// pause is a program that has nothing to write for a while.
func pause(d time.Duration) { <-time.After(d) }

// compressed rotates a log and compresses what was it.
func compressed(ext string) func(l *lines.Log) error {
	return func(l *lines.Log) error {
		return errors.Join(l.Write(300), l.Rotate(30), l.Reopen(), l.Compress(0, ext), l.Write(100))
	}
}

// switchLink makes the log's path a symbolic link to another file beside it,
// which the program opens.
func switchLink(l *lines.Log, target string) error {
	return errors.Join(os.Remove(l.Path), os.Symlink(target, l.Path), l.Reopen())
}

// moveToOld moves the log to the folder "old" beside it, as logrotate's olddir
// does. The program keeps its descriptor.
func moveToOld(l *lines.Log) error {
	old := filepath.Join(filepath.Dir(l.Path), "old")
	err := os.MkdirAll(old, 0o755)
	names, _ := os.ReadDir(old)
	for n := len(names); n > 0; n-- {
		at := filepath.Join(old, "app.log.")
		err = errors.Join(err, os.Rename(at+string(rune('0'+n)), at+string(rune('1'+n))))
	}
	return errors.Join(err, l.Rename(filepath.Join(old, "app.log.1")))
}

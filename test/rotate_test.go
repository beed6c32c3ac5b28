package test

import (
	"path/filepath"
	"testing"
	"time"
)

// The agent is stopped while a file is renamed twice to names outside the
// pattern, with unread lines in each.
func TestRenamedAwayWhileStopped(t *testing.T) {
	for _, end := range []string{"SIGTERM", "SIGKILL"} {
		t.Run(end, func(t *testing.T) {
			st := newStage(t, sharedBroker(t), 1, seed(t), config{})
			l := st.logs[0]
			st.agent.start()
			st.put(1000)
			st.arrive()
			if end == "SIGTERM" {
				st.agent.stop(stopLimit)
			} else {
				st.agent.kill()
			}
			st.put(300)
			must(t, l.Rename(filepath.Join(st.dir, "app-a.log.1")))
			must(t, l.Reopen())
			st.put(200)
			must(t, l.Rename(filepath.Join(st.dir, "app-a.log.0")))
			must(t, l.Reopen())
			st.put(100)
			st.agent.start()
			st.put(100)
			st.exact()
		})
	}
}

// The same with names that no rotation gives.
func TestRenamedToAnyNameWhileStopped(t *testing.T) {
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	l := st.logs[0]
	st.agent.start()
	st.put(1000)
	st.arrive()
	st.agent.stop(stopLimit)
	st.put(300)
	must(t, l.Rename(filepath.Join(st.dir, "old-stuff.txt")))
	must(t, l.Reopen())
	st.put(200)
	st.agent.start()
	st.exact()
}

// A file is copied and truncated while the agent runs, and while it does not:
// the unread rest comes from the copy.
func TestCopyTruncate(t *testing.T) {
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	l := st.logs[0]
	st.agent.start()
	st.put(1000)
	st.arrive()
	must(t, l.CopyTruncate(l.Path+".1"))
	st.put(500)
	st.arrive()
	st.agent.stop(stopLimit)
	st.put(700)
	must(t, l.CopyTruncate(l.Path+".0"))
	st.put(600)
	st.agent.start()
	st.put(10)
	st.exact()
}

// A file is deleted and made again at once, many times.
func TestDeletedAndMadeAgain(t *testing.T) {
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	l := st.logs[0]
	st.agent.start()
	st.put(10)
	st.arrive()
	for range 20 {
		st.put(50)
		wait(t, 50*time.Millisecond) // an agent that never saw a file cannot ship it
		must(t, l.Delete())
		must(t, l.Reopen())
	}
	st.exact()
}

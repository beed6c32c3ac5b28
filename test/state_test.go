package test

import (
	"os"
	"path/filepath"
	"testing"

	"tailrace/test/lines"
)

// A machine is rolled back to a snapshot: its log and its state are as they
// were, and other lines come where lines were that have arrived. None of them
// is taken for an old one.
func TestRolledBack(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 1, s, config{})
	l := st.logs[0]
	st.agent.start()
	st.put(1000)
	st.arrive()
	st.agent.stop(stopLimit)
	snapshot := tempDir(t)
	must(t, os.CopyFS(filepath.Join(snapshot, "state"), os.DirFS(st.agent.state)))
	before, err := os.Stat(l.Path)
	must(t, err)

	st.agent.start()
	st.put(500)
	st.arrive()
	st.agent.kill()
	must(t, os.RemoveAll(st.agent.state))
	must(t, os.CopyFS(st.agent.state, os.DirFS(filepath.Join(snapshot, "state"))))
	must(t, os.Truncate(l.Path, before.Size()))

	other, err := lines.NewLog(l.Path, lines.NewChain("other", s), s)
	must(t, err)
	t.Cleanup(func() { other.Close() })
	other.At(before.Size())
	must(t, other.Write(1500))
	must(t, other.Flush())
	st.logs = append(st.logs, other)
	st.agent.start()
	st.exact()
}

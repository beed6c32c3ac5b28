package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

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

// The state directory and the logs are copied to a second host, with lines that
// are not shipped yet, and both go on: all that each of them writes comes once.
// What both have comes once too, but for the last 8 KiB of it: they are known
// again only as a whole, with the other's lines behind them.
func TestTwin(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 1, s, config{})
	l, a := st.logs[0], st.agent
	a.start()
	st.put(1000)
	st.arrive()
	st.put(3000)
	a.kill()

	must(t, os.Remove(filepath.Join(a.state, "tailrace.sock"))) // no file to copy

	// The second host is a name space where its logs are at the same path, on a
	// file system of its own: a file is also found by its handle.
	second := tempDir(t)
	mount(t, second, "size=64m")
	must(t, os.CopyFS(filepath.Join(second, "logs"), os.DirFS(st.dir)))
	must(t, os.CopyFS(filepath.Join(second, "state"), os.DirFS(a.state)))
	twin := newAgent(t, config{
		broker: st.broker.Bootstrap(), state: filepath.Join(second, "state"),
		inputs: []input{{paths: []string{filepath.Join(st.dir, "*.log")}, topic: st.topic}},
	})
	twin.under = elsewhere(t, filepath.Join(second, "logs"), st.dir)
	info, err := os.Stat(l.Path)
	must(t, err)
	other, err := lines.NewLog(filepath.Join(second, "logs", filepath.Base(l.Path)), lines.NewChain("twin", s), s)
	must(t, err)
	t.Cleanup(func() { other.Close() })
	other.Also(l.Path)
	other.At(info.Size())
	st.logs = append(st.logs, other)

	a.start()
	twin.start()
	st.put(500)
	st.arrive()
	twin.kill()
	st.put(500)
	twin.start()
	st.arrive()
	twin.stop(stopLimit)
	a.stop(stopLimit)
	result := readBack(t, st.broker, st.topic, st.chains()...)
	t.Log(result)
	const most = 8 << 10 / len("app-a 1000 #\n")
	if result.Missing+result.Torn+result.Disordered+result.Misplaced > 0 || result.Repeated > most {
		t.Error(result.Err())
	}
}

// elsewhere is a command that runs another where the directory is at a path.
func elsewhere(t *testing.T, dir, path string) []string {
	t.Helper()
	under := []string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" "$1" && shift && exec "$@"`, dir, path}
	cmd := exec.Command(under[0], append(under[1:], "true")...)
	if out, err := cmd.CombinedOutput(); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("no name spaces here: %v\n%s", err, out)
	}
	return under
}

// Two agents with one host name, on one topic, are killed in turn: each has its
// own lines there, once.
func TestTwoAgentsOneName(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 1, s, config{})
	dir := tempDir(t)
	l, err := lines.NewLog(filepath.Join(dir, "app-b.log"), lines.NewChain("app-b", s), s)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	st.logs = append(st.logs, l)
	second := newAgent(t, config{
		broker: st.broker.Bootstrap(), inputs: []input{{paths: []string{filepath.Join(dir, "*.log")}, topic: st.topic}},
	})
	agents := []*agent{st.agent, second}
	for _, a := range agents {
		a.start()
	}
	stop := st.write(lines.Load{Rate: 2_000})
	for n := range 6 {
		wait(t, 500*time.Millisecond)
		agents[n%2].kill()
		agents[n%2].start()
	}
	stop()
	st.arrive()
	second.stop(stopLimit)
	st.exact()
}

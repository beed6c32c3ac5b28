package test

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
)

// 500 busy files and 100 descriptors, rotated meanwhile and killed once.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := manyLogs(t, 500, s)
	st.agent.under = []string{"sh", "-c", `ulimit -n 100 && exec "$@"`, "sh"}
	st.agent.start()
	st.agent.begun()
	st.turns(20)
	st.agent.kill()
	for _, l := range st.logs[:100] {
		must(t, errors.Join(l.Rotate(3), l.Reopen()))
	}
	st.turns(5)
	st.agent.start()
	st.turns(20)
	st.exact()
}

// Nothing is told by the file system, or not of all directories: the agent
// looks, says so, and all is exact.
func TestNoInotify(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]string{"none": "instances", "used-up": "watches"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needKafka(t)
			st := manyLogs(t, 20, seed(t))
			st.agent.under = limited(t, "max_inotify_"+limit)
			st.agent.start()
			st.agent.waitSaid(stopLimit, "level=WARN", "found by looking")
			st.turns(10)
			for _, l := range st.logs {
				must(t, errors.Join(l.Rotate(3), l.Write(10), l.Reopen(), l.Write(10)))
			}
			st.put(1)
			st.arrive()
			st.agent.kill()
			st.turns(10)
			st.agent.start()
			st.turns(10)
			st.exact()
		})
	}
}

// limited is a command that runs another in a user namespace of its own where a
// limit is almost 0.
func limited(t *testing.T, limit string) []string {
	t.Helper()
	under := []string{"unshare", "--user", "--map-root-user", "sh", "-c", "echo $0 >/proc/sys/user/" + limit + ` && exec "$@"`}
	most := "0"
	if limit == "max_inotify_watches" {
		most = "3"
	}
	under = append(under, most)
	cmd := exec.Command(under[0], append(under[1:], "true")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no user namespaces here: %v\n%s", err, out)
	}
	return under
}

// manyLogs is a stage with n logs in ten directories.
func manyLogs(t *testing.T, n int, s uint64) *stage {
	t.Helper()
	st := newStage(t, sharedBroker(t), 0, s, config{paths: []string{"**/*.log"}})
	for i := range n {
		name := fmt.Sprintf("app-%d", i)
		st.addLogAt(fmt.Sprintf("%d/%s.log", i%10, name), name, s+uint64(i))
	}
	return st
}

// turns writes n lines to each log, one line at a time.
func (st *stage) turns(n int) {
	st.t.Helper()
	for range n {
		st.put(1)
	}
}

package test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The disk with the state is full for a while: the agent says so, and all is
// there once in the end, also after a start while it is full.
func TestStateDiskFull(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	disk := tempDir(t)
	mount(t, disk, "size=512k")
	st := newStage(t, b, 2, seed(t), config{state: filepath.Join(disk, "state")})
	st.agent.start()
	st.put(1000)
	st.arrive()

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	// A batch takes some hundred bytes of the journal: many small ones find
	// the disk full, wherever the journal's last block ends.
	for range 200 {
		st.put(10)
		wait(t, 10*time.Millisecond)
	}
	st.agent.waitSaid(stalled, "no space left on device")
	st.agent.kill()
	st.put(10)
	st.agent.start()
	wait(t, 2*time.Second)
	must(t, os.Remove(ballast))
	st.put(1000)
	st.exact()
}

// fill fills a disk to its last byte.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// nobody is a user that may read little.
const nobody = 65534

// A file that the agent may not read is named, holds up no other, and is
// shipped once it may be read.
func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	b := sharedBroker(t)
	if os.Getuid() != 0 {
		t.Skip("only root can run the agent as somebody else")
	}
	state := tempDir(t)
	must(t, os.Chown(state, nobody, nobody))
	st := newStage(t, b, 3, seed(t), config{state: state})
	st.agent.uid = nobody
	secret := st.logs[1]
	must(t, os.Chmod(secret.Path, 0o600))
	st.put(10)
	st.agent.start()
	st.agent.waitSaid(stalled, secret.Path, "permission denied")

	all := st.logs
	st.logs = append(all[:1:1], all[2])
	st.put(1000)
	st.arrive()
	st.logs = all
	st.put(1000)
	must(t, os.Chmod(secret.Path, 0o644))
	st.exact()
}

// A configuration with mistakes ends run and check with status 78, and every
// mistake is said with its place.
func TestBrokenConfiguration(t *testing.T) {
	needKafka(t)
	path := filepath.Join(tempDir(t), "config.yaml")
	text := "inputs:\n  - path: [/var/log/*.log]\n    topic: app\noutputs:\n  kafka:\n    brokers: [localhost:99999]\n"
	must(t, os.WriteFile(path, []byte(text), 0o644))
	for _, verb := range []string{"run", "check"} {
		stdout, stderr, status := command(t, verb, "--config", path)
		if status != 78 {
			t.Errorf("%s: exit status %d", verb, status)
		}
		for _, place := range []string{path + ":2:", path + ":6:"} {
			if !strings.Contains(stdout+stderr, place) {
				t.Errorf("%s: nothing about %s in\n%s%s", verb, place, stdout, stderr)
			}
		}
	}
}

// Two agents on one state directory: the second says so and ends.
func TestSecondAgent(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	st.agent.start()
	st.put(100)
	st.arrive()
	_, stderr, status := command(t, "run", "--config", st.agent.conf)
	if status != 1 || !strings.Contains(stderr, "state") {
		t.Errorf("the second: exit status %d\n%s", status, stderr)
	}
	st.put(100)
	st.exact()
}

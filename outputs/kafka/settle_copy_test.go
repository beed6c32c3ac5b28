package kafka

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mute is a connection on which, once on, nothing arrives.
type mute struct {
	net.Conn
	on *atomic.Bool
}

func (m *mute) Write(p []byte) (int, error) {
	if m.on.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}

// underWay ships the lines of "logs", then takes 50 more, of which none arrives,
// and is killed when some of them are under way.
func (r *rig) underWay() {
	r.t.Helper()
	var on atomic.Bool
	r.dial = func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		return &mute{nc, &on}, err
	}
	u := r.start()
	s := r.sources["logs"]
	n := strings.Count(string(s.data), "\n")
	u.acked(int64(n))
	on.Store(true)
	s.append(numbered(n, 50))
	batches := 1
	if r.small {
		batches = 3
	}
	u.journalled("logs", batches)
	u.crash()
	r.dial = nil
}

// journalled waits until n batches to the topic are in the journal un-acked.
func (u *run) journalled(topic string, n int) {
	for {
		found := 0
		for _, l := range u.journal.Lanes(u.out.Name, topic) {
			found += len(l.Intents)
		}
		if found >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// intents is how many batches the journal had un-acked when the run began, and how
// many lines those have.
func (r *rig) intents(u *run) (n int, lines int64) {
	for _, l := range u.out.State.Lanes {
		n += len(l.Intents)
		for _, i := range l.Intents {
			lines += int64(i.Count)
		}
	}
	return n, lines
}

// Several batches are under way, the agent is killed, and their lines are gone
// from the files: there is one wait for all of them.
func TestOneWaitForAllThatIsGone(t *testing.T) {
	r := newRig(t, "logs")
	r.small = true
	s := newSource(1, "/var/log/a.log", numbered(0, 20))
	r.sources["logs"] = s
	r.underWay()
	s.gone = true
	u := r.start()
	under, lines := r.intents(u)
	if under < 3 {
		t.Fatalf("%d batches under way", under)
	}
	s.append(numbered(70, 10))
	u.acked(60 - lines)
	r.records("logs", int(80-lines))
	u.end()
	if n := strings.Count(r.log.String(), "the topic waits until nothing"); n != 1 {
		t.Errorf("%d waits for %d batches; log:\n%s", n, under, r.log.String())
	}
	if n := u.out.givenUp.Load(); n != lines {
		t.Errorf("%d lines given up of %d", n, lines)
	}
}

// The state directory is put back from a copy that was made while batches were
// under way; meanwhile their lines were sent under other numbers. They are known
// by what they are.
func TestCopyOfBatchesUnderWay(t *testing.T) {
	for name, set := range map[string]func(*rig, *source){
		"many batches":   func(r *rig, _ *source) { r.small = true },
		"large batches":  func(r *rig, _ *source) {},
		"objects":        func(_ *rig, s *source) { s.timed = true },
		"own timestamps": func(_ *rig, s *source) { s.stamp = time.Now().UnixMilli() },
	} {
		for _, arrived := range []int{60, 1000} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t, "logs")
				s := newSource(1, "/var/log/a.log", numbered(0, 20))
				r.sources["logs"] = s
				set(r, s)
				r.underWay()
				name := generation(t, r.dir)
				copied, err := os.ReadFile(name)
				must(t, err)
				// Not sure of what it sent, it reads the topic back, and takes
				// another producer id.
				cutJournal(t, r.dir, -1, map[string]any{"boot": "another"})
				if arrived > 70 {
					s.append(numbered(70, arrived-70))
				}
				u := r.start()
				r.records("logs", arrived)
				u.crash()
				wipe(t, r.dir)
				must(t, os.WriteFile(filepath.Join(r.dir, filepath.Base(name)), copied, 0o600))
				cutJournal(t, r.dir, -1, map[string]any{"inode": 1})
				u = r.start()
				s.append(numbered(max(arrived, 70), 30))
				r.exact("logs")
				u.end()
				r.unrepeated(u)
			})
		}
	}
}

package kafka

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"tailrace/agent/journal"
)

// Killed while a batch has no answer, the agent is started with the brokers of
// another cluster. There, somebody else on this host got the same producer id, and
// has sent as many lines with it: the batch is no repeat of theirs.
func TestAnotherCluster(t *testing.T) {
	f := func(name string, v *kversion.Versions, meanwhile func(*rig)) {
		t.Run(name, func(t *testing.T) {
			r := newRigOf(t, v, "logs")
			s := r.refused()
			meanwhile(r)
			c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ClusterID("another"), kfake.SeedTopics(1, "logs"), kfake.MaxVersions(v))
			must(t, err)
			defer c.Close()
			r.cluster = c
			state, _, err := journal.Read(r.dir)
			must(t, err)
			pid := state.Lanes[0].PID.PID
			other := newSource(2, "/var/log/b.log", strings.ReplaceAll(numbered(0, 20), "line", "lime"))
			other.topic = "logs"
			r.sendAs(pid, 0, other, 0, 10)
			r.sendAs(pid, 10, other, 10, 20)
			u := r.start()
			u.until(t, "the batch of the run before", func(s Stats) bool { return s.Records == 0 && s.Acked >= 10 })
			u.end()
			if got, want := strings.Join(r.values("logs", 20), ""), string(other.data)+string(s.data[len(numbered(0, 10)):]); got != want {
				t.Errorf("the other cluster has %q, want %q", got, want)
			}
			if n := u.out.repeats.Load(); n != 10 || strings.Count(r.log.String(), "possible repeats") != 1 {
				t.Errorf("%d possible repeats; log:\n%s", n, r.log.String())
			}
		})
	}
	f("killed", kversion.Stable(), func(*rig) {})
	f("brokers without topic ids", kversion.V2_7_0(), func(*rig) {})
	f("power loss", kversion.Stable(), func(r *rig) { cutJournal(t, r.dir, -1, map[string]any{"boot": "another"}) })
	f("down for long", kversion.Stable(), func(r *rig) { ageJournal(t, r.dir, 2*time.Hour) })
}

// refused ships ten lines of "logs", and is killed when ten more are refused.
func (r *rig) refused() *source {
	r.t.Helper()
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	var refusing atomic.Bool
	sent := make(chan struct{})
	var once sync.Once
	r.refuse(kerr.NotEnoughReplicas, &refusing, func(*kmsg.ProduceRequest) { once.Do(func() { close(sent) }) })
	u := r.start()
	r.exact("logs")
	refusing.Store(true)
	s.append(numbered(10, 10))
	<-sent
	u.crash()
	return s
}

// The topic is made again while no agent runs, and all was acknowledged: people
// are told, and there is nothing to wait for.
func TestTopicMadeAgainMeanwhile(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	u := r.start()
	r.exact("logs")
	u.end()
	r.deleteTopic("logs")
	r.createTopic("logs")
	for range 20 { // so that the offsets tell nothing
		r.write(&kgo.Record{Topic: "logs", Value: []byte("of another program")})
	}
	before := r.log.Len()
	u = r.start()
	s.append(numbered(10, 10))
	u.until(t, "the lines", func(s Stats) bool { return s.Acked == 10 })
	u.end()
	log := r.log.String()[before:]
	if strings.Count(log, "deleted and made again") != 1 || strings.Contains(log, "read back") {
		t.Errorf("log:\n%s", log)
	}
}

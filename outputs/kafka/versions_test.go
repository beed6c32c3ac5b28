package kafka

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

const initProducerID = 22 // its key

// newRigOf is newRig for brokers of a version.
func newRigOf(t *testing.T, v *kversion.Versions, topics ...string) *rig {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...), kfake.MaxVersions(v))
	must(t, err)
	t.Cleanup(c.Close)
	return &rig{t: t, cluster: c, dir: t.TempDir(), key: "host-1", codec: "lz4", settle: 200, sources: map[string]*source{}}
}

// The oldest brokers with idempotent producers get every line once, and people
// are told what they lack. They do not know zstd, and are not sent any.
func TestOldBrokers(t *testing.T) {
	f := func(v *kversion.Versions, codec, says string) {
		t.Helper()
		r := newRigOf(t, v, "logs")
		r.codec = codec
		r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 1000))
		u := r.start()
		r.exact("logs")
		u.kill()
		<-u.done
		u = r.start()
		r.sources["logs"].append(numbered(1000, 1000))
		r.exact("logs")
		u.end()
		if !strings.Contains(r.log.String(), says) {
			t.Errorf("the log does not say %q:\n%s", says, r.log.String())
		}
	}
	f(kversion.V0_11_0(), "lz4", "no zstd")
	f(kversion.V0_11_0(), "zstd", "no zstd")
	f(kversion.V2_1_0(), "zstd", "known by its id or its offsets")
}

// Brokers do not let this client have a producer id: the topic waits, and people
// are told what to grant.
func TestNotAuthorisedForIdempotence(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 10))
	var denied atomic.Bool
	denied.Store(true)
	r.cluster.ControlKey(initProducerID, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if !denied.Load() {
			return nil, nil, false
		}
		answer := q.ResponseKind().(*kmsg.InitProducerIDResponse)
		answer.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return answer, nil, true
	})
	u := r.start()
	s := u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
	for _, says := range []string{"grant it IDEMPOTENT_WRITE on the cluster", "delivery: at_least_once"} {
		if !strings.Contains(s.Trouble, says) {
			t.Errorf("not said: %q in %s", says, s.Trouble)
		}
	}
	u.crash()
	denied.Store(false)
	u = r.start()
	r.exact("logs")
	u.end()
}

// Brokers without idempotent producers: the topic waits, and people are told
// what to do.
func TestNoIdempotentProducers(t *testing.T) {
	v := kversion.V2_1_0()
	v.SetMaxKeyVersion(initProducerID, -1)
	r := newRigOf(t, v, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 10))
	u := r.start()
	s := u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
	u.kill()
	<-u.done
	const says = "set `delivery: at_least_once`"
	if !strings.Contains(s.Trouble, says) || !strings.Contains(r.log.String(), says) {
		t.Errorf("nobody was told what to do: %s\n%s", s.Trouble, r.log.String())
	}
}

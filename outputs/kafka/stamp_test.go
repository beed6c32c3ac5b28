package kafka

import (
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// stampedRig ships lines whose own timestamps are two days old. once is called
// at the end: no broker saw any batch twice, since it would have taken it twice.
func stampedRig(t *testing.T) (r *rig, once func()) {
	r = newRig(t, "logs")
	r.small = true
	s := newSource(1, "/var/log/a.log", numbered(0, 40))
	s.stamp = time.Now().Add(-48 * time.Hour).UnixMilli()
	r.sources["logs"] = s
	var mu sync.Mutex
	seen := map[string]int{}
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records
		mu.Lock()
		defer mu.Unlock()
		seen[fmt.Sprint(binary.BigEndian.Uint64(p[43:]), binary.BigEndian.Uint32(p[53:]))]++
		return nil, nil, false
	})
	return r, func() {
		t.Helper()
		for _, rec := range r.records("logs", 40) {
			at, _ := strconv.Atoi(string(rec.Headers[1].Value))
			if want := s.stamp + int64(at); rec.Timestamp.UnixMilli() != want {
				t.Errorf("%s has the time %v, want %v", rec.Value, rec.Timestamp, time.UnixMilli(want))
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for batch, n := range seen {
			if n > 1 {
				t.Errorf("batch %s was sent %d times; log:\n%s", batch, n, r.log.String())
			}
		}
		if len(seen) < 5 {
			t.Errorf("only %d batches", len(seen))
		}
	}
}

// Brokers do not remember what has old timestamps: whatever becomes of a
// connection, a batch of that is looked for, and not sent again as it was.
func TestOldStampsOverABrokenConnection(t *testing.T) {
	for shard := range 4 {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			for at := int32(shard + 1); at <= 44; at += 4 {
				r, once := stampedRig(t)
				var count atomic.Int32
				r.dial = func(network, addr string) (net.Conn, error) {
					nc, err := net.Dial(network, addr)
					return &fault{Conn: nc, count: &count, at: at}, err
				}
				u := r.start()
				r.exact("logs")
				u.end()
				once()
				r.unrepeated(u)
			}
		})
	}
}

// The same when the agent is killed.
func TestOldStampsKilled(t *testing.T) {
	for shard := range 4 {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			for at := int32(shard + 1); at <= 36; at += 4 {
				r, once := stampedRig(t)
				r.killedAt(at)
				u := r.start()
				r.exact("logs")
				u.end()
				once()
				r.unrepeated(u)
			}
		})
	}
}

// A topic that does not take old timestamps gets the lines with the present one,
// a batch at a time; also after the agent was killed.
func TestOldStampsRefused(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 500))
	s.stamp = time.Now().Add(-48 * time.Hour).UnixMilli()
	r.sources["logs"] = s
	var tries atomic.Int32
	restamped := make(chan struct{}, 1000)
	var hold atomic.Bool
	hold.Store(true)
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		p := q.(*kmsg.ProduceRequest)
		newest := int64(binary.BigEndian.Uint64(p.Topics[0].Partitions[0].Records[35:]))
		tries.Add(1)
		switch {
		case time.Since(time.UnixMilli(newest)) > time.Hour:
			return refusal(p, kerr.InvalidTimestamp), nil, true
		case hold.Load():
			restamped <- struct{}{}
			return refusal(p, kerr.NotEnoughReplicas), nil, true
		}
		return nil, nil, false
	})
	u := r.start()
	<-restamped
	u.crash()
	hold.Store(false)
	tries.Store(0)
	u = r.start()
	r.exact("logs")
	u.end()
	r.unrepeated(u)
	if n := tries.Load(); n != 1 {
		t.Errorf("%d requests after the crash, want the one batch as it was made then", n)
	}
	for _, rec := range r.records("logs", 500) {
		if time.Since(rec.Timestamp) > time.Hour {
			t.Fatalf("%s has the time %v", rec.Value, rec.Timestamp)
		}
	}
}

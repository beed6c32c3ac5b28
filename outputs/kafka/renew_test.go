package kafka

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// timed is a connection whose user must be authenticated again soon.
type timed struct {
	net.Conn
	renew time.Time
}

func (t timed) Renew() time.Time { return t.renew }

// Connections are left before their users must be authenticated again, with
// nothing under way: no batch is sent twice, and nothing is logged.
func TestConnectionsAreRenewed(t *testing.T) {
	r := newRig(t, "logs")
	s := newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["logs"] = s
	var dials atomic.Int32
	r.dial = func(network, addr string) (net.Conn, error) {
		n := dials.Add(1)
		nc, err := net.Dial(network, addr)
		if n > 4 { // on a slow machine nothing may go over one that lasts so short
			return nc, err
		}
		return timed{nc, time.Now().Add(50 * time.Millisecond)}, err
	}
	u := r.start()
	for n := 10; dials.Load() < 4; n += 10 {
		s.append(numbered(n, n+10))
		time.Sleep(time.Millisecond) // several batches on each connection
	}
	r.exact("logs")
	u.end()
	stats := u.out.Stats()[0]
	if stats.Retries != 0 || len(stats.Errors) != 0 {
		t.Errorf("%d batches were sent again, errors %v", stats.Retries, stats.Errors)
	}
	if r.log.Len() > 0 {
		t.Errorf("logged: %s", r.log.String())
	}
}

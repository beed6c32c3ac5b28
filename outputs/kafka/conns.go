package kafka

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/security"
)

// conns keeps the connections to the brokers. Lanes that are well share one
// for each broker; a lane that is slow or failing has one of its own, since a
// broker works on the requests of one connection in turn. It is safe for any
// goroutine.
type conns struct {
	config *sarama.Config
	dial   dialer
	life   context.Context // closes them all when it ends

	mu     sync.Mutex
	shared map[string]*sharedConn
}

// sharedConn is dialled once however many lanes ask at the same time.
type sharedConn struct {
	tries atomic.Int64 // to dial it
	mu    sync.Mutex
	conn  *conn
	err   error // of the last try
}

func newConns(config *sarama.Config, guard *security.Guard) *conns {
	p := &conns{config: config, life: context.Background(), shared: map[string]*sharedConn{}}
	d := net.Dialer{Timeout: config.Net.DialTimeout, Control: setUserTimeout}
	secured := guard.Secure(func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return nc, noLinger(nc)
	})
	p.dial = func(network, addr string) (net.Conn, error) { return secured(p.life, network, addr) }
	return p
}

// noLinger has a close throw away what was not sent.
func noLinger(nc net.Conn) error {
	if tcp, ok := nc.(*net.TCPConn); ok {
		return tcp.SetLinger(0)
	}
	return nil
}

var errLost = errors.New("the connection was lost at once")

// seat finds a connection to the broker at addr, its own or the shared one.
func (p *conns) seat(addr string, own bool, gen int, events chan<- event) (*seat, error) {
	if own {
		c, err := dial(p.life, addr, *p.config, p.dial)
		if err != nil {
			return nil, err
		}
		return seatOn(c, gen, true, events)
	}
	p.mu.Lock()
	sc := p.shared[addr]
	if sc == nil {
		sc = &sharedConn{}
		p.shared[addr] = sc
	}
	p.mu.Unlock()

	tries := sc.tries.Load()
	sc.mu.Lock()
	defer sc.mu.Unlock()
	// A connection on which requests of a former seat are under way is not
	// used for a new seat: they might be this lane's (rule L4 of the folder lane).
	if sc.conn != nil && !sc.conn.busy() && !sc.conn.aged() {
		if s := sc.conn.join(gen, false, events); s != nil {
			return s, nil
		}
	}
	if sc.err != nil && sc.tries.Load() != tries {
		return nil, sc.err // it failed while this lane waited for it
	}
	c, err := dial(p.life, addr, *p.config, p.dial)
	sc.err = err
	sc.tries.Add(1)
	if err != nil {
		return nil, err
	}
	sc.conn = c
	return seatOn(c, gen, false, events)
}

func seatOn(c *conn, gen int, own bool, events chan<- event) (*seat, error) {
	if s := c.join(gen, own, events); s != nil {
		return s, nil
	}
	return nil, errLost
}

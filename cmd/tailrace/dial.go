package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"tailrace/outputs/kafka/security"
)

// answerTime is how long a broker may take to let itself be connected to, and
// how long to answer.
var answerTime = 5 * time.Second

const (
	// metadataTime bounds the search for a broker that knows a topic: some may
	// be silent.
	metadataTime = 30 * time.Second
	// silentTime is how long an address that did not answer is left alone, so
	// that what is asked of many partitions does not wait for each of them.
	silentTime = 10 * time.Second
)

// silence says that a broker lets itself be connected to and does not answer: its
// process is stopped or overloaded, or something between takes its place.
type silence struct{ addr string }

func (s *silence) Error() string { return "broker " + s.addr + ": " + s.problem() }

func (*silence) problem() string {
	return "it takes connections but does not answer: it hangs or is overloaded; see its log"
}

// away says that a broker cannot be reached at an address that Kafka tells of it.
type away struct {
	addr string
	err  error
}

func (e *away) Error() string { return e.err.Error() }
func (e *away) Unwrap() error { return e.err }

// Timeout and Temporary make it a net.Error that is no timeout: after one, sarama
// would go on with the connection.
func (*silence) Timeout() bool   { return false }
func (*silence) Temporary() bool { return false }

// dialer opens the connections of one target. It is safe for any goroutine.
type dialer struct {
	guard   *security.Guard
	brokers []string // the addresses that were given

	mu     sync.Mutex
	silent map[string]time.Time // when a broker did not answer, by address
}

func newDialer(t target) *dialer {
	return &dialer{
		guard:   security.New(t.security, t.clientID, t.place, slog.New(slog.DiscardHandler)),
		brokers: t.brokers,
		silent:  map[string]time.Time{},
	}
}

// Dial opens a connection to a broker that is encrypted and authenticated as the
// configuration says. *silence when the broker does not answer, or did not just now.
func (d *dialer) Dial(network, addr string) (net.Conn, error) {
	if d.recent(addr) {
		return nil, &silence{addr}
	}
	taken := false
	tcp := func(ctx context.Context, network, addr string) (net.Conn, error) {
		dial := net.Dialer{Timeout: answerTime}
		nc, err := dial.DialContext(ctx, network, addr)
		taken = taken || err == nil
		return nc, err
	}
	nc, err := d.guard.Secure(tcp)(context.Background(), network, addr)
	if err != nil {
		if taken && timedOut(err) {
			err = d.note(addr)
		} else if !slices.Contains(d.brokers, addr) {
			err = &away{addr, err}
		}
		return nil, err
	}
	return &answering{nc, addr, d}, nil
}

func (d *dialer) recent(addr string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, had := d.silent[addr]
	return had && time.Since(at) < silentTime
}

func (d *dialer) note(addr string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent[addr] = time.Now()
	return &silence{addr}
}

// answering is a connection whose broker must answer in time.
type answering struct {
	net.Conn
	addr string
	*dialer
}

func (c *answering) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if timedOut(err) {
		err = c.note(c.addr)
	}
	return n, err
}

// timedOut reports whether a deadline passed.
func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

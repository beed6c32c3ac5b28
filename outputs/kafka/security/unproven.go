package security

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
)

// unproven is a connection without SASL. Whether the broker takes it shows only
// when it is used: a port with TLS answers a plain request with an alert, for
// which sarama would make room for 352 MB, and one with SASL hangs up on the
// second request. One goroutine reads.
type unproven struct {
	net.Conn
	*opener
	addr   string
	writes atomic.Int32
	heard  bool // an answer, if only to the greeting
	proven bool
}

// Unwrap is the connection itself, for who had an answer to a request: a TCP
// connection writes several buffers in one system call.
func (c *unproven) Unwrap() net.Conn {
	c.troubles.note(c.addr, nil)
	return c.Conn
}

func (c *unproven) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func (c *unproven) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.proven {
		return n, err
	}
	second := c.writes.Load() > 1
	var e *Error
	switch {
	case n > 0 && !c.heard && c.options.TLS == nil && speaksTLS(b[:n]):
		e = wantsTLS(c.addr)
	case n > 0 && second:
		c.proven = true
		c.troubles.note(c.addr, nil)
	case hungUp(err) && c.heard && second:
		e = c.wantsSASL(c.addr)
	}
	c.heard = c.heard || n > 0
	if e != nil {
		err = c.placed(e)
		c.troubles.note(c.addr, err)
		return 0, err
	}
	return n, err
}

// diagnose looks more closely at an address that hung up on a TLS handshake.
func (o *opener) diagnose(ctx context.Context, addr string, err error) error {
	var broken *Broken
	if o.options.TLS == nil || !errors.As(err, &broken) || !hungUp(broken.Err) {
		return err
	}
	var e *Error
	o.probe(ctx, addr, func(ctx context.Context, nc net.Conn) {
		plain := &session{Conn: nc, addr: addr, clientID: o.clientID}
		if plain.hello() == nil {
			e = &Error{addr, "this port is without TLS", "use the broker's port for TLS, or leave outputs.kafka.tls out"}
		}
	})
	if e != nil {
		return e
	}
	return err
}

// wantsSASL asks a port whether it is one with SASL: it is if it refuses a
// mechanism that does not exist for that reason.
func (o *opener) wantsSASL(addr string) (e *Error) {
	o.probe(context.Background(), addr, func(ctx context.Context, nc net.Conn) {
		s, err := o.greet(ctx, nc, addr)
		if err != nil {
			return
		}
		code, offered, err := s.handshake("NONE")
		if err == nil && code == unsupportedMechanism {
			e = &Error{addr, "this port wants SASL; it has " + strings.Join(offered, ", "),
				`give a user in outputs.kafka.sasl, like "sasl: {mechanism: scram-sha-512, username: …, password_file: …}"`}
		}
	})
	return e
}

// probe opens a connection of its own for a question.
func (o *opener) probe(ctx context.Context, addr string, ask func(context.Context, net.Conn)) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	nc, err := o.tcp(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer nc.Close()
	defer context.AfterFunc(ctx, func() { _ = nc.Close() })()
	ask(ctx, nc)
}

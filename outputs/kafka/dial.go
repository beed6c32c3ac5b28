package kafka

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sys/unix"

	"tailrace/outputs/kafka/wire"
)

const (
	// userTimeout bounds how long the kernel keeps sending what a dead
	// process had written (rule L9 of the folder lane).
	userTimeout = 30 * time.Second
	// The versions of Produce that are spoken: the first with headers and
	// idempotent producers (Kafka 0.11), with zstd (2.1), and with topic ids
	// (4.0).
	produceOldest, produceByName, produceByID = 3, 7, 13
)

// dial opens a connection to a broker, over secured, which encrypts and
// authenticates: sarama negotiates, then is asked nothing more, so it neither
// reads nor writes. The end of life closes the connection, whoever is at work
// on it.
func dial(life context.Context, addr string, config sarama.Config, secured dialer) (*conn, error) {
	var nc net.Conn
	release := func() bool { return true }
	config.Net.Proxy.Enable = true
	config.Net.Proxy.Dialer = dialer(func(network, addr string) (net.Conn, error) {
		var err error
		if nc, err = secured(network, addr); err == nil {
			opened := nc
			release = context.AfterFunc(life, func() { _ = opened.Close() })
		}
		return nc, err
	})
	opened := sarama.NewBroker(addr)
	if err := opened.Open(&config); err != nil {
		return nil, err
	}
	if _, err := opened.Connected(); err != nil {
		release()
		return nil, err
	}
	c := &conn{addr: addr, nc: nc, opened: opened, release: release, seats: map[*seat]bool{}}
	if timed, ok := nc.(interface{ Renew() time.Time }); ok {
		c.renew = timed.Renew()
	}
	if plain, ok := nc.(interface{ Unwrap() net.Conn }); ok {
		c.nc = plain.Unwrap() // several buffers in one system call
	}
	if err := c.takeOver(config.ClientID); err != nil {
		c.fail(err)
		return nil, err
	}
	go c.read()
	return c, nil
}

type dialer func(network, addr string) (net.Conn, error)

func (d dialer) Dial(network, addr string) (net.Conn, error) { return d(network, addr) }

// setUserTimeout has the kernel give up on bytes that nobody acknowledges.
func setUserTimeout(_, _ string, rc syscall.RawConn) error {
	var err error
	if e := rc.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	}); e != nil {
		return e
	}
	return err
}

// takeOver makes the connection ours: no deadline left by sarama, and the
// version of Produce is settled.
func (c *conn) takeOver(clientID string) error {
	if err := c.nc.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return err
	}
	if _, err := c.nc.Write(wire.AppendApiVersions(nil, c.last, clientID)); err != nil {
		return err
	}
	_, body, err := readAnswer(c.nc, nil)
	if err != nil {
		return fmt.Errorf("ApiVersions: %w", err)
	}
	versions, err := wire.ParseApiVersions(body)
	if err != nil {
		return err
	}
	switch most := versions[produceKey]; {
	case most >= produceByID:
		c.version = produceByID
	case most >= produceByName:
		c.version = produceByName
	case most >= produceOldest:
		c.version = produceOldest
	default:
		return fmt.Errorf("broker %s is too old: it has Produce version %d, tailrace needs %d (Kafka 0.11 or newer)", c.addr, most, produceOldest)
	}
	return c.nc.SetDeadline(time.Time{})
}

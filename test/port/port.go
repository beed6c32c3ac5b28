// Package port gives tests TCP ports on which nobody listens, and which stay
// theirs.
//
// A port that was only looked for can be another process's by the time it is
// needed, even one where the same protocol is spoken and the same topics are. A
// held port has a socket bound to it that does not listen, so that the kernel
// gives it to nobody who asks for any port, neither to listen nor to connect
// from; connecting to it is refused. Whoever names its number, and sets
// SO_REUSEADDR as Go, Java and most servers do, can listen there, any number of
// times one after the other.
package port

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// Port is a port that is held.
type Port struct {
	Addr   string // host:port
	Number int
	fd     int
}

// Hold takes a port of an IPv4 address of this machine, or a name of one.
func Hold(host string) (*Port, error) {
	at, err := net.ResolveTCPAddr("tcp4", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("hold a port of %s: %w", host, err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("hold a port of %s: socket: %w", host, err)
	}
	number, err := bind(fd, at.AddrPort().Addr().Unmap())
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("hold a port of %s: %w", host, err)
	}
	return &Port{Addr: net.JoinHostPort(host, strconv.Itoa(number)), Number: number, fd: fd}, nil
}

// bind binds a socket to a port of ip that the kernel chooses.
func bind(fd int, ip netip.Addr) (int, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, fmt.Errorf("set SO_REUSEADDR: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: ip.As4()}); err != nil {
		return 0, fmt.Errorf("bind: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, fmt.Errorf("getsockname: %w", err)
	}
	return name.(*unix.SockaddrInet4).Port, nil
}

// Release gives the port back. One goroutine calls it, once.
func (p *Port) Release() { unix.Close(p.fd) }

// Held is a port of 127.0.0.1 that is held until the test has ended.
func Held(t testing.TB) *Port {
	t.Helper()
	p, err := Hold("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

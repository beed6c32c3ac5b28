package port

import (
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Nobody gets a held port but who names it; then it can be listened on, and
// again.
func TestHeld(t *testing.T) {
	p := Held(t)
	for range 2 {
		if c, err := net.Dial("tcp", p.Addr); !errors.Is(err, unix.ECONNREFUSED) {
			t.Fatalf("connected to nobody: %v, %v", c, err)
		}
		l, err := net.Listen("tcp", p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s.Close() // leaves the port in TIME_WAIT
		c.Close()
		l.Close()
	}
	strict, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(strict)
	at := &unix.SockaddrInet4{Port: p.Number, Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Bind(strict, at); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("the port is not held: %v", err)
	}
}

func TestHoldOfNoAddress(t *testing.T) {
	for _, host := range []string{"::1", "192.0.2.1"} {
		if p, err := Hold(host); err == nil {
			t.Errorf("held %s", p.Addr)
		}
	}
}

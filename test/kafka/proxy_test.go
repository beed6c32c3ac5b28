package kafka

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// request is a frame with an API key, a correlation id and a body.
func request(key int16, id int32, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(id))
	return append(b, body...)
}

// answerFrame is a frame with a correlation id and four bytes.
func answerFrame(id int32) []byte {
	b := binary.BigEndian.AppendUint32(nil, 8)
	b = binary.BigEndian.AppendUint32(b, uint32(id))
	return append(b, "done"...)
}

// node answers requests, and gives each that it got whole.
func node(t *testing.T) (addr string, got <-chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	bodies := make(chan string, 100)
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				for {
					frame, err := readFrame(nc, nil)
					if err != nil {
						return
					}
					bodies <- string(frame[12:])
					nc.Write(answerFrame(int32(binary.BigEndian.Uint32(frame[8:]))))
				}
			}()
		}
	}()
	return l.Addr().String(), bodies
}

func proxied(t *testing.T) (p *Proxy, dial func() net.Conn, got <-chan string) {
	addr, got := node(t)
	p, err := newProxy("127.0.0.1")
	must(t, err)
	p.forward(addr)
	t.Cleanup(p.close)
	return p, func() net.Conn {
		nc, err := net.Dial("tcp", p.Addr)
		must(t, err)
		t.Cleanup(func() { nc.Close() })
		return nc
	}, got
}

// An answer, or a request, is cut behind any of its bytes; other kinds are let
// through.
func TestProxyCuts(t *testing.T) {
	p, dial, got := proxied(t)
	for n := range len(answerFrame(0)) + 1 {
		nc := dial()
		cut := p.Cut(0, true, n)
		nc.Write(request(3, 1, "metadata"))
		nc.Write(request(0, 2, "produce"))
		all, _ := io.ReadAll(nc)
		want := append(answerFrame(1), answerFrame(2)[:n]...)
		if !bytes.Equal(all, want) || <-got != "metadata" || <-got != "produce" {
			t.Errorf("cut behind %d bytes: got %q", n, all)
		}
		if size := <-cut.Done(); size != len(answerFrame(0)) {
			t.Errorf("a frame of %d bytes", size)
		}
	}
	nc := dial()
	p.Cut(0, false, 13)
	nc.Write(request(0, 2, "produce"))
	if all, _ := io.ReadAll(nc); len(all) > 0 || len(got) > 0 {
		t.Error("a request that was cut is answered")
	}
}

// What is sent while nothing goes through arrives when it does again, also of
// a client that has gone.
func TestProxyHolds(t *testing.T) {
	p, dial, got := proxied(t)
	before := dial()
	before.Write(request(0, 1, "before"))
	if <-got != "before" {
		t.Fatal("nothing arrived")
	}
	p.Hold()
	gone := dial()
	gone.Write(request(0, 2, "gone"))
	gone.Close()
	before.Write(request(0, 3, "late"))
	before.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := io.ReadFull(before, make([]byte, 13)); err == nil {
		t.Error("an answer came through")
	}
	p.Let()
	first, second := <-got, <-got
	if first+second != "gonelate" && first+second != "lategone" {
		t.Errorf("%q and %q arrived", first, second)
	}
	p.Break()
	before.SetReadDeadline(time.Time{})
	if _, err := io.Copy(io.Discard, before); err != nil && len(got) > 0 {
		t.Error(err)
	}
}

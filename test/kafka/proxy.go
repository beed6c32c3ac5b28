package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// Proxy is the network in front of a node, for a test to break. It is safe for
// any goroutine.
type Proxy struct {
	Addr   string // host:port that it listens on
	target string
	listen net.Listener

	mu    sync.Mutex
	open  chan struct{} // closed while the network works
	held  bool
	delay time.Duration
	cuts  []*Cut
	pairs map[*pair]bool
	ended bool
}

// Cut breaks one connection in the middle of a frame: a request, or its answer.
type Cut struct {
	Key    int16 // of the request, as Kafka numbers them: 0 is Produce
	Answer bool  // cut the answer, not the request
	Bytes  int   // how many of the frame's bytes are let through; Whole: nothing is cut
	done   chan int
}

// Whole is the Bytes of a Cut that only tells when the frame went through.
const Whole = -1

// Done gives the size of the frame once it was cut.
func (c *Cut) Done() <-chan int { return c.done }

// newProxy listens on a free port. Its connections wait for forward.
func newProxy(host string) (*Proxy, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{Addr: l.Addr().String(), listen: l, open: make(chan struct{}), pairs: map[*pair]bool{}}
	close(p.open)
	return p, nil
}

// forward begins to take connections, which go to target.
func (p *Proxy) forward(target string) {
	p.target = target
	go p.accept()
}

// Hold lets nothing through any more, as a network that loses all packets
// would. Connections stay open, and new ones are taken.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.held {
		p.held, p.open = true, make(chan struct{})
	}
}

// Let ends Hold and Delay. What was held goes on, also what somebody sent who
// has given up since.
func (p *Proxy) Let() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.delay = 0; p.held {
		p.held = false
		close(p.open)
	}
}

// Delay holds each frame for a while.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Break closes all connections.
func (p *Proxy) Break() {
	p.mu.Lock()
	pairs := p.pairs
	p.pairs = map[*pair]bool{}
	p.mu.Unlock()
	for c := range pairs {
		c.close()
	}
}

// Cut breaks the connection of the next frame of a kind. Several cuts take one
// frame each.
func (p *Proxy) Cut(key int16, answer bool, bytes int) *Cut {
	c := &Cut{Key: key, Answer: answer, Bytes: bytes, done: make(chan int, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts = append(p.cuts, c)
	return c
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.listen.Close()
	p.Let()
	p.Break()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

// pair is a client's connection and the one to the node.
type pair struct {
	client, node net.Conn
	mu           sync.Mutex
	keys         map[int32]int16 // of requests without an answer, by correlation id
}

func (c *pair) close() {
	c.client.Close()
	c.node.Close()
}

func (p *Proxy) connect(client net.Conn) {
	p.pass(0)
	node, err := net.Dial("tcp", p.target)
	if err != nil {
		client.Close()
		return
	}
	c := &pair{client: client, node: node, keys: map[int32]int16{}}
	p.mu.Lock()
	p.pairs[c] = true
	ended := p.ended
	p.mu.Unlock()
	if ended {
		c.close()
		return
	}
	// What a client had sent arrives also after its end; what a node answers
	// to one who is gone does not matter.
	go func() {
		p.relay(c, false)
		c.node.Close()
	}()
	p.relay(c, true)
	c.close()
	p.mu.Lock()
	delete(p.pairs, c)
	p.mu.Unlock()
}

// pass waits until the network works.
func (p *Proxy) pass(delay time.Duration) {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
	time.Sleep(delay)
}

// relay lets frames through until one cannot be.
func (p *Proxy) relay(c *pair, answers bool) {
	from, to := c.client, c.node
	if answers {
		from, to = to, from
	}
	var frame []byte
	for {
		var err error
		if frame, err = readFrame(from, frame); err != nil {
			return
		}
		p.mu.Lock()
		delay := p.delay
		p.mu.Unlock()
		p.pass(delay)
		cut := p.cutting(c.key(frame, answers), answers)
		if cut != nil && cut.Bytes != Whole {
			to.Write(frame[:min(cut.Bytes, len(frame))])
			c.close()
			cut.done <- len(frame)
			return
		}
		if _, err := to.Write(frame); err != nil {
			return
		}
		if cut != nil {
			cut.done <- len(frame)
		}
	}
}

// cutting is the cut that is due for a frame.
func (p *Proxy) cutting(key int16, answer bool) *Cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.cuts, func(c *Cut) bool { return c.Key == key && c.Answer == answer })
	if i < 0 {
		return nil
	}
	cut := p.cuts[i]
	p.cuts = slices.Delete(p.cuts, i, i+1)
	return cut
}

// key is what kind of request a frame is, or answers.
func (c *pair) key(frame []byte, answer bool) int16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer {
		id := int32(binary.BigEndian.Uint32(frame[4:]))
		key := c.keys[id]
		delete(c.keys, id)
		return key
	}
	key, id := int16(binary.BigEndian.Uint16(frame[4:])), int32(binary.BigEndian.Uint32(frame[8:]))
	c.keys[id] = key
	return key
}

// readFrame reads a size and as many bytes. They are all in the frame.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], 64)[:4]
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf, err
	}
	size := int(int32(binary.BigEndian.Uint32(buf)))
	if size < 8 || size > 100<<20 {
		return buf, errors.New("not a frame of Kafka's")
	}
	buf = slices.Grow(buf, size)[:4+size]
	_, err := io.ReadFull(r, buf[4:])
	return buf, err
}

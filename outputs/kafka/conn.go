package kafka

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/lane"
	"tailrace/outputs/kafka/wire"
)

const (
	// answerTimeout is how long the oldest request of a connection may go
	// without an answer: the broker's own time and a network's.
	answerTimeout = requestTimeout + 5*time.Second
	// answerMax bounds an answer; one of a Produce is some hundred bytes.
	answerMax = 16 << 20
)

var errAnswerTimeout = fmt.Errorf("no answer within %v", answerTimeout)

// conn is one connection to a broker, opened and authenticated by sarama and
// then ours alone: Kafka answers its requests in order. Lanes hold seats on
// it. It is safe for any goroutine.
type conn struct {
	addr    string
	nc      net.Conn
	opened  *sarama.Broker
	version int16     // of Produce
	renew   time.Time // lanes leave it from then on, before the broker wants it authenticated again; zero: never
	// release undoes that the end of the output closes nc.
	release func() bool

	mu      sync.Mutex // held while a request is written, so that pending has the order of the wire
	last    int32      // correlation id of the last request
	pending []request  // not answered, oldest first
	seats   map[*seat]bool
	pause   time.Time // the broker wants no request before
	err     error     // why it is closed, nil while it is open
}

// request is one Produce that is under way.
type request struct {
	correlation int32
	seat        *seat
	batch       lane.Handle
	sent        time.Time
}

// seat is a lane's place on a connection, for one generation of the lane's.
type seat struct {
	conn *conn
	gen  int
	// events takes what happens, with room for it: see driver.disconnect.
	events chan<- event
	own    bool // the connection is this lane's alone
}

// event is what a connection, or a question to the cluster, tells a lane.
type event struct {
	seat   *seat
	batch  lane.Handle // that is answered
	answer wire.Answer
	err    error // the seat's connection is lost, when not nil
}

// join gives a lane a seat. It reports nil when the connection is lost.
func (c *conn) join(gen int, own bool, events chan<- event) *seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil
	}
	s := &seat{conn: c, gen: gen, events: events, own: own}
	c.seats[s] = true
	return s
}

// leave gives up a seat: its requests under way are answered to nobody. A
// connection that nobody sits on is closed: the shared one is dialled again
// when a lane comes back.
func (s *seat) leave() {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	delete(s.conn.seats, s)
	if len(s.conn.seats) == 0 {
		s.conn.failLocked(errors.New("closed"))
	}
}

// send writes one Produce request with one batch. An error says that the
// connection is lost, which every seat is told too.
func (s *seat) send(t target, handle lane.Handle, batch wire.Batch) error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if !takes(c.version, batch.Codec()) {
		s.events <- event{seat: s, batch: handle, answer: wire.Answer{Code: int16(sarama.ErrUnsupportedCompressionType), Offset: -1}}
		return nil
	}
	c.last++
	head := wire.AppendProduceHeader(nil, c.version, c.last, t.clientID, requestTimeout, t.topic, t.topicID, t.partition, len(batch.Bytes))
	buffers := net.Buffers{head, batch.Bytes, wire.AppendProduceTrailer(nil, c.version)}
	now := time.Now()
	c.pending = append(c.pending, request{correlation: c.last, seat: s, batch: handle, sent: now})
	err := c.nc.SetWriteDeadline(now.Add(answerTimeout))
	if err == nil && len(c.pending) == 1 {
		err = c.nc.SetReadDeadline(now.Add(answerTimeout))
	}
	if err == nil {
		_, err = buffers.WriteTo(c.nc)
	}
	if err != nil {
		c.failLocked(fmt.Errorf("write: %w", err))
	}
	return c.err
}

// target is where a request's batch goes.
type target struct {
	clientID  string
	topic     string
	topicID   [16]byte
	partition int32
}

// read hands out answers until the connection is lost.
func (c *conn) read() {
	r := bufio.NewReaderSize(c.nc, 4<<10)
	var body []byte
	for {
		var correlation int32
		var err error
		correlation, body, err = readAnswer(r, body)
		if err == nil {
			err = c.deliver(correlation, body)
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

// readAnswer reads one answer: its correlation id, and what follows it.
func readAnswer(r io.Reader, buf []byte) (correlation int32, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, buf, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	if size < 4 || size > answerMax {
		return 0, buf, fmt.Errorf("an answer of %d bytes: this is not a Kafka broker", size)
	}
	n := int(size) - 4
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	_, err = io.ReadFull(r, buf[:n])
	return int32(binary.BigEndian.Uint32(head[4:])), buf[:n], err
}

// deliver gives an answer to the lane that waits for it.
func (c *conn) deliver(correlation int32, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 || c.pending[0].correlation != correlation {
		return fmt.Errorf("answer %d to no request", correlation)
	}
	answers, err := wire.ParseProduce(c.version, body)
	if err != nil {
		return err
	}
	if len(answers) != 1 {
		return fmt.Errorf("an answer for %d partitions, asked for one", len(answers))
	}
	q := c.pending[0]
	c.pending = append(c.pending[:0], c.pending[1:]...)
	var deadline time.Time
	if len(c.pending) > 0 {
		deadline = time.Now().Add(answerTimeout + answers[0].Throttle)
	}
	if err := c.nc.SetReadDeadline(deadline); err != nil {
		return err
	}
	if t := answers[0].Throttle; t > 0 {
		c.pause = time.Now().Add(t)
	}
	if c.seats[q.seat] {
		q.seat.events <- event{seat: q.seat, batch: q.batch, answer: answers[0]}
	}
	return nil
}

// paused is how long the broker wants to be left alone.
func (s *seat) paused() time.Duration {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return max(0, time.Until(s.conn.pause))
}

// holdsUp reports whether the request that the whole connection waits for is
// this seat's, is older than limit, and others sit there too.
func (s *seat) holdsUp(limit time.Duration) bool {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seats) < 2 || len(c.pending) == 0 || c.pending[0].seat != s {
		return false
	}
	// A broker that wants a pause works on nothing until it is over.
	return time.Since(c.pending[0].sent) > limit && time.Since(c.pause) > limit
}

// aged reports whether the broker wants the connection to be authenticated
// again soon.
func (c *conn) aged() bool { return !c.renew.IsZero() && time.Now().After(c.renew) }

// busy reports whether requests of somebody who left are still under way.
func (c *conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.pending {
		if !c.seats[q.seat] {
			return true
		}
	}
	return false
}

// fail closes the connection and tells every seat why.
func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(err)
}

func (c *conn) failLocked(err error) {
	if c.err != nil {
		return
	}
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		err = errAnswerTimeout
	case errors.Is(err, io.EOF):
		err = errors.New("the broker closed the connection")
	}
	c.err = fmt.Errorf("broker %s: %w", c.addr, err)
	c.release()
	_ = c.nc.Close()
	go c.opened.Close() // frees what sarama keeps for it; waits for its goroutine
	for s := range c.seats {
		s.events <- event{seat: s, err: c.err}
		delete(c.seats, s)
	}
}

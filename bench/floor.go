package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/flow"
	"tailrace/outputs/kafka/wire"
)

// floorVersion is the version of Produce that the floor speaks.
const floorVersion = 7

// floor is the least that can be spent: big reads, one pass of splitting and
// encoding, our own Produce requests on a connection that sarama opened. It
// follows nothing, verifies nothing and keeps no state.
func floor(j job) error {
	codec, err := j.wireCodec()
	if err != nil {
		return err
	}
	l, err := dialLeader(j)
	if err != nil {
		return err
	}
	defer l.opened.Close()
	enc := wire.NewEncoder()
	begin := func() { enc.Begin([]byte(hostKey), codec, batchBytes, millis()) }
	begin()
	var c flow.Chunk
	err = eachChunk(j.Files, func() int { return max(enc.Room(), lineSize) }, func(path string, offset int64, data []byte) error {
		c.Path, c.Start, c.Data = path, offset, data
		c.Split()
		for from := 0; ; {
			if from = enc.Add(&c, from); from == c.Lines() && enc.Room() >= lineSize {
				return nil
			}
			if err := l.send(j.Topic, enc); err != nil {
				return err
			}
			begin()
			if from == c.Lines() {
				return nil
			}
		}
	})
	if err == nil && enc.Count() > 0 {
		err = l.send(j.Topic, enc)
	}
	if err != nil {
		return err
	}
	return l.drain()
}

// A leader is a connection to the partition's leader, with the producer id of
// an idempotent producer. One goroutine sends; another reads the answers.
type leader struct {
	opened *sarama.Broker
	nc     net.Conn
	pid    int64
	epoch  int16

	first       int32 // sequence number of the next record
	correlation int32
	head, tail  []byte
	slots       chan struct{} // one for each batch under way
	batch       []byte        // memory for the next
	failed      chan error    // receives why there are no more answers
}

// dialLeader has sarama find the leader, get a producer id and open the
// connection, which then is ours.
func dialLeader(j job) (*leader, error) {
	cfg := saramaConfig()
	client, err := sarama.NewClient(j.Brokers, cfg)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	broker, err := client.Leader(j.Topic, 0)
	if err != nil {
		return nil, err
	}
	id, err := producerID(broker)
	if err != nil {
		return nil, err
	}
	l := &leader{pid: id.ProducerID, epoch: id.ProducerEpoch, slots: make(chan struct{}, inFlight), failed: make(chan error, 1)}
	cfg.Net.Proxy.Enable = true
	cfg.Net.Proxy.Dialer = dialer(func(network, addr string) (net.Conn, error) {
		nc, err := net.DialTimeout(network, addr, cfg.Net.DialTimeout)
		l.nc = nc
		return nc, err
	})
	l.opened = sarama.NewBroker(broker.Addr())
	if err := l.opened.Open(cfg); err != nil {
		return nil, err
	}
	if _, err := l.opened.Connected(); err != nil {
		return nil, err
	}
	go l.read()
	return l, nil
}

type dialer func(network, addr string) (net.Conn, error)

func (d dialer) Dial(network, addr string) (net.Conn, error) { return d(network, addr) }

// producerID asks for a fresh producer id.
func producerID(b *sarama.Broker) (*sarama.InitProducerIDResponse, error) {
	id, err := b.InitProducerID(&sarama.InitProducerIDRequest{
		Version: 1, TransactionTimeout: time.Minute, ProducerID: -1, ProducerEpoch: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("producer id: %w", err)
	}
	if id.Err != sarama.ErrNoError {
		return nil, fmt.Errorf("producer id: %w", id.Err)
	}
	return id, nil
}

// send finishes the batch and sends it when fewer than five are under way, the
// first one alone. One writev, and no copy.
func (l *leader) send(topic string, enc *wire.Encoder) error {
	batch := enc.FinishIn(l.batch, l.pid, l.epoch, l.first)
	l.batch = batch.Bytes // once it is written, nobody needs it: nothing is sent again
	if err := l.take(); err != nil {
		return err
	}
	l.first = wire.Next(l.first, batch.Count)
	l.correlation++
	l.head = wire.AppendProduceHeader(l.head[:0], floorVersion, l.correlation, "tailrace-bench",
		30*time.Second, topic, [16]byte{}, 0, len(batch.Bytes))
	l.tail = wire.AppendProduceTrailer(l.tail[:0], floorVersion)
	bufs := net.Buffers{l.head, batch.Bytes, l.tail}
	if _, err := bufs.WriteTo(l.nc); err != nil {
		return err
	}
	if l.correlation == 1 {
		return l.drain()
	}
	return nil
}

// take takes a slot, which the answer gives back.
func (l *leader) take() error {
	select {
	case l.slots <- struct{}{}:
		return nil
	case err := <-l.failed:
		return err
	}
}

// drain waits until every batch is acked.
func (l *leader) drain() error {
	for range inFlight {
		if err := l.take(); err != nil {
			return err
		}
	}
	for range inFlight {
		<-l.slots
	}
	return nil
}

// read reads the answers, until there is trouble, which it tells.
func (l *leader) read() {
	in := bufio.NewReader(l.nc)
	for correlation := int32(1); ; correlation++ {
		if err := readAnswer(in, correlation); err != nil {
			l.failed <- err
			return
		}
		<-l.slots
	}
}

func readAnswer(in io.Reader, correlation int32) error {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:4])
	if got := int32(binary.BigEndian.Uint32(head[4:])); got != correlation || size < 4 || size > 1<<20 {
		return fmt.Errorf("answer %d of %d bytes, where %d should be", got, size, correlation)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	answers, err := wire.ParseProduce(floorVersion, body)
	if err != nil {
		return err
	}
	if len(answers) != 1 {
		return errors.New("not one answer to one batch")
	}
	if answers[0].Code != 0 {
		return fmt.Errorf("batch %d: %w %s", correlation, sarama.KError(answers[0].Code), answers[0].Message)
	}
	return nil
}

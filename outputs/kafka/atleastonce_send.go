package kafka

import (
	"fmt"
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/wire"
)

// producerOverhead is what a batch has beside its records, and sarama's
// reckoning of a record beside what is in it, at most.
const producerOverhead = 64

// producing is the client of one producer: all that sarama asks it are the leader
// and the number of partitions, which are known already.
type producing struct {
	sarama.Client // nil
	conf          *sarama.Config
	leader        *sarama.Broker
	partitions    []int32
}

func (c *producing) Config() *sarama.Config                       { return c.conf }
func (c *producing) Closed() bool                                 { return false }
func (c *producing) Close() error                                 { return nil }
func (c *producing) RefreshMetadata(...string) error              { return nil }
func (c *producing) Partitions(string) ([]int32, error)           { return c.partitions, nil }
func (c *producing) Leader(string, int32) (*sarama.Broker, error) { return c.leader, nil }

// producer makes one for records of the present limit.
func (p *atLeastOnce) producer(to tried) (sarama.AsyncProducer, error) {
	conf := *p.cluster.config
	conf.Producer.RequiredAcks = sarama.WaitForAll
	conf.Producer.Timeout = requestTimeout
	conf.Producer.Return.Successes, conf.Producer.Return.Errors = true, true
	conf.Producer.Retry.Max = 0 // a failed record is given to the next producer
	conf.Producer.Partitioner = sarama.NewManualPartitioner
	conf.Producer.Compression = sarama.CompressionCodec(p.codec)
	conf.Producer.MaxMessageBytes = p.limit - producerOverhead
	conf.Producer.Flush.Frequency = lingerTime
	client := &producing{conf: &conf, leader: to.leader}
	for n := range to.info.partitions {
		client.partitions = append(client.partitions, n)
	}
	return sarama.NewAsyncProducerFromClient(client)
}

// record is what a message is of.
type record struct {
	parcel *parcel
	n      int
}

// produce sends what waits, and what comes, until a record fails, or all is
// acked at the end. The error is why a record failed.
func (p *atLeastOnce) produce() error {
	to, ok := await(p.hard, p.pulse, p.leader)
	switch {
	case !ok:
		return nil
	case to.err != nil:
		return to.err
	}
	producer, err := p.producer(to)
	if err != nil {
		return err
	}
	err = p.pump(producer, p.cluster.quotas.of(strconv.Itoa(int(to.info.leaderID))))
	producer.AsyncClose()
	if e := p.drain(producer); err == nil {
		err = e
	}
	p.gauge()
	return err
}

// tried is what came of asking for the leader.
type tried struct {
	info   topicInfo
	leader *sarama.Broker
	err    error
}

// leader finds the partition's leader, which sarama would look for far too often,
// and connects to it.
func (p *atLeastOnce) leader() (t tried) {
	if t.info, t.err = p.cluster.topic(p.at.topic, p.at.partition); t.err != nil {
		return t
	}
	if t.info.broker == nil {
		t.err = sarama.ErrLeaderNotAvailable
		return t
	}
	if t.leader, t.err = p.cluster.leaders.share(t.info.broker); t.err == nil {
		t.err = tooOld(t.leader)
	}
	return t
}

// pump gives records to the producer and takes its answers, until one fails or
// all is done. q is that of the partition's leader.
func (p *atLeastOnce) pump(producer sarama.AsyncProducer, q *quota) error {
	defer p.tally.pause.Store(nil)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var wake <-chan struct{}
	if p.feed != nil {
		wake = p.feed.Wake()
	}
	stop := p.stop.Done()
	for !p.finished() {
		p.pulse.Beat()
		p.read()
		p.gauge()
		p.paced(q)
		message, next, err := p.next()
		if err != nil {
			return err
		}
		var in chan<- *sarama.ProducerMessage
		if message != nil {
			in = producer.Input()
		}
		select {
		case in <- message:
			next.next++
		case m := <-producer.Successes():
			p.answered(m)
		case e := <-producer.Errors():
			return p.failed(e)
		case <-wake:
			p.eager = true
		case <-tick.C: // there may be room in the budget again
		case <-stop:
			stop = nil
		case <-p.hard.Done():
			return nil
		}
	}
	return nil
}

// paced tells when the broker keeps lines back.
func (p *atLeastOnce) paced(q *quota) {
	if until, waits := q.over(); waits && len(p.queue) > 0 {
		p.tally.sayPause(usedUp, until)
	} else if p.tally.pause.Load() != nil {
		p.tally.pause.Store(nil)
	}
}

// drain takes the last answers of a producer that is being closed. The error
// is why a record failed, if one did.
func (p *atLeastOnce) drain(producer sarama.AsyncProducer) (err error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	successes, failures := producer.Successes(), producer.Errors()
	for successes != nil || failures != nil {
		p.pulse.Beat()
		select {
		case m, ok := <-successes:
			if !ok {
				successes = nil
				continue
			}
			p.answered(m)
		case e, ok := <-failures:
			if !ok {
				failures = nil
				continue
			}
			err = p.failed(e)
		case <-tick.C:
		case <-p.hard.Done():
			go discard(successes, failures)
			return err
		}
	}
	return err
}

// discard takes the last answers of a producer that nobody waits for: one that
// does not reach the brokers gives up its records one by one, each after a wait.
func discard(successes <-chan *sarama.ProducerMessage, failures <-chan *sarama.ProducerError) {
	for successes != nil || failures != nil {
		select {
		case _, ok := <-successes:
			if !ok {
				successes = nil
			}
		case _, ok := <-failures:
			if !ok {
				failures = nil
			}
		}
	}
}

func (p *atLeastOnce) answered(m *sarama.ProducerMessage) {
	if r, ok := m.Metadata.(record); ok {
		p.ack(r.parcel, r.n)
		p.widen(r)
	}
}

// failed is why a record could not be sent.
func (p *atLeastOnce) failed(e *sarama.ProducerError) error {
	if r, ok := e.Msg.Metadata.(record); ok && ofContent(codeOf(e.Err)) {
		p.bad = r
		p.refused++
	}
	if _, ok := e.Err.(sarama.ConfigurationError); ok {
		return sarama.ErrMessageSizeTooLarge // sarama's own limit
	}
	return e.Err
}

// next is the next record that the producer is to be given, if there is one.
func (p *atLeastOnce) next() (*sarama.ProducerMessage, *parcel, error) {
	if p.full() {
		return nil, nil, nil
	}
	for _, c := range p.queue {
		for c.next < len(c.acked) && c.acked[c.next] {
			c.next++
		}
		if c.next < len(c.acked) {
			m, err := p.message(c, c.next)
			return m, c, err
		}
	}
	return nil, nil, nil
}

// message is record n of a parcel, shortened when the topic does not take it
// whole. The error says that it could not be kept in the dead-letter file, or
// not before the end.
func (p *atLeastOnce) message(c *parcel, n int) (*sarama.ProducerMessage, error) {
	m := messageOf(c.chunk, n, p.lane.Key)
	m.Topic, m.Partition, m.Metadata = p.at.topic, p.at.partition, record{c, n}
	m.Timestamp = time.Now()
	if c.chunk.Reading != 0 && c.chunk.Records[n].Stamp != 0 {
		m.Timestamp = time.UnixMilli(c.chunk.Records[n].Stamp)
	}
	if c.bad != nil && c.bad[n] != 0 {
		if err := p.change(m, c, n); err != nil {
			return nil, err
		}
	}
	const records = 2 // the version of the format with headers
	if p.limit-2*producerOverhead >= m.ByteSize(records) {
		return m, nil
	}
	return m, p.shorten(m, c, n, p.limit, int16(sarama.ErrMessageSizeTooLarge))
}

// keep puts a line that the brokers do not take into the dead-letter file.
func (p *atLeastOnce) keep(c *flow.Chunk, n int, code int16) error {
	one := cut(c, n, n+1)
	one.Form = c.Form
	l := letter(p.lane.Lane, journal.Intent{Time: c.Time}, &one, code)
	if !p.untilDone(p.hard, p.at, func() error { return p.Output.keep(p.tally, l) }) {
		return fmt.Errorf("ended before a line of %d bytes could be kept", len(l.Value))
	}
	return nil
}

// messageOf is record n of c, with the headers that wire.Encoder gives it.
func messageOf(c *flow.Chunk, n int, key string) *sarama.ProducerMessage {
	m := &sarama.ProducerMessage{Key: sarama.StringEncoder(key), Value: sarama.ByteEncoder(c.Line(n))}
	if c.Form != nil {
		m.Key = sarama.ByteEncoder(c.Form.Key)
	}
	for _, h := range wire.Headers(c, n) {
		m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
	}
	return m
}

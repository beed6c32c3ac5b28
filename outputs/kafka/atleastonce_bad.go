package kafka

import (
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// ofContent reports whether a batch was refused for what is in a record of it:
// the others would be taken.
func ofContent(code int16) bool {
	switch sarama.KError(code) {
	case sarama.ErrInvalidRecord, sarama.ErrInvalidTimestamp, sarama.ErrPolicyViolation:
		return true
	}
	return false
}

// narrow looks for the record for which a batch was refused: half as many go at
// once, until it is one. That is changed then. It reports false when the record
// that is refused was changed before: a person has to look at it.
func (p *atLeastOnce) narrow(code int16) bool {
	p.widens, p.taken = false, 0
	if p.most > 1 || p.most == 0 && p.refused > 1 {
		p.most = max(1, p.refused/2)
		return true
	}
	p.most = 1
	bad := p.bad
	if bad.parcel == nil || bad.parcel.acked[bad.n] {
		return true
	}
	if bad.parcel.bad == nil {
		bad.parcel.bad = make([]int16, len(bad.parcel.acked))
	}
	before := bad.parcel.bad[bad.n]
	bad.parcel.bad[bad.n] = code
	return before != code
}

// widen lets twice as many records go at once, each time that all were taken
// since the one that was refused is in the topic.
func (p *atLeastOnce) widen(r record) {
	if p.most == 0 {
		return
	}
	p.widens = p.widens || r.parcel.bad != nil && r.parcel.bad[r.n] != 0
	if p.taken++; !p.widens || p.taken < p.most {
		return
	}
	if p.most, p.taken = 2*p.most, 0; p.most > parcelBytes {
		p.most = 0
	}
}

// full says that no more records may be under way now.
func (p *atLeastOnce) full() bool {
	if p.most == 0 {
		return false
	}
	under := 0
	for _, c := range p.queue {
		for n := range c.next {
			if !c.acked[n] {
				under++
			}
		}
	}
	return under >= p.most
}

// change makes of a message what the brokers may take that refused it: with the
// time of now, and for anything but its time without its value, which is
// then in the dead-letter file.
func (p *atLeastOnce) change(m *sarama.ProducerMessage, c *parcel, n int) error {
	code := c.bad[n]
	if m.Timestamp = time.Now(); sarama.KError(code) == sarama.ErrInvalidTimestamp {
		return nil
	}
	return p.shorten(m, c, n, 0, code)
}

// shorten cuts the value of a message, so that it has so many bytes. The whole is
// kept in the dead-letter file.
func (p *atLeastOnce) shorten(m *sarama.ProducerMessage, c *parcel, n, limit int, code int16) error {
	const records = 2 // the version of the format with headers
	whole := c.chunk.Line(n)
	if c.kept == nil {
		c.kept = make([]bool, len(c.acked))
	}
	if !c.kept[n] {
		if err := p.keep(c.chunk, n, code); err != nil {
			return err
		}
		c.kept[n] = true
	}
	m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte("truncated"), Value: strconv.AppendInt(nil, int64(len(whole)), 10)})
	room := max(0, limit-2*producerOverhead-(m.ByteSize(records)-len(whole)))
	short := whole[:min(len(whole), room)]
	if c.chunk.Reading != 0 {
		short = c.chunk.Records[n].Short(room)
	}
	m.Value = sarama.ByteEncoder(short)
	return nil
}

package wire

import (
	"encoding/binary"
	"time"
)

// Versions of Produce that this package speaks.
const (
	ProduceMin = 3  // the first with record batches of version 2
	ProduceMax = 13 // the first with topic ids
)

const (
	produceKey      = 0
	produceFlexible = 9  // from here on: compact lengths, tagged fields
	produceByID     = 13 // from here on: the topic is named by its id
	acksAll         = -1
)

// AppendProduceHeader appends a Produce request (acks=all) for one batch up to
// the batch's bytes, beginning with the request's size in four bytes. Behind
// it go batchLen bytes of batch and AppendProduceTrailer. The version must be
// from ProduceMin to ProduceMax: before 13 the topic goes by name, from then
// on by id. timeout is how long the broker may wait for its replicas; whole
// milliseconds.
func AppendProduceHeader(dst []byte, version int16, correlation int32, clientID string, timeout time.Duration, topic string, topicID [16]byte, partition int32, batchLen int) []byte {
	at := len(dst)
	flexible := version >= produceFlexible
	dst = append(dst, 0, 0, 0, 0) // the size, when it is known
	dst = appendRequestHeader(dst, produceKey, version, correlation, clientID)
	if flexible {
		dst = append(dst, 0) // no tagged fields
		dst = append(dst, 0) // no transaction
	} else {
		dst = append(dst, 0xff, 0xff) // no transaction
	}
	dst = appendInt16(dst, acksAll)
	dst = appendInt32(dst, int32(timeout/time.Millisecond))

	dst = appendLength(dst, 1, flexible) // topics
	switch {
	case version >= produceByID:
		dst = append(dst, topicID[:]...)
	case flexible:
		dst = appendLength(dst, len(topic), true)
		dst = append(dst, topic...)
	default:
		dst = appendString(dst, topic)
	}
	dst = appendLength(dst, 1, flexible) // partitions
	dst = appendInt32(dst, partition)
	dst = appendLength(dst, batchLen, flexible)

	size := len(dst) - at - 4 + batchLen + len(AppendProduceTrailer(nil, version))
	binary.BigEndian.PutUint32(dst[at:], uint32(size))
	return dst
}

// AppendProduceTrailer appends what follows the batch in a Produce request.
func AppendProduceTrailer(dst []byte, version int16) []byte {
	if version < produceFlexible {
		return dst
	}
	return append(dst, 0, 0, 0) // no tagged fields: partition, topic, request
}

// Answer is what a broker says to one batch.
type Answer struct {
	Topic     string   // before version 13
	TopicID   [16]byte // from version 13 on
	Partition int32
	Code      int16         // Kafka's error code, 0 for none
	Offset    int64         // of the first record, -1 unknown
	LogStart  int64         // first offset of the partition, -1 unknown
	Message   string        // the broker's own words on an error, if any
	Throttle  time.Duration // send nothing more on this connection for so long
}

// ParseProduce reads the answer to a Produce request. body is everything
// behind the correlation id, so for flexible versions it begins with the tagged
// fields of the response header. There is one Answer for each partition.
func ParseProduce(version int16, body []byte) ([]Answer, error) {
	r := &reader{p: body}
	flexible := version >= produceFlexible
	r.tags(flexible)
	var answers []Answer
	for topics := r.length(flexible, 2); topics > 0 && r.err == nil; topics-- {
		answers = r.topic(version, answers)
	}
	throttle := time.Duration(max(0, r.int32())) * time.Millisecond
	r.tags(flexible)
	if r.err != nil {
		return nil, r.err
	}
	for i := range answers {
		answers[i].Throttle = throttle
	}
	return answers, nil
}

// topic appends the answers for the partitions of one topic.
func (r *reader) topic(version int16, answers []Answer) []Answer {
	flexible := version >= produceFlexible
	var a Answer
	if version >= produceByID {
		copy(a.TopicID[:], r.take(len(a.TopicID)))
	} else {
		a.Topic = r.string(flexible)
	}
	for n := r.length(flexible, 22); n > 0 && r.err == nil; n-- {
		r.partition(version, &a)
		answers = append(answers, a)
	}
	r.tags(flexible)
	return answers
}

func (r *reader) partition(version int16, a *Answer) {
	flexible := version >= produceFlexible
	a.Partition = r.int32()
	a.Code = r.int16()
	a.Offset = r.int64()
	r.int64() // log append time: only with that timestamp type
	a.LogStart, a.Message = -1, ""
	if version >= 5 {
		a.LogStart = r.int64()
	}
	if version >= 8 {
		first := r.recordErrors(flexible)
		if a.Message = r.string(flexible); a.Message == "" {
			a.Message = first
		}
	}
	r.tags(flexible) // current leader, from version 10 on
}

// recordErrors is the first message among the errors of single records.
func (r *reader) recordErrors(flexible bool) (first string) {
	for n := r.length(flexible, 5); n > 0 && r.err == nil; n-- {
		r.int32() // index in the batch
		if s := r.string(flexible); first == "" {
			first = s
		}
		r.tags(flexible)
	}
	return first
}

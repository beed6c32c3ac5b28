package wire

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

var topicID = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// The request is byte for byte what another client writes, in every version.
func TestProduceRequest(t *testing.T) {
	f := func(version int16, topic string, records []byte) {
		t.Helper()
		dst := []byte("before")
		dst = AppendProduceHeader(dst, version, 9876, "tailrace", 30*time.Second, topic, topicID, 5, len(records))
		dst = AppendProduceTrailer(append(dst, records...), version)
		if string(dst[:6]) != "before" {
			t.Fatal("what was there is changed")
		}

		partition := kmsg.NewProduceRequestTopicPartition()
		partition.Partition, partition.Records = 5, records
		in := kmsg.NewProduceRequestTopic()
		in.Partitions = append(in.Partitions, partition)
		if version >= 13 {
			in.TopicID = topicID
		} else {
			in.Topic = topic
		}
		req := kmsg.NewProduceRequest()
		req.Version, req.Acks, req.TimeoutMillis = version, -1, 30_000
		req.Topics = append(req.Topics, in)
		want := kmsg.NewRequestFormatter(kmsg.FormatterClientID("tailrace")).AppendRequest(nil, &req, 9876)
		if !slices.Equal(dst[6:], want) {
			t.Errorf("version %d is\n%x, want\n%x", version, dst[6:], want)
		}
		if n := binary.BigEndian.Uint32(dst[6:]); int(n) != len(dst)-10 {
			t.Errorf("version %d: size %d of %d bytes", version, n, len(dst)-10)
		}
	}
	for version := int16(ProduceMin); version <= ProduceMax; version++ {
		f(version, "t", []byte("records"))
		f(version, "a.topic-with_a.name-longer-than-0123456789012345678901234567890123456789012345678901234567890123456789", make([]byte, 126))
		for _, n := range []int{127, 128, 16383, 1 << 20} {
			f(version, "nginx", make([]byte, n))
		}
	}
}

// response is an answer with everything that a broker may put into one.
func response(version int16) *kmsg.ProduceResponse {
	r := kmsg.NewPtrProduceResponse()
	r.Version, r.ThrottleMillis = version, 1500
	for i := range 3 {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic = fmt.Sprint("topic-", i)
		topic.TopicID = topicID
		topic.TopicID[0] = byte(i)
		for j := range 2 {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.BaseOffset, p.LogStartOffset = int32(10*i+j), int64(1)<<40+int64(j), 55
			if j == 1 {
				p.ErrorCode, p.BaseOffset, p.LogStartOffset = 87, -1, -1
				message := "bad batch"
				p.ErrorMessage = &message
				for k := range 2 {
					e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
					text := fmt.Sprint("bad record ", k)
					e.RelativeOffset, e.ErrorMessage = int32(k), &text
					p.ErrorRecords = append(p.ErrorRecords, e)
				}
				if i == 1 {
					p.ErrorMessage = nil
				}
				p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = 3, 9
				p.UnknownTags.Set(77, []byte("from the future"))
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		topic.UnknownTags.Set(5, nil)
		r.Topics = append(r.Topics, topic)
	}
	broker := kmsg.NewProduceResponseBroker()
	broker.NodeID, broker.Host, broker.Port = 3, "kafka-3", 9092
	r.Brokers = append(r.Brokers, broker)
	return r
}

// body is what ParseProduce takes: behind the correlation id.
func body(r *kmsg.ProduceResponse) []byte {
	var header []byte
	if r.IsFlexible() {
		header = []byte{0}
	}
	return r.AppendTo(header)
}

// Every field of an answer is found, whatever else is in it, in every version.
func TestParseProduce(t *testing.T) {
	for version := int16(ProduceMin); version <= ProduceMax; version++ {
		var want []Answer
		for _, topic := range response(version).Topics {
			for _, p := range topic.Partitions {
				a := Answer{
					Partition: p.Partition, Code: p.ErrorCode, Offset: p.BaseOffset,
					LogStart: -1, Throttle: 1500 * time.Millisecond,
				}
				if version >= 13 {
					a.TopicID = topic.TopicID
				} else {
					a.Topic = topic.Topic
				}
				if version >= 5 {
					a.LogStart = p.LogStartOffset
				}
				if version >= 8 && p.ErrorCode != 0 {
					a.Message = "bad batch"
					if p.ErrorMessage == nil {
						a.Message = "bad record 0"
					}
				}
				want = append(want, a)
			}
		}
		got, err := ParseProduce(version, body(response(version)))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("version %d: %v\n%+v, want\n%+v", version, err, got, want)
		}
	}
}

// The header of a flexible answer may have tagged fields as well.
func TestParseProduceHeaderTags(t *testing.T) {
	r := response(13)
	got, err := ParseProduce(13, r.AppendTo([]byte{2, 0, 3, 'a', 'b', 'c', 200, 1, 0}))
	if err != nil || len(got) != 6 {
		t.Errorf("%d answers, %v", len(got), err)
	}
}

// An answer that ends anywhere too early is an error, never half an answer.
func TestParseProduceCut(t *testing.T) {
	for version := int16(ProduceMin); version <= ProduceMax; version++ {
		whole := body(response(version))
		for n := range whole {
			if got, err := ParseProduce(version, whole[:n]); err == nil {
				t.Fatalf("version %d, %d of %d bytes: %v", version, n, len(whole), got)
			}
		}
	}
}

func FuzzParseProduce(f *testing.F) {
	for version := int16(ProduceMin); version <= ProduceMax; version++ {
		f.Add(version, body(response(version)))
	}
	f.Fuzz(func(t *testing.T, version int16, body []byte) {
		got, err := ParseProduce(version, body)
		if err != nil && got != nil {
			t.Error("answers and an error")
		}
		if len(got) > len(body) {
			t.Errorf("%d answers in %d bytes", len(got), len(body))
		}
	})
}

// Version 0 of ApiVersions, which is asked before anything is known.
func TestApiVersions(t *testing.T) {
	req := kmsg.NewPtrApiVersionsRequest()
	want := kmsg.NewRequestFormatter(kmsg.FormatterClientID("tailrace")).AppendRequest(nil, req, 3)
	if got := AppendApiVersions(nil, 3, "tailrace"); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}

	r := kmsg.NewPtrApiVersionsResponse()
	r.ApiKeys = []kmsg.ApiVersionsResponseApiKey{
		{ApiKey: 0, MinVersion: 3, MaxVersion: 13}, {ApiKey: 61, MaxVersion: 0}, {ApiKey: 22, MaxVersion: 5},
	}
	whole := r.AppendTo(nil)
	got, err := ParseApiVersions(whole)
	if err != nil || fmt.Sprint(got) != "map[0:13 22:5 61:0]" {
		t.Errorf("%v, %v", got, err)
	}
	for n := range whole {
		if got, err := ParseApiVersions(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes: %v", n, len(whole), got)
		}
	}
	r.ErrorCode = 35
	if _, err := ParseApiVersions(r.AppendTo(nil)); err == nil {
		t.Error("an error code is no error")
	}
}

func FuzzParseApiVersions(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 13})
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := ParseApiVersions(body)
		if err != nil && got != nil || len(got) > len(body)/6 {
			t.Errorf("%d versions in %d bytes, %v", len(got), len(body), err)
		}
	})
}

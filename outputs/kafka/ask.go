package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// exists waits until the topic has a partition, which the configuration names.
func (s *shipment) exists(number int32) bool {
	at := place{s.name, number}
	defer s.rest(at)
	pulse := s.pulse(at)
	t := trouble{log: s.Log, tally: s.tally(at), topic: s.name, partition: number}
	for n := s.partitions; n <= number; {
		t.begin(int16(sarama.ErrInvalidPartitions), fmt.Errorf("the topic has %d partitions, the first of which is 0: correct `partition`, or add partitions", n))
		if !sleep(s.ctx, backoffMax) {
			return false
		}
		info, ok := await(s.ctx, pulse, func() topicInfo { i, _ := s.cluster.topic(s.name, number); return i })
		if !ok {
			return false
		}
		n = max(n, info.partitions)
	}
	t.end()
	return true
}

// ask asks how many partitions a topic has, until the brokers say.
func (o *Output) ask(ctx context.Context, topic string) (partitions int32, ok bool) {
	at := place{topic, -1}
	defer o.forget(at)
	defer o.rest(at)
	pulse := o.pulse(at)
	t := trouble{log: o.Log, tally: o.tally(at), topic: topic, partition: -1, ended: "the brokers tell of the topic now"}
	for wait := backoffMin; ; wait = min(2*wait, backoffMax) {
		var err error
		info, ok := await(ctx, pulse, func() (i topicInfo) { i, err = o.cluster.topic(topic, 0); return i })
		if !ok {
			return 0, false
		}
		if err == nil && info.partitions > 0 {
			t.end()
			return info.partitions, true
		}
		if err == nil {
			err = sarama.ErrLeaderNotAvailable
		}
		// A topic that the brokers make when they are asked for it is there
		// a moment later.
		if wait > time.Second {
			t.begin(codeOf(err), err)
		}
		if !sleep(ctx, wait) {
			return 0, false
		}
	}
}

package kafka

import (
	"fmt"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/lane"
)

// openLeader opens a connection to the leader of a partition. The caller closes
// it.
func (c *cluster) openLeader(topic string, partition int32) (leader *sarama.Broker, info topicInfo, err error) {
	if info, err = c.topic(topic, partition); err != nil {
		return nil, info, err
	}
	if info.leader == "" {
		return nil, info, sarama.ErrLeaderNotAvailable
	}
	leader = sarama.NewBroker(info.leader)
	if err := leader.Open(c.config); err != nil {
		return nil, info, err
	}
	if _, err := leader.Connected(); err != nil {
		return nil, info, err
	}
	return leader, info, nil
}

// told is the answer to AskProducer, and of which topic it is.
type told struct {
	lane.Remembered
	info topicInfo
}

// remembered asks the leader of a partition what it remembers of a producer id.
// That takes READ on the topic, and Kafka 2.8.
func (c *cluster) remembered(topic string, partition int32, pid int64) (t told, err error) {
	leader, info, err := c.openLeader(topic, partition)
	if err != nil {
		return t, err
	}
	defer leader.Close()
	answer, err := leader.DescribeProducers(&sarama.DescribeProducersRequest{
		Topics: []sarama.DescribeProducersRequestTopic{{Name: topic, PartitionIndexes: []int32{partition}}},
	})
	if err != nil {
		return t, fmt.Errorf("producers of topic %q: %w", topic, err)
	}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if t.Name == topic && p.PartitionIndex == partition {
				r, err := rememberedOf(p, pid)
				return told{r, info}, err
			}
		}
	}
	return t, fmt.Errorf("producers of topic %q: the answer is of another partition", topic)
}

func rememberedOf(p sarama.DescribeProducersResponsePartition, pid int64) (lane.Remembered, error) {
	if p.ErrorCode != sarama.ErrNoError {
		return lane.Remembered{}, p.ErrorCode
	}
	for _, s := range p.ActiveProducers {
		if s.ProducerID == pid && s.LastSequence >= 0 {
			return lane.Remembered{Known: true, Epoch: int16(s.ProducerEpoch), Last: s.LastSequence, At: s.LastTimestamp}, nil
		}
	}
	return lane.Remembered{}, nil
}

// unasked is the answer to AskProducer when there is none.
type unasked struct{ err error }

// askProducer asks the partition's leader what it remembers.
func (d *driver) askProducer(pid int64) {
	go func() {
		r, err := d.cluster.remembered(d.lane.Topic, d.lane.Partition, pid)
		if err != nil {
			d.reply(unasked{err})
			return
		}
		d.reply(r)
	}()
}

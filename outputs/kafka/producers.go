package kafka

import (
	"fmt"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/lane"
)

// openLeader opens a connection to the leader of a partition. The caller closes
// it.
func (c *cluster) openLeader(topic string, partition int32) (*sarama.Broker, error) {
	info, err := c.topic(topic, partition)
	if err != nil {
		return nil, err
	}
	if info.leader == "" {
		return nil, sarama.ErrLeaderNotAvailable
	}
	leader := sarama.NewBroker(info.leader)
	if err := leader.Open(c.config); err != nil {
		return nil, err
	}
	if _, err := leader.Connected(); err != nil {
		return nil, err
	}
	return leader, nil
}

// remembered asks the leader of a partition what it remembers of a producer id.
// That takes READ on the topic, and Kafka 2.8.
func (c *cluster) remembered(topic string, partition int32, pid int64) (lane.Remembered, error) {
	leader, err := c.openLeader(topic, partition)
	if err != nil {
		return lane.Remembered{}, err
	}
	defer leader.Close()
	answer, err := leader.DescribeProducers(&sarama.DescribeProducersRequest{
		Topics: []sarama.DescribeProducersRequestTopic{{Name: topic, PartitionIndexes: []int32{partition}}},
	})
	if err != nil {
		return lane.Remembered{}, fmt.Errorf("producers of topic %q: %w", topic, err)
	}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if t.Name == topic && p.PartitionIndex == partition {
				return rememberedOf(p, pid)
			}
		}
	}
	return lane.Remembered{}, fmt.Errorf("producers of topic %q: the answer is of another partition", topic)
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

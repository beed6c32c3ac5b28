package kafka

import (
	"fmt"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/wire"
)

// produceKey is the key of Produce.
const produceKey = 0

// versions is the newest version that a broker has of each request, by the
// request's key; nil when it does not say.
func versions(broker *sarama.Broker) map[int16]int16 {
	answer, err := broker.ApiVersions(&sarama.ApiVersionsRequest{})
	if err != nil || answer.ErrorCode != 0 {
		return nil
	}
	newest := map[int16]int16{}
	for _, key := range answer.ApiKeys {
		newest[key.ApiKey] = key.MaxVersion
	}
	return newest
}

// tooOld is why a broker without headers cannot be shipped to, or nil.
func tooOld(broker *sarama.Broker) error {
	if newest, known := versions(broker)[produceKey]; known && newest < produceOldest {
		return fmt.Errorf("the brokers are too old: they have Produce version %d, tailrace needs %d (Kafka 0.11 or newer)", newest, produceOldest)
	}
	return nil
}

// sayAtLeastOnce tells people, once, what at_least_once means.
func (o *Output) sayAtLeastOnce() {
	o.old.Do(func() {
		o.Log.Info("delivery is at_least_once: every line is shipped, and after a failure or a crash some may be repeated or out of order")
	})
}

// takes says whether a broker that speaks Produce up to version understands
// the codec. An older one does not answer, or drops the connection.
func takes(version int16, codec wire.Codec) bool {
	return codec != wire.Zstd || version >= produceByName
}

// sayOld tells people, once, what the brokers are too old for.
func (o *Output) sayOld(version int16) {
	if version >= produceByID {
		return
	}
	o.old.Do(func() {
		lacks := "a topic that is deleted and made again is known by its id or its offsets only after the next connection"
		if version < produceByName {
			lacks = "no zstd; a topic that is deleted and made again is known by its offsets alone; " +
				"without their memory of a producer, what is in doubt is read back from the topic"
		}
		o.Log.Info("the brokers are older than the newest that tailrace knows: all goes on exactly once", "produce_version", version, "lacks", lacks)
	})
}

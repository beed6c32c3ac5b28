package kafka

import (
	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/wire"
)

// initProducerID is the key of the request that idempotent producers need.
const initProducerID = 22

// hasProducerIDs says whether brokers know InitProducerId. Some, and some
// services that speak Kafka's protocol, do not: they drop the connection, as
// if they were down. When none of them says so it is true.
func hasProducerIDs(client sarama.Client) bool {
	broker := client.LeastLoadedBroker()
	if broker == nil {
		return true
	}
	_ = broker.Open(client.Config()) // it may be open
	answer, err := broker.ApiVersions(&sarama.ApiVersionsRequest{})
	if err != nil || answer.ErrorCode != 0 {
		return true
	}
	for _, key := range answer.ApiKeys {
		if key.ApiKey == initProducerID {
			return true
		}
	}
	return false
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

package main

import (
	"errors"
	"time"

	"github.com/IBM/sarama"
)

// Codes of the operations that a topic's metadata allows, as bits.
const (
	mayRead   = 1 << 3
	mayWrite  = 1 << 4
	mayUntold = -1 << 31 // by older brokers
)

// grant is the command that lets a client do something with a topic.
func grant(operation, topic string) string {
	return "(kafka-acls.sh --add --allow-principal User:… --operation " + operation + " --topic " + topic + ")"
}

// permission says what this client may do with a topic, as far as the brokers
// tell. It reports false when it may not write to it.
func (r *report) permission(t *topic, exactly bool) bool {
	ops := t.TopicAuthorizedOperations
	switch {
	case t.Version < 8 || ops == mayUntold:
		r.line("  Whether this client may write to it, these brokers do not say; --send tries it.")
		return true
	case ops&mayWrite == 0:
		r.problem("  Kafka does not let this client write to it: it needs the permission WRITE %s", grant("Write", t.Name))
	default:
		r.line("  This client may write to it.")
	}
	if ops&mayRead == 0 && exactly {
		r.line("  It may not read it: after a loss of power, or of the state directory, lines may be repeated; "+
			"with the permission READ they are looked for there first %s.", grant("Read", t.Name))
	}
	return ops&mayWrite != 0
}

// producer says whether the brokers have what shipping exactly once needs, and
// what they are too old for.
func (r *report) producer(c *cluster, exactly bool) {
	answer, err := c.broker.ApiVersions(&sarama.ApiVersionsRequest{})
	if err != nil || answer.ErrorCode != 0 {
		return // whatever is wrong will be said of a topic
	}
	const produce, initProducerID = 0, 22
	newest := map[int16]int16{}
	for _, key := range answer.ApiKeys {
		newest[key.ApiKey] = key.MaxVersion
	}
	c.capped = newest[produce] >= 10 // Kafka 3.7, as KAFKA-15583
	switch v := newest[produce]; {
	case v < 3:
		r.problem("These brokers are too old: tailrace needs Kafka 0.11 or newer.")
		return
	case v < 7:
		r.line("These brokers are older than Kafka 2.1: they do not know zstd, and a topic that is made again is told by its offsets only.")
	case v < 13:
		r.line("These brokers are older than Kafka 4.1: a topic that is made again under load is noticed a little later.")
	}
	if !exactly {
		r.line("Delivery is at_least_once: after a failure lines may be repeated.")
		return
	}
	if _, has := newest[initProducerID]; !has {
		r.problem("These brokers have no idempotent producers, which shipping exactly once needs: set delivery: at_least_once " +
			"under " + c.place + ", which may repeat lines after a failure.")
		return
	}
	switch err := c.producerID(); {
	case errors.Is(err, sarama.ErrClusterAuthorizationFailed):
		r.refused = true
	case err != nil:
		r.problem("Kafka gives no producer id, which shipping exactly once needs: %v", err)
	default:
		r.line("This client may ship exactly once.")
	}
}

// refusal tells that Kafka gives no producer id, unless that is because this client
// may not write to a topic, which was told.
func (r *report) refusal() {
	if r.refused && !r.unwritable {
		r.problem("Kafka does not let this client ship exactly once: it needs WRITE on a topic, and with brokers before 2.8 IDEMPOTENT_WRITE " +
			"on the cluster (kafka-acls.sh --add --allow-principal User:… --operation IdempotentWrite --cluster). " +
			"Without that, delivery: at_least_once may repeat lines after a failure.")
	}
}

// producerID asks for a producer id; a broker that has just started says for some
// seconds that it is not ready, and is asked again.
func (c *cluster) producerID() error {
	const tries, pause = 20, 500 * time.Millisecond
	for n := 1; ; n++ {
		id, err := c.broker.InitProducerID(&sarama.InitProducerIDRequest{Version: 1})
		if err == nil && id.Err != sarama.ErrNoError {
			err = id.Err
		}
		starting := errors.Is(err, sarama.ErrOffsetsLoadInProgress) || errors.Is(err, sarama.ErrConsumerCoordinatorNotAvailable)
		if !starting || n == tries {
			return err
		}
		time.Sleep(pause)
	}
}

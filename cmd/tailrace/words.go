package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/security"
)

// errNotKafka says that something took the connection and then hung up.
var errNotKafka = errors.New("hung up")

// connectText says why an address could not be connected to, and what to look at.
func connectText(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	var insecure *security.Error
	var broken *security.Broken
	var silent *silence
	switch {
	case errors.As(err, &silent):
		return silent.problem()
	case errors.As(err, &insecure):
		return insecure.Problem + ": " + insecure.Advice
	case errors.As(err, &broken):
		return broken.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens there. Is Kafka running, and is the port right?"
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host %q. Is the name spelled right?", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %q cannot be looked up: %s. Does this host have a working DNS?", dns.Name, dns.Err)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to that host. Is the address right, and the network up?"
	case errors.Is(err, errNotKafka), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "something listens there but hung up on the first request. Is it Kafka, and does this port want no TLS and no SASL? Those are tls and sasl of the output in the configuration"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("no answer within %v. Is the host up, and does a firewall let this host through?", answerTime)
	}
	return err.Error()
}

// kafkaText says what an answer of a broker means, and what to do. what is
// what was asked for: "write to" or "read from".
func kafkaText(err error, topic, what string) string {
	var silent *silence
	var distant *away
	var insecure *security.Error
	permission := map[string]string{"write to": "WRITE", "read from": "READ"}[what]
	switch {
	case errors.As(err, &insecure):
		return "broker " + insecure.Addr + ": " + connectText(insecure)
	case errors.Is(err, sarama.ErrTopicAuthorizationFailed):
		return fmt.Sprintf("Kafka does not allow this client to %s topic %s: it needs the permissions DESCRIBE and %s on that topic "+
			"(kafka-acls.sh --add --allow-principal User:… --operation %s --operation Describe --topic %s)",
			what, topic, permission, permission[:1]+strings.ToLower(permission[1:]), topic)
	case errors.Is(err, sarama.ErrClusterAuthorizationFailed):
		return fmt.Sprintf("Kafka does not allow this client to write: it needs the permission WRITE on topic %s "+
			"(kafka-acls.sh --add --allow-principal User:… --operation Write --topic %s), and with brokers before 2.8 IDEMPOTENT_WRITE on the cluster "+
			"(--operation IdempotentWrite --cluster)", topic, topic)
	case errors.Is(err, sarama.ErrNotEnoughReplicas), errors.Is(err, sarama.ErrNotEnoughReplicasAfterAppend):
		return fmt.Sprintf("topic %s has fewer copies in sync than its min.insync.replicas wants, so Kafka takes nothing: a broker is down or behind", topic)
	case errors.Is(err, sarama.ErrMessageSizeTooLarge):
		return fmt.Sprintf("the message is larger than topic %s takes (max.message.bytes); send a shorter one, or raise that limit", topic)
	case errors.Is(err, sarama.ErrLeaderNotAvailable), errors.Is(err, sarama.ErrNotLeaderForPartition):
		return fmt.Sprintf("a partition of topic %s has no leader now: its brokers are down or starting; try again, then see the brokers' logs", topic)
	case errors.Is(err, sarama.ErrInvalidTopic):
		return fmt.Sprintf("Kafka refuses topic %s: it is one of its own, or the name is not allowed", topic)
	case errors.Is(err, sarama.ErrUnsupportedVersion):
		return "these brokers are too old for this request; Kafka 0.11 or later is needed"
	case errors.As(err, &silent):
		return silent.Error()
	case errors.As(err, &distant):
		return unreachable(distant.addr, distant.err)
	case errors.Is(err, sarama.ErrRequestTimedOut):
		return fmt.Sprintf("Kafka did not finish in time: a copy of topic %s is slow or down", topic)
	}
	return fmt.Sprintf("%s topic %s: %s", what, topic, strings.TrimPrefix(err.Error(), "kafka server: "))
}

// shown is how many topics a message lists.
const shown = 10

// noTopic is the error for a topic that does not exist.
func (c *cluster) noTopic(name string) error {
	return fmt.Errorf("topic %s does not exist. %s", name, c.topicHelp(name))
}

// notMade is the error for a topic that Kafka would make for a client with more
// permissions.
func (c *cluster) notMade(name string) error {
	return fmt.Errorf("topic %s does not exist, and Kafka does not let this client make it: that needs the permission CREATE on that topic "+
		"(kafka-acls.sh --add --allow-principal User:… --operation Create --topic %s). Or let somebody else make it:\n  %s", name, name, c.creation(name))
}

// creation is the command that makes a topic.
func (c *cluster) creation(name string) string {
	return fmt.Sprintf("kafka-topics.sh --bootstrap-server %s --create --topic %s --partitions 3", c.broker.Addr(), name)
}

// topicHelp says which topics there are, and how to make another.
func (c *cluster) topicHelp(name string) string {
	var b strings.Builder
	names, err := c.topicNames()
	switch {
	case err != nil:
		fmt.Fprintf(&b, "Which do cannot be seen: %v.", err)
	case len(names) == 0:
		b.WriteString("There are no topics yet that this client may see.")
	default:
		b.WriteString("These do: " + strings.Join(names[:min(shown, len(names))], ", "))
		if more := len(names) - shown; more > 0 {
			fmt.Fprintf(&b, ", and %d more", more)
		}
		b.WriteString(".")
	}
	if i := slices.IndexFunc(names, func(n string) bool { return dotless(n) == dotless(name) }); i >= 0 {
		fmt.Fprintf(&b, "\nKafka does not make it beside %s: names that differ only in . and _ are the same to its metrics. Choose another name.", names[i])
		return b.String()
	}
	b.WriteString("\nTo make it, on a machine that has Kafka's tools:\n  " + c.creation(name))
	return b.String()
}

// dotless is a topic's name as Kafka compares it with those of others.
func dotless(topic string) string { return strings.ReplaceAll(topic, ".", "_") }

// unreachable explains the trap that Kafka sets for newcomers: the address that
// one connects to only tells where the brokers say that they are.
func unreachable(addr string, err error) string {
	if silent, ok := errors.AsType[*silence](err); ok {
		return silent.Error()
	}
	why := connectText(err)
	if !strings.HasSuffix(why, "?") {
		why += "."
	}
	return fmt.Sprintf("Kafka answers, but says that a broker is at %s, and from here that cannot be reached: %s "+
		"If that broker runs, the address is what it has in advertised.listeners; make it one that this host can reach", addr, why)
}

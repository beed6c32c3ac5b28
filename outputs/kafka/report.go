package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/lane"
	"tailrace/outputs/kafka/security"
)

// tooLarge reports whether a batch was refused for its size.
func tooLarge(code int16) bool {
	return code == int16(sarama.ErrMessageSizeTooLarge) || code == int16(sarama.ErrMessageSetSizeTooLarge)
}

// nameOf is Kafka's own name and number of an error code.
func nameOf(code int16) string {
	if code == lost {
		return "connection lost"
	}
	text := sarama.KError(code).Error()
	const prefix = "kafka server: "
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		text = text[len(prefix):]
	}
	return fmt.Sprintf("%s (error %d)", text, code)
}

// advice is what a person can do about an error code.
var advice = map[int16]string{
	int16(sarama.ErrUnknownTopicOrPartition):    "the topic does not exist and the brokers did not make it: create it, with kafka-topics.sh --create for instance, or correct `topic`",
	int16(sarama.ErrInvalidTopic):               "Kafka does not allow this name: correct `topic`",
	int16(sarama.ErrTopicAuthorizationFailed):   "this client may not write to the topic: grant it WRITE and DESCRIBE on it, with kafka-acls.sh for instance, and CREATE if Kafka is to make it",
	int16(sarama.ErrClusterAuthorizationFailed): "this client may not use idempotent producers: grant it IDEMPOTENT_WRITE on the cluster (Kafka before 2.8) or WRITE on the topic; without that, `delivery: at_least_once` ships lines that may be repeated after a failure",
	int16(sarama.ErrUnsupportedVersion):         "the brokers have no idempotent producers, which shipping exactly once needs: use Kafka 0.11 or newer, or set `delivery: at_least_once` for this output, which may repeat lines after a failure",
	int16(sarama.ErrSASLAuthenticationFailed):   "the brokers do not accept the user or the password",
	int16(sarama.ErrNotEnoughReplicas):          "fewer replicas of the partition are in sync than min.insync.replicas wants: look after the brokers that are down",
	int16(sarama.ErrLeaderNotAvailable):         "the partition has no leader: look after the brokers that are down",
	int16(sarama.ErrInvalidTimestamp):           "the topic refuses the present time, by message.timestamp.after.max.ms or before.max.ms: compare the clocks of this host and of the brokers",
	lost:                                        "check that the broker runs and can be reached from this host",
}

// advise is what a person can do about an error code of a topic.
func advise(code int16, topic string, cause error) string {
	if _, ok := errors.AsType[*elsewhere](cause); ok && code == lost {
		return elsewhereAdvice
	}
	do := advice[code]
	if code == int16(sarama.ErrUnknownTopicOrPartition) && strings.ContainsAny(topic, "._") {
		do += "; Kafka makes none whose name differs from another's only in . and _: then choose another name"
	}
	return do
}

// shortAdvice is what a person can do about shortened lines.
const shortAdvice = "a max_line of the input below the topic's max.message.bytes ships longer lines in pieces; " +
	"tailrace send --dead-letter ships the whole ones when the topic takes more"

// reason is why a topic waits, in one sentence.
func reason(code int16, topic string, cause error) string {
	if e := insecure(cause); e != nil {
		return e.Error()
	}
	text := nameOf(code)
	if _, bare := cause.(sarama.KError); cause != nil && !bare {
		text += ": " + cause.Error()
	}
	if do := advise(code, topic, cause); do != "" {
		text += ": " + do
	}
	return text
}

// insecure is what is wrong with the security of a connection, or nil.
func insecure(err error) *security.Error {
	e, _ := errors.AsType[*security.Error](err)
	return e
}

// trouble is what is wrong with one topic. It is logged when it begins and
// when it has ended. One goroutine.
type trouble struct {
	log       *slog.Logger
	tally     *tally
	topic     string
	partition int32  // -1 unknown
	ended     string // what is said at its end, where that is not that the topic goes on
	cause     error  // in more words than the code, when known
	code      int16
	on        bool
	shown     bool // to who asks for the status, also while something else is shown there
	early     bool // it is shown, and was not begun
	parked    bool // a person is needed, and it is tried again more seldom
}

// begin logs a trouble, unless it is going on already.
func (t *trouble) begin(code int16, cause error) {
	t.shown, t.early = true, false
	t.show(code, cause)
	if t.on && t.code == code {
		return
	}
	if errors.Is(cause, sarama.ErrOutOfBrokers) || insecure(cause) != nil {
		return // said for all topics at once, by the cluster or by who secures connections
	}
	t.on, t.code = true, code
	args := []any{"topic", t.topic}
	if t.partition >= 0 {
		args = append(args, "partition", t.partition)
	}
	if _, bare := cause.(sarama.KError); cause != nil && !bare {
		args = append(args, "error", cause)
	}
	if code != lost {
		args = append(args, "answer", nameOf(code))
	}
	if do := advise(code, t.topic, cause); do != "" {
		args = append(args, "advice", do)
	}
	t.log.Error("the topic waits, nothing is lost; "+t.pace(), args...)
}

// pace is how it goes on.
func (t *trouble) pace() string {
	if t.parked {
		return "trying again every 30 s until it works"
	}
	return "trying again until it works"
}

// show tells why the topic waits to who asks for the status.
func (t *trouble) show(code int16, cause error) {
	why := reason(code, t.topic, cause)
	if t.parked {
		why += " (" + t.pace() + ")"
	}
	t.tally.wait(why)
}

// rest hides the trouble from who asks for the status, while the lane waits for
// something else.
func (t *trouble) rest() { t.tally.goOn() }

// still notes what went wrong now. While a trouble goes on, that is what people
// see who ask for the status; the log is told by begin.
func (t *trouble) still(code int16, cause error) {
	t.cause = cause
	if t.shown {
		t.show(code, cause)
	}
}

// cut is still, for the connection of a lane that waits for an answer. A broker
// that gave none in its whole time is shown at once: begin comes after several
// tries, which may be minutes.
func (t *trouble) cut(code int16, cause error) {
	timeout, ok := errors.AsType[net.Error](cause)
	if slow := errors.Is(cause, errAnswerTimeout) || ok && timeout.Timeout(); slow && !t.shown {
		t.shown, t.early = true, true
	}
	t.still(code, cause)
}

// answered hides what is shown of a trouble that was not begun.
func (t *trouble) answered() {
	if t.early {
		t.end()
	}
}

// end logs that the trouble is over.
func (t *trouble) end() {
	t.tally.goOn()
	if t.on {
		t.log.Info(cmp.Or(t.ended, "the topic goes on"), "topic", t.topic)
	}
	t.on, t.shown, t.early, t.parked, t.cause = false, false, false, false, nil
}

// report is what the machine has to say to people.
func (d *driver) report(r lane.Report) {
	args := []any{"topic", d.lane.Topic, "partition", d.lane.Partition}
	switch r.Kind {
	case lane.Failing, lane.Parked:
		d.trouble.parked = r.Kind == lane.Parked
		d.trouble.begin(r.Code, d.trouble.cause)
	case lane.Recovered:
		d.trouble.end()
	case lane.Repeats:
		d.repeats.Add(int64(r.Records))
		d.tally.repeats.Add(int64(r.Records))
		d.Log.Error("lines are sent again although the topic may have them: they are possible repeats", append(args, "lines", r.Records, "cause", r.Cause)...)
	case lane.GivenUp:
		d.givenUp.Add(int64(r.Records))
		d.tally.givenUp.Add(int64(r.Records))
		d.Log.Error("lines were read and not acked, and their bytes are gone: they may be missing from the topic", append(args, "lines", r.Records, "cause", r.Cause)...)
	case lane.Recreated:
		d.Log.Warn("the topic was deleted and made again, or is that of another cluster: going on in the new one; what was acknowledged before is not sent again", args...)
	case lane.Unverified:
		d.Log.Info("what the journal does not know of may be repeated", append(args, "cause", r.Cause)...)
	}
}

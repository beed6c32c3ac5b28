package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/security"
)

// requestTimeout is how long a broker may take to have a batch replicated
// before it answers REQUEST_TIMED_OUT, and how long any other request may
// take.
const requestTimeout = 10 * time.Second

// cluster asks the brokers, through sarama, who leads what, and for producer
// ids. It is safe for any goroutine.
type cluster struct {
	any     *brokers // for questions
	leaders *brokers // for the producers of at_least_once
	place   string   // as Options has it
	config  *sarama.Config
	log     *slog.Logger
	secured security.Dial
	life    context.Context // ends all that is asked, when it ends
	quotas  quotas          // of what sarama sends

	mu      sync.Mutex
	reached int       // how often a broker answered
	broken  bool      // the brokers cannot be reached, and people know
	missed  time.Time // when a question first went without an answer, since the last that had one
}

// topicInfo is what a lane must know of its topic.
type topicInfo struct {
	partitions int32
	id         [16]byte // zero where the brokers have no topic ids
	cluster    string   // its id, empty where the brokers do not say
	leader     string   // address of the partition's leader, "" when there is none
	leaderID   int32
	broker     *sarama.Broker // the leader, not connected
}

// newConfig is sarama's configuration for everything that tailrace asks.
func newConfig(clientID string) *sarama.Config {
	c := sarama.NewConfig()
	c.ClientID = clientID
	c.Version = sarama.MaxVersion // ApiVersions brings it down to what the broker has
	c.Net.DialTimeout = requestTimeout
	c.Net.ReadTimeout = requestTimeout
	c.Net.WriteTimeout = requestTimeout
	// The lanes have back-off of their own: a try is one try.
	c.Metadata.Retry.Max = 0
	c.Metadata.Full = false
	c.Metadata.RefreshFrequency = 0
	return c
}

func newCluster(brokers []string, clientID, place string, guard *security.Guard, log *slog.Logger) *cluster {
	c := &cluster{place: place, config: newConfig(clientID), log: log, life: context.Background()}
	c.any, c.leaders = newBrokers(brokers, c.config), newBrokers(nil, c.config)
	d := net.Dialer{Timeout: c.config.Net.DialTimeout}
	c.secured = guard.Secure(d.DialContext)
	c.config.MetricRegistry = &c.quotas
	c.config.Net.Proxy.Enable, c.config.Net.Proxy.Dialer = true, namesElsewhere(brokers, c.dial)
	return c
}

// dial opens a connection that the end of life closes.
func (c *cluster) dial(network, addr string) (net.Conn, error) {
	nc, err := c.secured(c.life, network, addr)
	if err != nil {
		return nil, err
	}
	return &mortal{nc, context.AfterFunc(c.life, func() { _ = nc.Close() })}, nil
}

// mortal is a connection that the end of a context closes.
type mortal struct {
	net.Conn
	release func() bool
}

func (m *mortal) Close() error {
	m.release()
	return m.Conn.Close()
}

// ask asks any broker. An error that says that none can be reached is logged when
// it begins and when it has ended.
func ask[T any](c *cluster, question func(*sarama.Broker) (T, error)) (answer T, err error) {
	c.mu.Lock()
	reached := c.reached
	c.mu.Unlock()
	if err := c.life.Err(); err != nil {
		return answer, err
	}
	answer, err = askAny(c.any, question)
	c.reachable(reached, err)
	return answer, err
}

// patience is for how long no question has an answer before people are told:
// brokers close connections that were idle for long, or whose user has to be
// authenticated again, and the first question over each of them is lost.
const patience = time.Second

// reachable logs a change, when err is what came of a question that began
// when brokers had answered that often.
func (c *cluster) reachable(reached int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch out := errors.Is(err, sarama.ErrOutOfBrokers); {
	case c.life.Err() != nil:
	case !out:
		c.reached++
		if c.broken {
			c.log.Info("the brokers can be reached again", "brokers", c.any.seeds)
		}
		c.broken, c.missed = false, time.Time{}
	case c.broken, reached != c.reached: // or another question was answered meanwhile
	case c.missed.IsZero():
		c.missed = time.Now()
	case time.Since(c.missed) > patience && !onlyInsecure(err):
		c.broken = true
		c.log.Error("no broker can be reached: lines wait in their files, nothing is lost; trying again until one answers. "+
			security.Placed("Check outputs.kafka.brokers, and that the address and port can be reached from this host", c.place),
			"brokers", c.any.seeds, "error", err)
	}
}

// onlyInsecure reports whether each address that was tried has trouble with the
// security of its connections, which is said there.
func onlyInsecure(err error) bool {
	all, ok := errors.Unwrap(err).(interface{ Unwrap() []error })
	return ok && !slices.ContainsFunc(all.Unwrap(), func(err error) bool { return insecure(err) == nil })
}

// topic asks for a topic, and for the leader of one of its partitions; a
// topic that does not exist may be made by the brokers when they are set to.
func (c *cluster) topic(name string, partition int32) (topicInfo, error) {
	return c.metadata(name, partition, true)
}

// partitions is how many a topic has, 0 when that is not known. It is not made for
// that.
func (c *cluster) partitions(name string) int32 {
	info, _ := c.metadata(name, 0, false)
	return info.partitions
}

func (c *cluster) metadata(name string, partition int32, make bool) (topicInfo, error) {
	answer, err := ask(c, func(b *sarama.Broker) (*sarama.MetadataResponse, error) {
		request := sarama.NewMetadataRequest(c.config.Version, []string{name})
		request.AllowAutoTopicCreation = make
		answer, err := b.GetMetadata(request)
		if err == nil && len(answer.Brokers) == 0 {
			err = errors.New("the broker is still starting: it knows of no others") // KAFKA-7924
		}
		return answer, err
	})
	if err != nil {
		return topicInfo{}, fmt.Errorf("metadata of topic %q: %w", name, err)
	}
	c.any.learn(answer.Brokers)
	c.leaders.learn(answer.Brokers)
	return readTopic(answer, name, partition)
}

func readTopic(answer *sarama.MetadataResponse, name string, partition int32) (topicInfo, error) {
	for _, t := range answer.Topics {
		if t.Name != name {
			continue
		}
		if t.Err != sarama.ErrNoError {
			return topicInfo{}, t.Err
		}
		info := topicInfo{partitions: int32(len(t.Partitions)), id: t.Uuid, leaderID: -1}
		if answer.ClusterID != nil {
			info.cluster = *answer.ClusterID
		}
		if info.partitions > 0 && partition >= info.partitions {
			return info, fewer{info.partitions, partition}
		}
		for _, p := range t.Partitions {
			if p.ID == partition {
				info.leaderID = p.Leader
			}
		}
		for _, b := range answer.Brokers {
			if b.ID() == info.leaderID {
				info.leader, info.broker = b.Addr(), b
			}
		}
		return info, nil
	}
	return topicInfo{}, sarama.ErrUnknownTopicOrPartition
}

// fewer is the error for a partition that a topic does not have: it was made
// again with fewer than it had.
type fewer struct{ has, partition int32 }

func (e fewer) Error() string {
	return fmt.Sprintf("the topic has no partition %d, to which these lines are bound; it has %d, from 0 on: "+
		"it was made again with fewer. Give it %d, with kafka-topics.sh --alter --partitions for instance, and the lines go on",
		e.partition, e.has, e.partition+1)
}

// Unwrap gives the error code.
func (fewer) Unwrap() error { return sarama.ErrInvalidPartitions }

// producerID asks for a fresh one. A broker that is still starting may answer
// with the id -1 and no error; a batch with it would not be idempotent.
func (c *cluster) producerID() (pid int64, epoch int16, err error) {
	answer, err := ask(c, func(b *sarama.Broker) (*sarama.InitProducerIDResponse, error) {
		answer, err := b.InitProducerID(&sarama.InitProducerIDRequest{Version: 4})
		if errors.Is(err, sarama.ErrUnsupportedVersion) { // some services have none
			return &sarama.InitProducerIDResponse{Err: sarama.ErrUnsupportedVersion}, nil
		}
		return answer, err
	})
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("producer id: %w", err)
	case answer.Err != sarama.ErrNoError:
		return 0, 0, fmt.Errorf("producer id: %w", answer.Err)
	case answer.ProducerID < 0:
		return 0, 0, errors.New("producer id: the broker is still starting")
	}
	return answer.ProducerID, answer.ProducerEpoch, nil
}

// maxMessageBytes is the largest batch that a topic takes, or 0 when the
// brokers do not say (no DESCRIBE_CONFIGS permission).
func (c *cluster) maxMessageBytes(topic string) (limit int) {
	answer, err := ask(c, func(b *sarama.Broker) (*sarama.DescribeConfigsResponse, error) {
		return b.DescribeConfigs(&sarama.DescribeConfigsRequest{
			Version: 1,
			Resources: []*sarama.ConfigResource{{
				Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"max.message.bytes"},
			}},
		})
	})
	if err != nil {
		return 0
	}
	for _, r := range answer.Resources {
		for _, entry := range r.Configs {
			if n, err := strconv.Atoi(entry.Value); err == nil && entry.Name == "max.message.bytes" {
				limit = n
			}
		}
	}
	return limit
}

func (c *cluster) close() {
	c.any.close()
	c.leaders.close()
}

// sleep waits for d, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka"
)

// cluster asks one broker about the whole cluster. One goroutine. Nothing that
// it asks makes a topic, unless it is told to.
type cluster struct {
	target
	conf   *sarama.Config
	broker *sarama.Broker // the first of the list that answered
	capped bool           // min.insync.replicas above the number of copies counts as that number
}

// config is sarama's configuration for all commands.
func (t target) config() *sarama.Config {
	conf := sarama.NewConfig()
	conf.ClientID = t.clientID
	conf.MetricRegistry = kafka.Uncounted{}
	conf.Version = sarama.MaxVersion // the broker's answer brings it down to what it has
	conf.Net.DialTimeout = answerTime
	conf.Net.ReadTimeout = answerTime
	conf.Net.WriteTimeout = answerTime
	conf.Metadata.Full = false
	conf.Metadata.Timeout = metadataTime
	conf.Metadata.AllowAutoTopicCreation = false
	conf.Net.Proxy.Enable, conf.Net.Proxy.Dialer = true, t.dialer
	return conf
}

// connect finds the first broker that answers. The error names every address
// that was tried, what happened there, and what to look at.
func connect(t target) (*cluster, error) {
	c := &cluster{target: t, conf: t.config()}
	var tried []string
	for _, addr := range t.brokers {
		b := sarama.NewBroker(addr)
		if err := openBroker(b, c.conf); err != nil {
			tried = append(tried, "  "+addr+": "+connectText(err))
			continue
		}
		c.broker = b
		return c, nil
	}
	return nil, fmt.Errorf("no Kafka broker can be reached:\n%s", strings.Join(tried, "\n"))
}

// openBroker connects and waits until that is done.
func openBroker(b *sarama.Broker, conf *sarama.Config) error {
	if err := b.Open(conf); err != nil {
		return err
	}
	ok, err := b.Connected()
	if err == nil && !ok {
		// sarama keeps no error when the other side hangs up on the first
		// request.
		err = errNotKafka
	}
	return err
}

func (c *cluster) close() {
	// The process ends, or goes on without this broker: a connection that
	// does not close well has nothing to say.
	_ = c.broker.Close()
}

// topic is a topic with its brokers.
type topic struct {
	*sarama.TopicMetadata
	brokers map[int32]string // addresses by id
}

// errNoTopic says that a topic does not exist.
var errNoTopic = errors.New("the topic does not exist")

// topic asks for a topic. With create, brokers that make topics at their first
// use may make it. errNoTopic when it does not exist.
func (c *cluster) topic(name string, create bool) (*topic, error) {
	req := sarama.NewMetadataRequest(c.conf.Version, []string{name})
	req.AllowAutoTopicCreation = create
	req.IncludeTopicAuthorizedOperations = true
	res, err := c.broker.GetMetadata(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s for topic %s: %w", c.broker.Addr(), name, err)
	}
	t := &topic{brokers: map[int32]string{}}
	for _, b := range res.Brokers {
		t.brokers[b.ID()] = b.Addr()
	}
	for _, m := range res.Topics {
		if m.Name == name {
			t.TopicMetadata = m
		}
	}
	switch {
	case t.TopicMetadata == nil || t.Err == sarama.ErrUnknownTopicOrPartition:
		return nil, errNoTopic
	case t.Err != sarama.ErrNoError && t.Err != sarama.ErrLeaderNotAvailable:
		return nil, t.Err
	}
	slices.SortFunc(t.Partitions, func(a, b *sarama.PartitionMetadata) int { return int(a.ID - b.ID) })
	return t, nil
}

// makeTopic lets the brokers make a topic, and waits until each partition has
// a leader. errNoTopic when they do not make topics by themselves.
func (c *cluster) makeTopic(name string) (*topic, error) {
	const (
		every  = 200 * time.Millisecond
		appear = 1500 * time.Millisecond // brokers that make it know it by then
		lead   = 10 * time.Second
	)
	for start := time.Now(); ; time.Sleep(every) {
		t, err := c.topic(name, true)
		waited := time.Since(start)
		switch {
		case err == nil && t.ready():
			return t, nil
		case err == nil && waited > lead:
			return nil, sarama.ErrLeaderNotAvailable
		case err != nil && (!errors.Is(err, errNoTopic) || waited > appear):
			return nil, err
		}
	}
}

// ready reports whether the topic can be written to.
func (t *topic) ready() bool {
	return len(t.Partitions) > 0 && !slices.ContainsFunc(t.Partitions, func(p *sarama.PartitionMetadata) bool { return p.Leader < 0 })
}

// leader is the address of a partition's leader, "" when it has none.
func (t *topic) leader(p *sarama.PartitionMetadata) string { return t.brokers[p.Leader] }

// topicNames lists the topics that this client may see, but Kafka's own.
func (c *cluster) topicNames() ([]string, error) {
	res, err := c.broker.GetMetadata(sarama.NewMetadataRequest(c.conf.Version, nil))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range res.Topics {
		if !t.IsInternal && t.Err == sarama.ErrNoError {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// reach tries whether a broker answers at an address that the cluster names: it
// need not be one of the addresses that were given.
func (t target) reach(addr string) error {
	b := sarama.NewBroker(addr)
	if err := openBroker(b, t.config()); err != nil {
		return err
	}
	return b.Close()
}

// leaders lists the addresses of the brokers that lead a partition.
func (t *topic) leaders() []string {
	var addrs []string
	for _, p := range t.Partitions {
		if addr := t.leader(p); addr != "" && !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

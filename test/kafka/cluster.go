package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/IBM/sarama"
)

// Cluster is some nodes, each of them broker and controller in one. Clients
// reach each of them through a proxy, and so do the other brokers, through
// another: see Broker.Clients and Broker.Peers.
type Cluster struct {
	Nodes []*Broker // node i has the id i+1
	dir   string
	own   bool // dir is ours to remove
}

// StartCluster starts n nodes, with topics of as many copies of which all but
// one must be in sync. Whoever calls it calls Close.
func StartCluster(ctx context.Context, n int, o Options) (*Cluster, error) {
	jars, err := Jars(ctx)
	if err != nil {
		return nil, err
	}
	if o.Heap == "" {
		o.Heap = "384m"
	}
	c := &Cluster{dir: o.Dir}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "tailrace-kafka-"); err != nil {
			return nil, fmt.Errorf("start Kafka: %w", err)
		}
		c.own = true
	}
	err = c.start(ctx, jars, n, o)
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, jars string, n int, o Options) error {
	host := o.host()
	var seeds []string
	for i := range n {
		b := &Broker{Dir: filepath.Join(c.dir, strconv.Itoa(i+1)), jars: jars, heap: o.Heap, copies: n}
		c.Nodes = append(c.Nodes, b)
		var errs [3]error
		b.Clients, errs[0] = newProxy(host)
		b.Peers, errs[1] = newProxy(host)
		errs[2] = b.hold(host, 3)
		if err := errors.Join(errs[:]...); err != nil {
			return fmt.Errorf("start Kafka: %w", err)
		}
		b.Clients.forward(b.ports[0].Addr)
		b.Peers.forward(b.ports[1].Addr)
		b.Addr = b.Clients.Addr
		seeds = append(seeds, b.Addr)
	}
	var voters []string
	for i, b := range c.Nodes {
		b.seeds = seeds
		voters = append(voters, fmt.Sprintf("%d@%s", i+1, b.ports[2].Addr))
	}
	for i, b := range c.Nodes {
		p := nodeSettings(i+1, n, b)
		p["controller.quorum.voters"] = strings.Join(voters, ",")
		maps.Copy(p, o.Settings)
		if err := os.MkdirAll(b.Dir, 0o755); err != nil {
			return fmt.Errorf("start Kafka: %w", err)
		}
		if err := b.format(ctx, propertiesText(p)); err != nil {
			return err
		}
	}
	return c.Restart(ctx, c.Nodes...)
}

// Restart starts nodes that are down, all at once, and waits until they answer.
func (c *Cluster) Restart(ctx context.Context, nodes ...*Broker) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, b := range nodes {
		all.Go(func() { errs[i] = b.Restart(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// nodeSettings is what a node's server.properties has beside the quorum.
func nodeSettings(id, n int, b *Broker) map[string]string {
	clients, peers, control := b.ports[0].Addr, b.ports[1].Addr, b.ports[2].Addr
	p := baseProperties(filepath.Join(b.Dir, "data"))
	copies, inSync := strconv.Itoa(n), strconv.Itoa(max(1, n-1))
	maps.Copy(p, map[string]string{
		"node.id":                        strconv.Itoa(id),
		"listeners":                      "PLAINTEXT://" + clients + ",PEERS://" + peers + ",CONTROLLER://" + control,
		"advertised.listeners":           "PLAINTEXT://" + b.Clients.Addr + ",PEERS://" + b.Peers.Addr + ",CONTROLLER://" + control,
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PEERS:PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
		"inter.broker.listener.name":     "PEERS",
		"default.replication.factor":     copies,
		"min.insync.replicas":            inSync,

		"offsets.topic.replication.factor":                 copies,
		"transaction.state.log.replication.factor":         copies,
		"transaction.state.log.min.isr":                    inSync,
		"share.coordinator.state.topic.replication.factor": copies,
		"share.coordinator.state.topic.min.isr":            inSync,
		"broker.session.timeout.ms":                        "4000",

		// Who is not denied something may do it. The controllers must have a
		// name, since they vote before they know who may do what.
		"authorizer.class.name":                            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"allow.everyone.if.no.acl.found":                   "true",
		"super.users":                                      "User:controller",
		"sasl.mechanism.controller.protocol":               "PLAIN",
		"listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
		"listener.name.controller.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required " +
			`username="controller" password="controller" user_controller="controller";`,
	})
	return p
}

// Settled waits until all partitions of all topics have a leader, and all their
// copies are in sync.
func (c *Cluster) Settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return poll(ctx, nil, c.inSync)
}

func (c *Cluster) inSync() error {
	return c.Nodes[0].admin(func(a sarama.ClusterAdmin) error {
		topics, err := a.ListTopics()
		if err != nil {
			return err
		}
		var names []string
		for name := range topics {
			names = append(names, name)
		}
		infos, err := a.DescribeTopics(names)
		if err != nil {
			return err
		}
		for _, t := range infos {
			for _, p := range t.Partitions {
				if p.Leader < 0 || len(p.Isr) < len(p.Replicas) {
					return fmt.Errorf("topic %s, partition %d: leader %d, in sync %v of %v", t.Name, p.ID, p.Leader, p.Isr, p.Replicas)
				}
			}
		}
		return nil
	})
}

// Leader is the node that leads a partition now.
func (c *Cluster) Leader(topic string, partition int32) (*Broker, error) {
	var id int32
	err := c.Nodes[0].admin(func(a sarama.ClusterAdmin) error {
		infos, err := a.DescribeTopics([]string{topic})
		if err != nil {
			return err
		}
		for _, p := range infos[0].Partitions {
			if p.ID == partition {
				id = p.Leader
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("leader of topic %s: %w", topic, err)
	}
	if id < 1 || int(id) > len(c.Nodes) {
		return nil, fmt.Errorf("topic %s, partition %d has no leader", topic, partition)
	}
	return c.Nodes[id-1], nil
}

// Heal ends whatever a test has done to the nodes, and waits until all copies
// of all topics are in sync.
func (c *Cluster) Heal(ctx context.Context) error {
	var down []*Broker
	for _, b := range c.Nodes {
		b.Clients.Let()
		b.Peers.Let()
		b.Resume()
		if !b.Runs() {
			down = append(down, b)
		}
	}
	if err := c.Restart(ctx, down...); err != nil {
		return err
	}
	return c.Settled(ctx)
}

// Close kills the nodes and removes their data, if the folder was made by
// StartCluster.
func (c *Cluster) Close() {
	for _, b := range c.Nodes {
		b.Close()
	}
	if c.own {
		os.RemoveAll(c.dir)
	}
}

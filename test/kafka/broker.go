// Package kafka runs a real Apache Kafka for tests and benchmarks: one node, or
// a cluster of some, each broker and controller in one, on free ports, their
// data in a folder of their own.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/IBM/sarama"

	"tailrace/test/port"
)

// Options of a broker; the zero value is good.
type Options struct {
	// Host is the address that it listens on and tells its clients:
	// 127.0.0.1 by default.
	Host string
	// Dir keeps its data and its log. By default it is a new temporary
	// folder, which Close removes.
	Dir string
	// Heap is the value of -Xmx, 512m by default.
	Heap string
	// Settings are lines for its server.properties, such as
	// "auto.create.topics.enable": "false". They win over the defaults.
	Settings map[string]string
	// Listeners are further ones for clients, by their names in capitals:
	// SSL, SASL_SSL or SASL_PLAINTEXT. What they need is in Settings.
	Listeners map[string]string
	// Format is further arguments of StorageTool format, such as --add-scram.
	Format []string
	// JVM is further arguments of java.
	JVM []string
}

// Broker is one Kafka node. Its methods are for one goroutine at a time.
type Broker struct {
	Addr string // host:port of its clients
	Dir  string
	// Listeners is the addresses of Options.Listeners.
	Listeners map[string]string
	// Clients and Peers are the network between it and its clients, and the
	// other brokers of its Cluster; nil outside of one.
	Clients, Peers *Proxy

	seeds  []string // addresses of all nodes of its cluster
	copies int      // of a topic's records
	jars   string
	heap   string
	jvm    []string
	props  string // path of server.properties
	ports  []*port.Port
	own    bool // Dir is ours to remove

	mu   sync.Mutex // guards proc: Kill may come from another goroutine
	proc *process

	zookeeper *process // of the oldest release, else nil
}

// Bootstrap is the addresses of all nodes of its cluster, separated by commas.
func (b *Broker) Bootstrap() string { return strings.Join(b.seeds, ",") }

// startLimit bounds how long a node may take until it answers.
const startLimit = 5 * time.Minute

// Start formats and starts a node and waits until it answers. Whoever calls it
// calls Close. The node dies with this process, however that ends.
func Start(ctx context.Context, o Options) (*Broker, error) {
	jars, err := Jars(ctx)
	if err != nil {
		return nil, err
	}
	b := &Broker{Dir: o.Dir, jars: jars, heap: o.Heap, copies: 1, jvm: o.JVM}
	if b.heap == "" {
		b.heap = "512m"
	}
	if b.Dir == "" {
		if b.Dir, err = os.MkdirTemp("", "tailrace-kafka-"); err != nil {
			return nil, fmt.Errorf("start Kafka: %w", err)
		}
		b.own = true
	}
	if err := b.prepare(ctx, o); err != nil {
		b.Close()
		return nil, err
	}
	if err := b.Restart(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// prepare writes the node's files and formats its data folder.
func (b *Broker) prepare(ctx context.Context, o Options) error {
	host := o.host()
	if err := b.hold(host, 2+len(o.Listeners)); err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	b.Listeners = map[string]string{}
	for name := range o.Listeners {
		b.Listeners[name] = b.ports[2+len(b.Listeners)].Addr
	}
	b.Addr = b.ports[0].Addr
	b.seeds = []string{b.Addr}
	p := properties(b.Addr, b.ports[1].Addr, filepath.Join(b.Dir, "data"))
	listen(p, o.Listeners, b.Listeners)
	maps.Copy(p, o.Settings)
	return b.format(ctx, propertiesText(p), append([]string{"--standalone"}, o.Format...)...)
}

func (o Options) host() string {
	if o.Host == "" {
		return "127.0.0.1"
	}
	return o.Host
}

// format writes the node's files, with the text of its server.properties, and
// formats its data folder.
func (b *Broker) format(ctx context.Context, text string, args ...string) error {
	b.props = filepath.Join(b.Dir, "server.properties")
	if err := os.WriteFile(b.props, []byte(text), 0o644); err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "log4j2.xml"), log4j, 0o644); err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	args = append([]string{"format", "-t", clusterID, "-c", b.props}, args...)
	out, err := b.Java(ctx, "kafka.tools.StorageTool", args...)
	if err != nil {
		return fmt.Errorf("format the data of Kafka: %w\n%s", err, out)
	}
	return nil
}

// hold takes n ports of the node, which are its own until Close, also while it is
// down.
func (b *Broker) hold(host string, n int) error {
	for range n {
		p, err := port.Hold(host)
		if err != nil {
			return err
		}
		b.ports = append(b.ports, p)
	}
	return nil
}

// Restart starts a node that is down, on the same ports and data, and waits
// until it answers.
func (b *Broker) Restart(ctx context.Context) error {
	p, err := startJava(b.jars, b.Dir, b.heap, b.jvm, "kafka.Kafka", b.props)
	if err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	b.mu.Lock()
	b.proc = p
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := b.wait(ctx, p); err != nil {
		b.Kill()
		return fmt.Errorf("start Kafka at %s: %w\n%s", b.Addr, err, b.Log())
	}
	return nil
}

// wait waits until the node answers a request for metadata.
func (b *Broker) wait(ctx context.Context, p *process) error {
	err := poll(ctx, p.done, b.answers)
	if err != nil && err != errEnded {
		err = fmt.Errorf("no answer: %w", err)
	}
	return err
}

var errEnded = errors.New("it ended")

// poll tries f until it succeeds; when ctx ends first it gives f's last error, and
// errEnded when ended is closed.
func poll(ctx context.Context, ended <-chan struct{}, f func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// answers asks the node for its metadata, and whether it is registered with
// its controller: only then can topics be made.
func (b *Broker) answers() error {
	conf := ClientConfig()
	conf.Net.DialTimeout = 2 * time.Second
	conf.Net.ReadTimeout = 2 * time.Second
	node := sarama.NewBroker(b.Addr)
	if err := node.Open(conf); err != nil {
		return err
	}
	defer node.Close()
	m, err := node.GetMetadata(&sarama.MetadataRequest{Version: 5})
	if err != nil {
		return err
	}
	if len(m.Brokers) == 0 {
		return errors.New("it is not registered yet")
	}
	return nil
}

// Kill ends the node with SIGKILL, as a crash does, and waits until it is gone.
func (b *Broker) Kill() { b.end(syscall.SIGKILL) }

// Stop ends the node with SIGTERM, and with SIGKILL after half a minute.
func (b *Broker) Stop() { b.end(syscall.SIGTERM) }

// Pause stops the node with SIGSTOP: a network that swallows packets.
func (b *Broker) Pause() { b.signal(syscall.SIGSTOP) }

// Resume lets a paused node go on.
func (b *Broker) Resume() { b.signal(syscall.SIGCONT) }

// Runs reports whether the node was started and has not ended, by whatever.
func (b *Broker) Runs() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.proc == nil {
		return false
	}
	select {
	case <-b.proc.done:
		return false
	default:
		return true
	}
}

func (b *Broker) signal(s syscall.Signal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.proc != nil {
		b.proc.cmd.Process.Signal(s)
	}
}

func (b *Broker) end(s syscall.Signal) {
	b.mu.Lock()
	p := b.proc
	b.proc = nil
	b.mu.Unlock()
	if p == nil {
		return
	}
	p.cmd.Process.Signal(s)
	p.cmd.Process.Signal(syscall.SIGCONT)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// Close kills the node and removes its data, if the folder was made by Start.
func (b *Broker) Close() {
	b.Kill()
	for _, p := range []*Proxy{b.Clients, b.Peers} {
		if p != nil {
			p.close()
		}
	}
	if b.zookeeper != nil {
		b.zookeeper.cmd.Process.Kill()
		<-b.zookeeper.done
	}
	for _, p := range b.ports {
		p.Release()
	}
	if b.own {
		os.RemoveAll(b.Dir)
	}
}

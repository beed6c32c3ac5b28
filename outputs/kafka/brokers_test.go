package kafka

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
)

// paused stands before a broker, and takes connections but says nothing while it is
// still: as a broker that was stopped does.
type paused struct {
	addr  string
	still atomic.Bool
	dials atomic.Int64
	left  atomic.Int64 // connections that the client gave up
}

func newPaused(t *testing.T, behind string) *paused {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	p := &paused{addr: l.Addr().String()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.dials.Add(1)
			out, err := net.Dial("tcp", behind)
			if err != nil {
				in.Close()
				return
			}
			t.Cleanup(func() { in.Close(); out.Close() })
			go func() { _, _ = io.Copy(out, in); p.left.Add(1) }()
			go p.answers(in, out)
		}
	}()
	return p
}

// answers passes on what the broker says, while it may say something.
func (p *paused) answers(in, out net.Conn) {
	buf := make([]byte, 1<<10)
	for {
		n, err := out.Read(buf)
		if err != nil || p.still.Load() {
			return
		}
		if _, err := in.Write(buf[:n]); err != nil {
			return
		}
	}
}

// A broker that answers nothing keeps no question waiting until that times out,
// which takes as long as requestTimeout.
func TestOneBrokerIsPaused(t *testing.T) {
	good, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	must(t, err)
	t.Cleanup(good.Close)
	addr := good.ListenAddrs()[0]
	for asked := false; !asked; { // any of the two is asked first
		p := newPaused(t, addr)
		p.still.Store(true)
		c := newCluster([]string{p.addr, addr}, "test", "", plain(), slog.New(slog.DiscardHandler))
		if _, err := c.topic("logs", 0); err != nil {
			t.Error(err)
		}
		if _, _, err := c.producerID(); err != nil {
			t.Error(err)
		}
		if p.left.Load() > 0 {
			t.Error("the broker that does not answer was waited for")
		}
		asked = p.dials.Load() > 0
		go c.close()
	}
}

// One that did not answer is asked after the others, until it answers.
func TestOrderOfBrokers(t *testing.T) {
	good, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	must(t, err)
	t.Cleanup(good.Close)
	addr := good.ListenAddrs()[0]
	p := newPaused(t, addr)
	c := newCluster([]string{addr, p.addr}, "test", "", plain(), slog.New(slog.DiscardHandler))
	defer c.close()
	c.any.note(p.addr, false)
	for range 20 {
		if order := c.any.order(); order[0] != addr {
			t.Fatalf("asked first: %v", order)
		}
	}
	c.any.note(addr, false)
	c.any.note(p.addr, true)
	if order := c.any.order(); order[0] != p.addr {
		t.Fatalf("asked first: %v", order)
	}
	if _, err := c.topic("logs", 0); err != nil {
		t.Fatal(err)
	}
	c.any.note(p.addr, false)
	if order := c.any.order(); order[0] != addr || order[1] != p.addr {
		t.Errorf("a member of the cluster is asked before the addresses of the configuration: %v", order)
	}
}

// Who waits for the same connection is told why there is none, however late.
func TestWhyThereIsNoConnection(t *testing.T) {
	b := newBrokers(nil, newConfig("test"))
	b.config.Net.Proxy.Enable = true
	why := errors.New("for a reason")
	b.config.Net.Proxy.Dialer = dialer(func(string, string) (net.Conn, error) { return nil, why })
	broker, _, err := b.at("broker:9092")
	must(t, err)
	b.drop("broker:9092", broker)
	if _, err := broker.GetMetadata(&sarama.MetadataRequest{}); !errors.Is(err, why) {
		t.Errorf("told %v", err)
	}
	if _, fresh, _ := b.at("broker:9092"); !fresh {
		t.Error("the next question has no new connection")
	}
}

// So it is for all that a start asks, with three of them.
func TestStartWhileBrokersArePaused(t *testing.T) {
	f := func(plain bool) {
		t.Helper()
		r := newRig(t, "logs")
		r.plain = plain
		r.brokers = r.cluster.ListenAddrs()
		var all [3]*paused
		for i := range all {
			all[i] = newPaused(t, r.cluster.ListenAddrs()[0])
			all[i].still.Store(true)
			r.brokers = append(r.brokers, all[i].addr)
		}
		asked, left := func(p *paused) bool { return p.dials.Load() > 0 }, func(p *paused) bool { return p.left.Load() > 0 }
		s := newSource(1, "/var/log/a.log", "")
		r.sources["logs"] = s
		for n := 0; !slices.ContainsFunc(all[:], asked); n++ { // any is asked first
			s.append(numbered(10*n, 10))
			u := r.start()
			u.acked(10)
			if slices.ContainsFunc(all[:], left) {
				t.Error("a broker that does not answer was waited for")
			}
			u.end()
		}
	}
	f(false)
	f(true)
}

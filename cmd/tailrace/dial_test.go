package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// silent is the address of something that takes connections, reads, and never
// answers, as a broker does whose process is stopped.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String() // the kernel takes them
}

// impatient shortens the time that a broker has.
func impatient(t *testing.T, d time.Duration) {
	old := answerTime
	answerTime = d
	t.Cleanup(func() { answerTime = old })
}

// A broker that does not answer is named, and the others are asked.
func TestSilentBroker(t *testing.T) {
	impatient(t, 2*time.Second)
	s := newShipped(t, "one", "two")
	hole := silent(t)
	text, err := os.ReadFile(s.cfg)
	must(t, err)
	configure := func(brokers string) {
		t.Helper()
		must(t, os.WriteFile(s.cfg, []byte(strings.Replace(string(text), fmt.Sprintf("%q", s.addr), brokers, 1)), 0o644))
	}

	configure(hole + ", " + s.addr)
	mustRun(t, "verify", "--config", s.cfg)
	mustRun(t, "send", "--config", s.cfg, "--topic", "second", "x")
	if out, _ := mustRun(t, "consume", "--config", s.cfg, "--topic", "second"); !strings.Contains(out, "x\n") {
		t.Errorf("consume: %q", out)
	}
	no := "roker " + hole + ": it takes connections but does not answer"
	mustFail(t, exitFailed, []string{"! B" + no, "Broker " + s.addr + " answers", "1 problem"}, "check", "--config", s.cfg, "--connect")

	configure(hole)
	says := []string{"no Kafka broker can be reached", hole + ": it takes connections but does not answer"}
	mustFail(t, exitFailed, says, "verify", "--config", s.cfg)
	mustFail(t, exitFailed, says, "consume", "--config", s.cfg, "--topic", "second")
}

// A broker that falls silent while it is read from is an error, not an end.
func TestFallsSilent(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "app"))
	mustRun(t, "send", "--brokers", addr, "--topic", "app", "x")
	impatient(t, 3*time.Second)
	end := make(chan struct{})
	defer close(end)
	c.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.SleepControl(func() { <-end })
		return nil, nil, false
	})
	mustFail(t, exitFailed, []string{"does not answer", addr, "0 messages"}, "consume", "--brokers", addr, "--topic", "app")
}

// tries is a partition whose reading fails again and again.
type tries struct {
	sarama.PartitionConsumer
	messages chan *sarama.ConsumerMessage
	errors   chan *sarama.ConsumerError
}

func (p tries) Messages() <-chan *sarama.ConsumerMessage { return p.messages }
func (p tries) Errors() <-chan *sarama.ConsumerError     { return p.errors }

// What is wrong is said once, not at each try, and again after a message.
func TestFollowSaysAnErrorOnce(t *testing.T) {
	var said strings.Builder
	r := &reader{follow: true, errOut: &said, messages: make(chan *sarama.ConsumerMessage), stop: make(chan struct{})}
	p := tries{messages: make(chan *sarama.ConsumerMessage), errors: make(chan *sarama.ConsumerError)}
	r.pumps.Go(func() { r.pump(p) })
	for _, text := range []string{"away", "away", "hangs", "hangs", "", "hangs"} {
		if text == "" {
			p.messages <- &sarama.ConsumerMessage{}
			<-r.messages
			continue
		}
		p.errors <- &sarama.ConsumerError{Partition: 3, Err: errors.New(text)}
	}
	close(p.errors)
	r.pumps.Wait()
	if want := "Partition 3: away; trying again.\nPartition 3: hangs; trying again.\nPartition 3: hangs; trying again.\n"; said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
}

package kafka

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/outputs/kafka/security"
)

// A broker that refuses this client does not hide another that takes it, and is
// said to do so once.
func TestOneBrokerRefuses(t *testing.T) {
	good, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "p"), kfake.SeedTopics(1, "logs"))
	must(t, err)
	t.Cleanup(good.Close)
	addrs := append(good.ListenAddrs(), alerts(t))
	o := security.Options{SASL: &security.SASL{Mechanism: security.Plain, Username: "u", Password: security.NewSecret("p")}}
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	guard := security.New(o, "test", "outputs.main.kafka", log)
	for n := 0; n < 10 || text.Len() == 0; n++ { // any of them is asked first
		c := newCluster(addrs, "test", "", guard, log)
		if _, err := c.topic("logs", 0); err != nil {
			t.Error(err)
		}
		if _, _, err := c.producerID(); err != nil {
			t.Error(err)
		}
		c.close()
	}
	if n := strings.Count(text.String(), "\n"); n != 1 || !strings.Contains(text.String(), `problem="this port wants TLS"`) || !strings.Contains(text.String(), " in outputs.main.kafka,") {
		t.Errorf("logged:\n%s", text.String())
	}
}

// All brokers refuse this client: that is said once, for all topics, and not
// that they cannot be reached.
func TestAllBrokersRefuse(t *testing.T) {
	r := newRig(t, "one", "two")
	r.brokers = []string{alerts(t)}
	r.sources["one"] = newSource(1, "/var/log/a.log", numbered(0, 10))
	r.sources["two"] = newSource(2, "/var/log/b.log", numbered(0, 10))
	r.security = security.Options{SASL: &security.SASL{Mechanism: security.Plain, Username: "u", Password: security.NewSecret("p")}}
	u := r.start()
	wait := func() bool {
		s := u.out.Stats()
		return len(s) < 2 || s[0].Trouble == "" || s[1].Trouble == ""
	}
	for wait() {
		sleep(t.Context(), patience/4)
	}
	sleep(t.Context(), 2*patience)
	for _, s := range u.out.Stats() {
		if !strings.Contains(s.Trouble, ": this port wants TLS: ") || strings.Contains(s.Trouble, "u\x00p") {
			t.Errorf("topic %s waits for: %s", s.Topic, s.Trouble)
		}
	}
	u.end()
	if n := strings.Count(r.log.String(), "level=ERROR"); n != 1 || !strings.Contains(r.log.String(), `problem="this port wants TLS"`) {
		t.Errorf("logged:\n%s", r.log.String())
	}
}

// alerts is a port that wants TLS.
func alerts(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1<<10))
			_, _ = io.WriteString(c, "\x15\x03\x03\x00\x02\x02\x28") // handshake failure
			c.Close()
		}
	}()
	return l.Addr().String()
}

package kafka

import (
	"bytes"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// until looks at the topic's figures until they are as wanted.
func (u *run) until(t *testing.T, what string, want func(Stats) bool) Stats {
	t.Helper()
	var s Stats
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if all := u.out.Stats(); len(all) == 1 {
			if s = all[0]; want(s) {
				return s
			}
		}
	}
	t.Fatalf("%s: never, at last %+v", what, s)
	return s
}

// A topic that waits says why and since when, and how much is under way; when
// it goes on it says so, and what has arrived is counted.
func TestStatsTellWhyATopicWaits(t *testing.T) {
	f := func(code *kerr.Error, retried bool) {
		t.Helper()
		r := newRig(t, "logs")
		lines := numbered(0, 10)
		r.sources["logs"] = newSource(1, "/var/log/a.log", lines)
		var on atomic.Bool
		on.Store(true)
		r.refuse(code, &on, nil)
		u := r.start()
		s := u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
		if s.Since.IsZero() || s.Batches != 1 || s.Records != 10 || s.Bytes == 0 || s.Acked != 0 {
			t.Errorf("while it waits: %+v", s)
		}
		if name := nameOf(code.Code); !strings.Contains(s.Trouble, name) || s.Errors[strconv.Itoa(int(code.Code))] == 0 {
			t.Errorf("no %s in %+v", name, s)
		}
		if !retried {
			u.crash()
			return
		}
		again := u.until(t, "it is tried again", func(s Stats) bool { return s.Retries > 0 })
		if again.Trouble == "" || !again.Since.Equal(s.Since) {
			t.Errorf("when it was tried again: %+v", again)
		}
		on.Store(false)
		s = u.until(t, "it goes on", func(s Stats) bool { return s.Acked == 10 && s.Trouble == "" && s.Batches == 0 })
		if s.AckedBytes != int64(len(lines)) || s.Sent == 0 || s.Partition != 0 || s.Retries == 0 || s.Records != 0 || s.Bytes != 0 {
			t.Errorf("in the end: %+v", s)
		}
		u.end()
	}
	f(kerr.NotEnoughReplicas, true)
	f(kerr.TopicAuthorizationFailed, false) // tried again after long only
}

// Brokers that cannot be reached are a trouble of every topic.
func TestStatsWithoutBrokers(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 1))
	r.brokers = []string{"127.0.0.1:1"}
	u := r.start()
	s := u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
	if s.Partition != -1 || !strings.Contains(s.Trouble, "connection lost") {
		t.Errorf("%+v", s)
	}
	u.crash()
}

// A leader that cannot be reached where the brokers say that it is has its address told.
func TestLeaderElsewhere(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 1))
	r.cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		b, topic, p := kmsg.NewMetadataResponseBroker(), kmsg.NewMetadataResponseTopic(), kmsg.NewMetadataResponseTopicPartition()
		b.Host, b.Port = "127.0.0.1", 1
		topic.Topic, topic.Partitions = kmsg.StringPtr("logs"), append(topic.Partitions, p)
		res.Brokers, res.Topics = append(res.Brokers, b), append(res.Topics, topic)
		return res, nil, true
	})
	u := r.start()
	s := u.until(t, "it waits", func(s Stats) bool { return s.Trouble != "" })
	if !strings.Contains(s.Trouble, "one of them is at 127.0.0.1:1") || !strings.HasSuffix(s.Trouble, elsewhereAdvice) {
		t.Errorf("%+v", s)
	}
	u.crash()
}

// A trouble that gets another cause goes on; one that comes back is a new one.
func TestTroubleSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n tally
		begin := time.Now()
		n.wait("a")
		time.Sleep(time.Second)
		n.wait("b")
		if s := n.stats(); s.Trouble != "b" || !s.Since.Equal(begin) {
			t.Errorf("with another cause: %+v", s)
		}
		n.goOn()
		n.wait("a")
		if s := n.stats(); s.Trouble != "a" || !s.Since.Equal(time.Now()) {
			t.Errorf("when it came back: %+v", s)
		}
	})
}

// A broker goes down, and then the partition has no leader: the status says what
// it is now, and nothing while the lane goes on.
func TestTroubleChanges(t *testing.T) {
	trouble := trouble{log: slog.New(slog.DiscardHandler), tally: &tally{}}
	trouble.still(lost, io.EOF)
	if s := trouble.tally.stats(); s.Trouble != "" {
		t.Errorf("a single failure: %+v", s)
	}
	trouble.begin(lost, io.EOF)
	trouble.still(5, sarama.ErrLeaderNotAvailable)
	if s := trouble.tally.stats(); !strings.Contains(s.Trouble, "no leader") {
		t.Errorf("then: %+v", s)
	}
	trouble.rest()
	if s := trouble.tally.stats(); s.Trouble != "" {
		t.Errorf("while the lane waits for something else: %+v", s)
	}
	trouble.still(lost, io.EOF)
	if s := trouble.tally.stats(); !strings.Contains(s.Trouble, "connection lost") {
		t.Errorf("when that fails: %+v", s)
	}
	trouble.end()
	trouble.still(lost, io.EOF)
	if s := trouble.tally.stats(); s.Trouble != "" {
		t.Errorf("in the end: %+v", s)
	}
}

// Who reads that a topic waits for a person learns when it is tried again, and
// that Kafka has names that exclude each other.
func TestTroubleParked(t *testing.T) {
	var text bytes.Buffer
	trouble := trouble{log: slog.New(slog.NewTextHandler(&text, nil)), tally: &tally{}, topic: "col_x", parked: true}
	trouble.begin(3, sarama.ErrUnknownTopicOrPartition)
	for _, s := range []string{text.String(), trouble.tally.stats().Trouble} {
		if !strings.Contains(s, "every 30 s") || !strings.Contains(s, "differs from another's only in . and _") {
			t.Errorf("it says %s", s)
		}
	}
	trouble.end()
	trouble.begin(lost, io.EOF)
	if s := trouble.tally.stats().Trouble; strings.Contains(s, "30 s") {
		t.Errorf("without a person: %s", s)
	}
}

// saysQuota has people see that the quota of the client is used up, while a line of s
// behind the first waits for that, and no longer. Each answer asks for a pause, of
// which a slow machine may miss some.
func saysQuota(t *testing.T, u *run, s *source) {
	t.Helper()
	u.until(t, "the first line", func(s Stats) bool { return s.Acked == 1 })
	n := int64(1)
	var told Stats
	for ; told.Pause == ""; n++ {
		s.append(numbered(int(n), 1))
		told = u.until(t, "a line waits, or did", func(s Stats) bool { return s.Pause != "" || s.Acked == n+1 })
	}
	if told.Trouble != "" || !strings.Contains(told.Pause, "quota") || !told.PauseUntil.After(told.PauseSince) {
		t.Errorf("%+v", told)
	}
	u.until(t, "it goes on", func(s Stats) bool { return s.Acked == n && s.Pause == "" })
	u.end()
}

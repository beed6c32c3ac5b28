package kafka

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"tailrace/agent/flow"
	"tailrace/outputs/kafka/wire"
)

// sendAs sends lines [from, to) of s as a lane with that producer id does.
func (r *rig) sendAs(pid int64, first int32, s *source, from, to int) {
	r.t.Helper()
	at := len(numbered(0, from))
	c := &flow.Chunk{Path: s.path, Start: int64(at), Data: s.data[at:len(numbered(0, to))], Time: time.Now().UnixMilli()}
	c.Split()
	codec, err := wire.ParseCodec("none")
	must(r.t, err)
	e := wire.NewEncoder()
	e.Begin([]byte(r.key), codec, batchMax, c.Time)
	e.Add(c, 0)
	q := kmsg.NewPtrProduceRequest()
	q.Acks, q.TimeoutMillis = -1, 1000
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = e.FinishIn(nil, pid, 0, first).Bytes
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = s.topic, []kmsg.ProduceRequestTopicPartition{part}
	q.Topics = []kmsg.ProduceRequestTopic{topic}
	client, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.MaxVersions(kversion.V2_8_0()))
	must(r.t, err)
	defer client.Close()
	answer, err := q.RequestWith(r.t.Context(), client)
	must(r.t, err)
	must(r.t, kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode))
}

// A version whose journal has the key with the lane, and not with each span, was
// killed when the seventh of its batches was sent, and the agent of today is
// started: on another host, under its name or another one. That batch goes under
// the key that it had, if the topic does not have it; then come new lines.
func TestJournalWithKeys(t *testing.T) {
	const path, batch = "/var/log/app.log", 10
	for name, c := range map[string]struct {
		host  string // today
		there int    // lines in the topic
	}{
		"not arrived":              {"host-1", 60},
		"arrived":                  {"host-1", 70},
		"not arrived, other name":  {"host-2", 60},
		"arrived, other name":      {"host-2", 70},
		"some lines are not known": {"host-1", 75},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "logs") // with the key of the lane
			old, err := os.ReadFile("testdata/journal-with-keys")
			must(t, err)
			must(t, os.WriteFile(filepath.Join(r.dir, "journal.000001"), old, 0o600))
			s := newSource(1, path, numbered(0, 90))
			s.topic = "logs"
			r.sources["logs"] = s
			lines := strings.Split(string(s.data), "\n")
			offset := func(n int) string { return strconv.Itoa(n * len(lines[0]+"\n")) }
			for n := 0; n < c.there; n += batch {
				r.sendAs(341, int32(n), s, n, min(n+batch, c.there))
			}
			r.key = c.host
			u := r.start()
			if l := u.journal.State().Lanes; len(l) != 1 || l[0].Key != "host-1" || len(l[0].Intents) != 1 || l[0].Offset != 59 || l[0].Doubt == "" {
				t.Fatalf("lanes %+v", l)
			}
			got := r.records("logs", 90)
			u.end()
			if len(got) != 90 {
				t.Errorf("%d records", len(got))
			}
			for i, rec := range got {
				key := "host-1"
				if i >= 70 && i >= c.there {
					key = c.host
				}
				if string(rec.Value) != lines[i] || string(rec.Key) != key || string(rec.Headers[1].Value) != offset(i) {
					t.Fatalf("record %d is %q with key %q, headers %v", i, rec.Value, rec.Key, rec.Headers)
				}
			}
			r.unrepeated(u)
		})
	}
}

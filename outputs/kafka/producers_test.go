package kafka

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// ageJournal makes all that the newest generation of a journal tells older. It
// returns the producer id of its last batch.
func ageJournal(t *testing.T, dir string, by time.Duration) (pid int64) {
	t.Helper()
	name := generation(t, dir)
	p, err := os.ReadFile(name)
	must(t, err)
	at := regexp.MustCompile(`"time":\d+`)
	var aged []byte
	for line := range bytes.Lines(p) {
		body := at.ReplaceAllFunc(bytes.TrimSpace(line[9:]), func(field []byte) []byte {
			millis, err := strconv.ParseInt(string(field[7:]), 10, 64)
			must(t, err)
			return fmt.Appendf(nil, `"time":%d`, millis-by.Milliseconds())
		})
		if !json.Valid(body) {
			t.Fatalf("not a record: %s", body)
		}
		aged = fmt.Appendf(aged, "%08x %s\n", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)), body)
	}
	must(t, os.WriteFile(name, aged, 0o600))
	all := regexp.MustCompile(`"pid":(\d+)`).FindAllSubmatch(p, -1)
	pid, err = strconv.ParseInt(string(all[len(all)-1][1]), 10, 64)
	must(t, err)
	return pid
}

// After a long time down, the broker is asked whether it remembers the producer
// id: then what was under way is sent again at once. When it has forgotten, may
// not be asked or knows no such question, the topic is read back.
func TestDownForLong(t *testing.T) {
	type partition = kmsg.DescribeProducersResponseTopicPartition
	// producers is what the broker answers: one in memory tells of
	// transactions only.
	f := func(name string, v *kversion.Versions, producers func(p *partition, pid int64), readBack bool) {
		t.Run(name, func(t *testing.T) {
			r := newRigOf(t, v, "logs")
			r.small = true
			s := newSource(1, "/var/log/a.log", numbered(0, 50))
			r.sources["logs"] = s
			var refusing atomic.Bool
			tried := make(chan bool, 1000)
			r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
				r.cluster.KeepControl()
				if !refusing.Load() {
					return nil, nil, false
				}
				tried <- true
				return refusal(q.(*kmsg.ProduceRequest), kerr.NotEnoughReplicas), nil, true
			})
			var pid atomic.Int64
			if producers != nil {
				r.cluster.ControlKey(61, func(q kmsg.Request) (kmsg.Response, error, bool) {
					r.cluster.KeepControl()
					answer := q.ResponseKind().(*kmsg.DescribeProducersResponse)
					topic := kmsg.NewDescribeProducersResponseTopic()
					topic.Topic = "logs"
					p := kmsg.NewDescribeProducersResponseTopicPartition()
					producers(&p, pid.Load())
					topic.Partitions = append(topic.Partitions, p)
					answer.Topics = append(answer.Topics, topic)
					return answer, nil, true
				})
			}
			u := r.start()
			r.exact("logs")
			refusing.Store(true)
			s.append(numbered(50, 50))
			<-tried
			u.crash()
			refusing.Store(false)
			pid.Store(ageJournal(t, r.dir, 2*time.Hour))
			u = r.start()
			s.append(numbered(100, 50))
			r.exact("logs")
			u.end()
			r.unrepeated(u)
			if got := strings.Contains(r.log.String(), "the topic was read back"); got != readBack {
				t.Errorf("read back: %v; log:\n%s", got, r.log.String())
			}
		})
	}
	knows := func(epoch, last int32) func(*partition, int64) {
		return func(p *partition, pid int64) {
			for _, pid := range []int64{pid + 1, pid} {
				a := kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
				a.ProducerID, a.ProducerEpoch, a.LastSequence, a.LastTimestamp = pid, epoch, last, time.Now().UnixMilli()
				p.ActiveProducers = append(p.ActiveProducers, a)
			}
		}
	}
	f("remembered", kversion.Stable(), knows(0, 49), false)
	f("forgotten", kversion.Stable(), func(*partition, int64) {}, true)
	f("another epoch", kversion.Stable(), knows(1, 49), true)
	f("less than was acked", kversion.Stable(), knows(0, 48), true)
	f("not permitted", kversion.Stable(), func(p *partition, _ int64) { p.ErrorCode = kerr.TopicAuthorizationFailed.Code }, true)
	f("unknown question", kversion.V2_7_0(), nil, true)
}

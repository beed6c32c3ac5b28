package kafka

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A broker refuses every batch that has a certain record in it: that one goes
// shortened, and whole into the dead-letter file; for its time, with another one.
// The others do not wait for a person.
func TestAtLeastOnceRefusedRecord(t *testing.T) {
	const n = 3000
	f := func(name string, code *kerr.Error, bad ...string) {
		t.Run(name, func(t *testing.T) {
			r := plainRig(t, "logs")
			r.codec = "none"
			data := numbered(0, n)
			for _, b := range bad {
				data = strings.Replace(data, b, b+" bad", 1)
			}
			s := newSource(1, "/var/log/a.log", data)
			r.sources["logs"] = s
			refused := map[int]int{} // batches with the bad record, by length
			r.cluster.ControlKey(produceKey, func(q kmsg.Request) (kmsg.Response, error, bool) {
				r.cluster.KeepControl()
				p := q.(*kmsg.ProduceRequest)
				records := p.Topics[0].Partitions[0].Records
				if code == kerr.InvalidTimestamp {
					// The first time that a batch of a bad record alone comes is the last
					// that it is refused.
					if !bytes.Contains(records, []byte(" bad")) {
						return nil, nil, false
					}
					if refused[len(records)]++; len(records) < 250 && refused[len(records)] > 1 {
						return nil, nil, false
					}
					return refusal(p, code), nil, true
				}
				if bytes.Contains(records, []byte(" bad")) {
					return refusal(p, code), nil, true
				}
				return nil, nil, false
			})
			u := r.start()
			r.settled(u, "logs")
			got := r.records("logs", n)
			u.end()
			if len(got) != n || u.out.repeats.Load() != 0 {
				t.Errorf("%d records, %d possible repeats", len(got), u.out.repeats.Load())
			}
			letters, _ := os.ReadFile(r.dir + "/dead-letter.jsonl")
			want := len(bad)
			if code == kerr.InvalidTimestamp {
				want = 0
			}
			if kept := bytes.Count(letters, []byte{'\n'}); kept != want {
				t.Errorf("%d dead letters, want %d; log:\n%s", kept, want, r.log.String())
			}
			short := 0
			for _, rec := range got {
				for _, h := range rec.Headers {
					if h.Key == "truncated" {
						short++
					}
				}
			}
			if short != want || strings.Contains(r.log.String(), "the topic waits") {
				t.Errorf("%d records are shortened; log:\n%s", short, r.log.String())
			}
		})
	}
	first, middle, last := "line 000000 end", "line 001234 end", "line 002999 end"
	f("none", kerr.InvalidRecord)
	f("first", kerr.InvalidRecord, first)
	f("last", kerr.PolicyViolation, last)
	f("some", kerr.InvalidRecord, first, middle, "line 001235 end", last)
	f("time", kerr.InvalidTimestamp, middle)
}

package kafka

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/outputs/kafka/wire"
)

// addPartitions makes them so many.
func (r *rig) addPartitions(topic string, n int32) {
	q := kmsg.NewCreatePartitionsRequest()
	more := kmsg.NewCreatePartitionsRequestTopic()
	more.Topic, more.Count = topic, n
	q.Topics = append(q.Topics, more)
	r.request(&q)
}

// Partitions are added while lines are written: they are used without a restart,
// each line is there once, and what comes later in a file is in no partition
// before what comes earlier.
func TestPartitionsAreAdded(t *testing.T) {
	for name, set := range map[string]func(r *rig){
		"exactly once":  func(*rig) {},
		"at least once": func(r *rig) { r.plain = true },
		"round robin":   func(r *rig) { r.deal, r.small = RoundRobin, true },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "logs")
			r.look, r.settle = 10*time.Millisecond, tooLong
			set(r)
			s := newSource(1, "/var/log/a.log", numbered(0, 100))
			r.sources["logs"] = s
			u := r.start()
			u.acked(100)
			const partitions = 4
			own := wire.Partition([]byte(r.key), partitions)
			if own == 0 {
				t.Fatal("the test needs a key of another partition than 0")
			}
			r.addPartitions("logs", partitions)
			n := 100
			there := func() bool {
				return slices.ContainsFunc(u.out.Stats(), func(s Stats) bool { return s.Partition == own && s.Acked > 0 })
			}
			for ; !there(); n++ {
				s.append(numbered(n, 1))
				time.Sleep(time.Millisecond)
			}
			u.acked(int64(n))
			u.end()
			byTime := r.records("logs", n)
			slices.SortFunc(byTime, func(a, b *kgo.Record) int { return strings.Compare(string(a.Value), string(b.Value)) })
			lines := strings.Split(numbered(0, n), "\n")
			before := int32(0)
			for i, rec := range byTime {
				if string(rec.Value) != lines[i] {
					t.Fatalf("line %d is %q", i, rec.Value)
				}
				if r.deal == "" && rec.Partition != before {
					if before != 0 || rec.Partition != own {
						t.Fatalf("line %d went to partition %d, the one before to %d", i, rec.Partition, before)
					}
					before = own
				}
			}
			if len(byTime) != n || u.out.repeats.Load() != 0 {
				t.Errorf("%d records of %d lines; %d repeats", len(byTime), n, u.out.repeats.Load())
			}
			if u.out.Budget.Used() != 0 {
				t.Errorf("%d bytes under way", u.out.Budget.Used())
			}
		})
	}
}

// A topic to which no file leads any more is let go: it has no lane and no
// figures. When a file leads there again it goes on, at once.
func TestTopicWithoutFiles(t *testing.T) {
	for name, set := range map[string]func(r *rig){
		"exactly once":  func(*rig) {},
		"at least once": func(r *rig) { r.plain = true },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "logs")
			r.look, r.settle = 10*time.Millisecond, tooLong
			set(r)
			s := newSource(1, "/var/log/a.log", numbered(0, 100))
			r.sources["logs"] = s
			u := r.start()
			for n := range int64(3) {
				u.acked(100 * (n + 1))
				s.unwanted.Store(true)
				for s.rested.Load() == n {
					time.Sleep(time.Millisecond)
				}
				if all := u.out.Stats(); len(all) > 0 {
					t.Errorf("there are figures: %+v", all)
				}
				u.out.mu.Lock()
				if len(u.out.pulses) > 0 {
					t.Errorf("there are lanes: %v", u.out.pulses)
				}
				u.out.mu.Unlock()
				s.unwanted.Store(false)
				s.append(numbered(100*int(n+1), 100))
			}
			r.exact("logs")
			u.end()
			r.unrepeated(u)
			r.look = 0
			s.append(numbered(400, 10))
			u = r.start()
			r.exact("logs")
			u.end()
			if l := u.journal.Lanes("", "logs"); len(l) != 1 {
				t.Errorf("the journal has lanes %+v", l)
			}
		})
	}
}

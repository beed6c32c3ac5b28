package kafka

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// generation is the newest file of a journal.
func generation(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "journal.*"))
	must(t, err)
	if len(names) == 0 {
		t.Fatal("no journal")
	}
	slices.Sort(names)
	return names[len(names)-1]
}

// cutJournal leaves the newest generation of a journal so many records behind
// its snapshot, -1: all of them but the one of a clean end, and makes it another
// boot's or machine's. Nothing tells that it was longer.
func cutJournal(t *testing.T, dir string, keep int, header map[string]any) {
	t.Helper()
	name := generation(t, dir)
	p, err := os.ReadFile(name)
	must(t, err)
	lines := bytes.SplitAfter(p, []byte{'\n'})
	var first map[string]map[string]any
	d := json.NewDecoder(bytes.NewReader(lines[0][9:]))
	d.UseNumber() // a time does not fit into a float
	must(t, d.Decode(&first))
	for k, v := range header {
		first["header"][k] = v
	}
	body, err := json.Marshal(first)
	must(t, err)
	lines[0] = fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)), body)
	head := slices.IndexFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte(`{"end":`)) }) + 1
	rest := slices.DeleteFunc(lines[head:], func(l []byte) bool { return bytes.Contains(l, []byte(`{"closed":`)) })
	if keep >= 0 {
		rest = rest[:min(keep, len(rest))]
	}
	must(t, os.WriteFile(name, slices.Concat(bytes.Join(lines[:head], nil), bytes.Join(rest, nil)), 0o600))
	must(t, os.RemoveAll(filepath.Join(dir, "journal-length")))
}

func wipe(t *testing.T, dir string) {
	t.Helper()
	must(t, os.RemoveAll(dir))
	must(t, os.Mkdir(dir, 0o700))
}

// unrepeated demands that no possible repeats were counted.
func (r *rig) unrepeated(u *run) {
	r.t.Helper()
	if n := u.out.repeats.Load(); n != 0 {
		r.t.Errorf("%d possible repeats; log:\n%s", n, r.log.String())
	}
}

// Power was lost, and any number of the journal's last records: what is in the
// topic is not sent again, the rest is sent.
func TestPowerLoss(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 25 {
		r := newRig(t, "logs")
		r.small = i%5 > 0
		n := 400
		if !r.small {
			n = 40_000
		}
		s := newSource(1, "/var/log/a.log", numbered(0, n))
		s.timed = i%2 > 0
		r.sources["logs"] = s
		for range 1 + i%3 {
			u := r.start()
			wait := rnd.IntN(n)
			if rnd.IntN(2) == 0 {
				wait = 3
			}
			r.records("logs", wait)
			u.crash()
			cutJournal(t, r.dir, rnd.IntN(40), map[string]any{"boot": "another"})
		}
		u := r.start()
		s.append(numbered(n, 10))
		r.exact("logs")
		u.end()
		r.unrepeated(u)
	}
}

// The end of the journal is cut off while the machine runs, in the middle of a
// record or between two: what was sent since is found, also when the journal does
// not have the producer id that it was sent with. When nothing is cut off, nothing
// is waited for.
func TestJournalCutBack(t *testing.T) {
	f := func(keep, cut int, readBack bool) {
		t.Helper()
		r := newRig(t, "logs")
		r.small = true
		s := newSource(1, "/var/log/a.log", numbered(0, 400))
		r.sources["logs"] = s
		u := r.start()
		u.acked(400)
		u.end()
		s.append(numbered(400, 400))
		u = r.start() // with another producer id
		u.acked(400)
		u.crash()
		length, err := os.ReadFile(filepath.Join(r.dir, "journal-length"))
		must(t, err)
		cutJournal(t, r.dir, keep, nil)
		must(t, os.WriteFile(filepath.Join(r.dir, "journal-length"), length, 0o600))
		name := generation(t, r.dir)
		p, err := os.ReadFile(name)
		must(t, err)
		must(t, os.Truncate(name, int64(len(p)-cut)))
		u = r.start()
		s.append(numbered(800, 10))
		r.exact("logs")
		u.end()
		r.unrepeated(u)
		if got := strings.Contains(r.log.String(), "the topic was read back"); got != readBack {
			t.Errorf("%d records and %d bytes less: read back %v; log:\n%s", keep, cut, got, r.log.String())
		}
	}
	f(-1, 0, false)
	f(-1, 20, true)
	f(-1, 300, true)
	f(-1, 3000, true)
	f(60, 0, true)
	f(7, 0, true)
	f(1, 0, true)
	f(0, 0, true)
}

// The journal is gone: the lines of this host that are in the topic are found.
func TestStateDirectoryGone(t *testing.T) {
	for i := range 4 {
		small := i%2 > 0
		r := newRig(t, "logs")
		r.small = small
		n, arrived := 2000, 300
		if !small {
			n, arrived = 20_000, 15_000 // some turns of the file
		}
		s := newSource(1, "/var/log/a.log", numbered(0, n))
		s.timed = i > 1
		if s.timed && small { // a batch for each
			n = 600
			s.data = []byte(numbered(0, n))
		}
		r.sources["logs"] = s
		u := r.start()
		r.records("logs", arrived)
		u.crash()
		for range 3 { // killed again before all is found
			wipe(t, r.dir)
			u = r.start()
			time.Sleep(300 * time.Millisecond)
			u.crash()
		}
		u = r.start()
		s.append(numbered(n, 500))
		r.exact("logs")
		u.end()
		r.unrepeated(u)
		// The doubt is over.
		u = r.start()
		s.append(numbered(n+500, 10))
		r.exact("logs")
		if d := u.journal.State().Lanes[0].Doubt; d != "" {
			t.Errorf("still in doubt: %s", d)
		}
		u.end()
	}
}

// Two hosts with the same name, or one that was rolled back: the same path and
// offsets, other lines. Each of them is sent.
func TestTwin(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 1000))
	u := r.start()
	r.records("logs", 1000)
	u.crash()
	header := map[string]any{"machine": "another"}
	cutJournal(t, r.dir, -1, header)
	before, err := os.ReadFile(generation(t, r.dir))
	must(t, err)
	// The twin goes on with lines of its own, of the same length.
	twin := newSource(1, "/var/log/a.log", numbered(0, 1000)+numbered(5000, 700))
	r.sources["logs"] = twin
	u = r.start()
	r.records("logs", 1700)
	u.end()
	// So does the original, from the same state.
	wipe(t, r.dir)
	must(t, os.WriteFile(filepath.Join(r.dir, "journal.000001"), before, 0o600))
	r.sources["logs"] = newSource(1, "/var/log/a.log", numbered(0, 1000)+numbered(7000, 300)+numbered(5300, 700))
	u = r.start()
	got := r.records("logs", 2300)
	u.end()
	count := map[string]int{}
	for _, rec := range got {
		count[string(rec.Value)]++
	}
	for i := range 8000 {
		want := 0
		switch {
		case i < 1000, i >= 5000 && i < 5300, i >= 7000 && i < 7300:
			want = 1
		case i >= 5300 && i < 5700:
			want = 1 // the same line at the same place of the same path
		case i >= 5700 && i < 6000:
			want = 1
		}
		if n := count[fmt.Sprintf("line %06d end", i)]; n < want {
			t.Fatalf("line %d is there %d times", i, n)
		}
	}
}

// A line that came after the start is new, whatever the topic has.
func TestNewLinesAreNoEchoes(t *testing.T) {
	r := newRig(t, "logs")
	r.sources["logs"] = newSource(1, "/var/log/a.log", "the job is done\n")
	u := r.start()
	r.records("logs", 1)
	u.crash()
	wipe(t, r.dir)
	// Rotated in place; the job runs again while the agent is in doubt.
	s := newSource(1, "/var/log/a.log", "")
	r.sources["logs"] = s
	u = r.start()
	s.append("the job is done\n")
	r.records("logs", 2)
	u.end()
	// And a file that is younger than the records.
	wipe(t, r.dir)
	s = newSource(1, "/var/log/a.log", "the job is done\n")
	s.born = time.Now().Add(2 * time.Second).UnixNano()
	r.sources["logs"] = s
	u = r.start()
	r.records("logs", 3)
	u.end()
}

// The topic may not be read: lines are sent again, which is counted.
func TestMayNotRead(t *testing.T) {
	r := newRig(t, "logs")
	r.small = true
	s := newSource(1, "/var/log/a.log", numbered(0, 50))
	r.sources["logs"] = s
	var denying, refusing atomic.Bool
	denying.Store(true)
	r.cluster.ControlKey(2, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		if !denying.Load() {
			return nil, nil, false
		}
		answer := q.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, topic := range q.(*kmsg.ListOffsetsRequest).Topics {
			rt := kmsg.NewListOffsetsResponseTopic()
			rt.Topic = topic.Topic
			for _, p := range topic.Partitions {
				rp := kmsg.NewListOffsetsResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			answer.Topics = append(answer.Topics, rt)
		}
		return answer, nil, true
	})
	refusing.Store(true)
	tried := make(chan bool, 1000)
	r.cluster.ControlKey(0, func(q kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		tried <- true
		if !refusing.Load() {
			return nil, nil, false
		}
		return refusal(q.(*kmsg.ProduceRequest), kerr.NotEnoughReplicas), nil, true
	})
	u := r.start()
	<-tried
	u.crash()
	refusing.Store(false)
	cutJournal(t, r.dir, -1, map[string]any{"boot": "another"})
	u = r.start()
	for u.out.records.Load() < 50 {
		time.Sleep(10 * time.Millisecond)
	}
	denying.Store(false)
	r.exact("logs")
	u.end()
	if u.out.repeats.Load() == 0 {
		t.Errorf("no possible repeats; log:\n%s", r.log.String())
	}
}

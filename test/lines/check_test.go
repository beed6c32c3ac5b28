package lines

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
)

const host = "web-1"

// written writes a log of 60 lines over three files and returns its chain and
// the records that a right agent makes of it.
func written(t *testing.T) (*Chain, []Record) {
	t.Helper()
	chain := NewChain("app", 7)
	l, err := NewLog(filepath.Join(t.TempDir(), "app.log"), chain, 7)
	must(t, err)
	defer l.Close()
	for range 3 {
		must(t, l.Write(15))
		must(t, l.Rotate(3))
		must(t, l.Write(5)) // late, into the renamed file
		must(t, l.Reopen())
	}
	var records []Record
	for n := range chain.Lines() {
		offset, _ := chain.place(n)
		records = append(records, Record{
			Offset: int64(n), Key: host, Value: chain.Line(n),
			Headers: map[string]string{"path": l.Path, "offset": strconv.FormatInt(offset, 10)},
		})
	}
	return chain, records
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheckNotices(t *testing.T) {
	chain, right := written(t)
	f := func(name string, spoil func(r []Record) []Record, want Result) {
		t.Helper()
		records := slices.Clone(right)
		for i, r := range records {
			records[i].Headers = map[string]string{"path": r.Headers["path"], "offset": r.Headers["offset"]}
		}
		c := NewCheck(host, chain)
		for _, r := range spoil(records) {
			c.Add(r)
		}
		got := c.Result()
		offenders := strings.Join(got.Offenders, "\n")
		got.Offenders = nil
		want.Written = 60
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if (want.Records == 60 && name == "right") != (offenders == "") {
			t.Errorf("%s: offenders %q", name, offenders)
		}
	}
	f("right", func(r []Record) []Record { return r }, Result{Records: 60})
	f("the last is missing", func(r []Record) []Record { return r[:59] },
		Result{Records: 59, Missing: 1})
	f("some are missing", func(r []Record) []Record { return slices.Delete(r, 20, 23) },
		Result{Records: 57, Missing: 3})
	f("a batch comes twice", func(r []Record) []Record { return slices.Insert(r, 30, r[20:30]...) },
		Result{Records: 70, Repeated: 10})
	f("two batches change places", func(r []Record) []Record {
		return slices.Concat(r[:10], r[20:30], r[10:20], r[30:])
	}, Result{Records: 60, Disordered: 10})
	f("a line in two records", func(r []Record) []Record {
		half := r[9]
		half.Value = half.Value[3:]
		r[9].Value = r[9].Value[:3]
		return slices.Insert(r, 10, half)
	}, Result{Records: 61, Torn: 2, Missing: 1})
	f("the end is cut off", func(r []Record) []Record {
		r[9].Value = r[9].Value[:len(r[9].Value)-1]
		return r
	}, Result{Records: 60, Torn: 1, Missing: 1})
	f("another program's line", func(r []Record) []Record {
		return append(r, Record{Value: []byte("other 1 #")})
	}, Result{Records: 61, Torn: 1})
	f("a line that was never written", func(r []Record) []Record {
		return append(r, Record{Value: chain.Line(60)})
	}, Result{Records: 61, Torn: 1})
	f("a wrong offset", func(r []Record) []Record {
		r[25].Headers["offset"] = "0"
		return r
	}, Result{Records: 60, Misplaced: 1})
	f("a path that the file never had", func(r []Record) []Record {
		r[25].Headers["path"] += ".9"
		return r
	}, Result{Records: 60, Misplaced: 1})
	f("the path changes within a file", func(r []Record) []Record {
		r[25].Headers["path"] += ".1"
		return r
	}, Result{Records: 60, Misplaced: 1})
	f("another key", func(r []Record) []Record {
		r[25].Key = "web-2"
		return r
	}, Result{Records: 60, Misplaced: 1})
}

// Lines in a row that repeat, or are missing, are described once, with where
// they were and are.
func TestCheckDescribes(t *testing.T) {
	chain, r := written(t)
	c := NewCheck(host, chain)
	for _, r := range slices.Concat(r[:30], r[20:30], r[30:40], r[5:6], r[43:]) {
		c.Add(r)
	}
	got := c.Result().Offenders
	want := [][]string{
		{"repeated: lines 20 to 29 of app: from record [0/20]", "first seen in [0/20]", "after [0/29]"},
		{"repeated: lines 5 to 5 of app: from record [0/5]", "after [0/39]"},
		{"missing: lines 40 to 42 of 60 of app: from offset " + r[40].Headers["offset"] + " of file 2"},
	}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i, parts := range want {
		for _, part := range parts {
			if !strings.Contains(got[i], part) {
				t.Errorf("%q does not say %q", got[i], part)
			}
		}
	}
}

// What is in a topic comes to the check whole, from all its partitions.
func TestTopicReadsBack(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "app"))
	must(t, err)
	defer cluster.Close()
	broker := cluster.ListenAddrs()[0]
	chain, right := written(t)
	other := NewChain("other", 7)
	produce(t, broker, right)

	topic, err := OpenTopic(broker, "app")
	must(t, err)
	defer topic.Close()
	end, err := topic.End()
	must(t, err)
	if end != 60 {
		t.Errorf("the topic ends at %d, not 60", end)
	}
	c := NewCheck(host, chain, other)
	must(t, topic.Read(t.Context(), c.Add))
	must(t, c.Result().Err())
	if got := c.Result().Records; got != 60 {
		t.Errorf("%d records, not 60", got)
	}
}

// produce sends records with sarama's producer.
func produce(t *testing.T, broker string, records []Record) {
	t.Helper()
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	p, err := sarama.NewSyncProducer([]string{broker}, conf)
	must(t, err)
	defer p.Close()
	var messages []*sarama.ProducerMessage
	for _, r := range records {
		m := &sarama.ProducerMessage{Topic: "app", Key: sarama.StringEncoder(r.Key), Value: sarama.ByteEncoder(r.Value)}
		for k, v := range r.Headers {
			m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(k), Value: []byte(v)})
		}
		messages = append(messages, m)
	}
	must(t, p.SendMessages(messages))
}

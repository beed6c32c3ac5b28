package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/agent"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
)

// shipped is a file with lines, a topic that has them, and a configuration of
// both, but no agent and no state.
type shipped struct {
	t    *testing.T
	addr string
	log  string
	cfg  string
}

func newShipped(t *testing.T, lines ...string) *shipped {
	t.Helper()
	_, addr := fake(t, kfake.SeedTopics(1, "app", "second"))
	dir := t.TempDir()
	s := &shipped{t: t, addr: addr, log: filepath.Join(dir, "app.log"), cfg: filepath.Join(dir, "config.yaml")}
	text := fmt.Sprintf("inputs: [{paths: [%s], topic: app}]\nhostname: web-1\nstate_dir: %s/state\noutputs: {kafka: {brokers: [%q]}}\n", s.log, dir, addr)
	if err := os.WriteFile(s.cfg, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, l := range lines {
		s.record("web-1", at, l)
		at += len(l) + 1
	}
	if err := os.WriteFile(s.log, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

// record puts a record into the topic.
func (s *shipped) record(host string, offset int, value string) {
	s.t.Helper()
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	p, err := sarama.NewSyncProducer([]string{s.addr}, conf)
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.Close()
	_, _, err = p.SendMessage(&sarama.ProducerMessage{
		Topic: "app", Key: sarama.StringEncoder(host), Value: sarama.StringEncoder(value),
		Headers: []sarama.RecordHeader{
			{Key: []byte("path"), Value: []byte(s.log)},
			{Key: []byte("offset"), Value: []byte(strconv.Itoa(offset))},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// The command says what is proven and what is not, and its exit status too. What
// other hosts have in the topic is not looked at.
func TestVerify(t *testing.T) {
	s := newShipped(t, "one", "two", "three")
	s.record("web-2", 0, "eins")
	out, _ := mustRun(t, "verify", "--config", s.cfg)
	if !strings.Contains(out, "0-14 delivered, 3 records") || !strings.Contains(out, "Proven: 3 records of 1 file in Kafka") {
		t.Errorf("printed %q", out)
	}
	s.record("web-1", 4, "two")
	mustFail(t, exitFailed, []string{"! " + s.log, "4-8 repeated, 1 record, from partition 0 offset 1 on, again up to partition 0 offset 4", "Not proven: 1 of 1 file"},
		"verify", "--config", s.cfg)
	out, _, status := tailrace("verify", "--config", s.cfg, "--json", s.log)
	var r verify.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != exitFailed || r.Proven || r.States[proof.Repeated] != 1 || len(r.Files) != 1 || r.Files[0].Path != s.log {
		t.Errorf("%q gave %+v, %v", out, r, err)
	}
}

// What the input cuts off or leaves out is told, in the summary too, and nobody
// says that it is unchanged.
func TestVerifyCutOff(t *testing.T) {
	for _, how := range []string{"truncate", "dead_letter"} {
		s := newShipped(t, "one", "two", strings.Repeat("x", 64))
		long := strings.Repeat("x", 64) + "yyy"
		if err := os.WriteFile(s.log, []byte("one\ntwo\n"+long+"\nDEBUG\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(s.cfg)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("topic: app"), []byte("topic: app, max_line: 64, exclude_lines: [DEBUG], long_lines: "+how), 1)
		if err := os.WriteFile(s.cfg, text, 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := mustRun(t, "verify", "--config", s.cfg)
		for _, want := range []string{
			"    cut off at max_line, as long_lines says: 1 record",
			"Proven: 3 records of 1 file in Kafka, once and in order, but not all of the text: 1 record cut off at max_line, as long_lines says.",
			"Not in Kafka: 1 record left out, as the inputs say.",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in %q", how, want, out)
			}
		}
		if strings.Contains(out, "once, unchanged") {
			t.Errorf("%s: says unchanged: %q", how, out)
		}
		var r verify.Report
		out, _ = mustRun(t, "verify", "--config", s.cfg, "--json")
		if err := json.Unmarshal([]byte(out), &r); err != nil || !r.Proven || r.CutOff != 1 || r.Files[0].CutOff != 1 || r.Excluded != 1 {
			t.Errorf("%s: %q, %v", how, out, err)
		}
	}
}

func TestVerifyRebuild(t *testing.T) {
	s := newShipped(t, "one", "two", "", "three\r")
	want, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.log); err != nil {
		t.Fatal(err)
	}
	s.record("web-1", 0, "the next file")
	s.record("web-1", 20, "with a hole")
	dir := t.TempDir()
	mustFail(t, exitFailed, []string{"14-20 is not in the topic", "2 files written, 1 of them byte for byte up to the last record"},
		"verify", "--config", s.cfg, "--rebuild", dir)
	got, err := os.ReadFile(filepath.Join(dir, s.log+".000001"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	mustFail(t, exitFailed, []string{"is not empty"}, "verify", "--config", s.cfg, "--rebuild", dir)
}

func TestVerifyCannot(t *testing.T) {
	s := newShipped(t, "one")
	mustFail(t, exitFailed, []string{"no such file"}, "verify", "--config", s.cfg, s.log+".9")
	mustFail(t, exitFailed, []string{"no input follows"}, "verify", "--config", s.cfg, s.cfg)
	text, err := os.ReadFile(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.cfg, bytes.Replace(text, []byte("topic: app"), []byte("topic: none"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	mustFail(t, exitFailed, []string{"topic none does not exist"}, "verify", "--config", s.cfg)
	out, _, _ := tailrace("verify", "--config", s.cfg, "--json")
	rebuilt, _, _ := tailrace("verify", "--config", s.cfg, "--json", "--rebuild", t.TempDir())
	for _, o := range []string{out, rebuilt} {
		if !json.Valid([]byte(o)) || strings.Contains(o, "null") {
			t.Errorf("a list that is empty is no list: %s", o)
		}
	}
}

// All that can be found is said.
func TestVerifyWords(t *testing.T) {
	var b bytes.Buffer
	w := &words{out: &b}
	r := &verify.Report{
		Files: []verify.Result{
			{Path: "/a", At: "/a.1.gz", Beside: true, Records: 4, Ranges: []verify.Range{
				{State: proof.Late, Start: 10, End: 20, Records: 2, At: &verify.Place{Partition: 3, Offset: 77}},
				{State: proof.Expired, Start: 20, End: 30, Records: 1},
				{State: proof.Shortened, Start: 30, End: 40, Records: 1, At: &verify.Place{Offset: 5}},
				{State: proof.Repeated, Start: 40, End: 41, Records: 1, At: &verify.Place{Output: "main", Topic: "b", Offset: 6}, Again: &verify.Place{Offset: 7}},
				{State: verify.History, Start: 41, End: 42},
				{State: verify.NeverRead, Start: 42, End: 43, Records: 1},
			}, More: 3, NotFollowed: &verify.Bytes{End: 10}, Partitions: make([]verify.Place, 2), Unsent: &verify.Bytes{Start: 40, End: 50}, Partial: 2, Excluded: 4, Note: "a note", Error: "an error"},
		},
		Strange: 9,
		Records: 4, States: map[proof.State]int64{proof.Late: 2, proof.Expired: 1, proof.Delivered: 0}, Unsent: 10, Failed: 1,
	}
	w.proof(r, &agent.Shipment{Gone: 2, Lost: []agent.Loss{{Path: "/a", Cause: "truncated", Bytes: 7}}})
	for _, want := range []string{
		"! /a.1.gz (lines of /a)\n", "    10-20 out of order, 2 records, from partition 3 offset 77 on\n",
		"    20-30 cannot be proven: the topic begins later, 1 record\n", "    30-40 shortened", "and 3 more ranges", "the agent does not ship it",
		"    40-41 repeated, 1 record, from topic b of output main partition 0 offset 6 on, again up to partition 0 offset 7\n",
		"    41-42 not shipped: it is from before the agent followed it\n", "    42-43 never read: the agent has passed it over, 1 record\n",
		"    0-10 not followed", "its records are in partition 0, partition 0: order is compared within each only",
		"40-50 not sent yet, as far as the state knows", "may be in its topic already: that has 9 records of these paths which the state does not know as sent.", "its last 2 bytes: a line that is not complete", "4 records left out", "a note", "cannot be verified: an error",
		"counts as lost", "2 files that the agent knows", "9 records of files that are gone",
		"Not proven: 1 of 1 file. 1 record cannot be proven, 2 records out of order, 10 bytes not sent yet.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in %q", want, b.String())
		}
	}
}

// The example of the documentation is what --json prints: it has no other keys.
func TestVerifyExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := bytes.Cut(text, []byte("```json\n"))
	d := json.NewDecoder(bytes.NewReader(example))
	d.DisallowUnknownFields()
	v := verdict{Report: &verify.Report{}}
	if err := d.Decode(&v); err != nil || v.States[proof.Delivered] != 130 || v.Files[1].Ranges[0].At.Topic != "old" {
		t.Errorf("%+v, %v", v.Report, err)
	}
}

package test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"tailrace/test/lines"
)

// verdict is what verify says.
type verdict struct {
	Proven bool
	Files  []struct {
		Path, At string
		Proven   bool
		Ranges   []struct {
			State      string
			Start, End int64
			Records    int
		}
		Unsent *struct{ Start, End int64 } `json:"not_yet_sent"`
		Error  string
	}
	Topics []struct {
		Name       string
		Partitions []struct{ Begin, End int64 }
	}
	Strange int `json:"of_other_files"`
	Records int
	Gone    int
}

// verify runs the command.
func verify(t *testing.T, a *agent, more ...string) verdict {
	t.Helper()
	out, errs, status := command(t, append([]string{"verify", "--config", a.conf, "--json"}, more...)...)
	var v verdict
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.Proven != (status == 0) {
		t.Fatalf("verify: status %d, %v\n%s%s", status, err, out, errs)
	}
	return v
}

// bad is all that is not proven, in one text.
func (v *verdict) bad() string {
	var b strings.Builder
	for _, f := range v.Files {
		if f.Proven {
			continue
		}
		b.WriteString(filepath.Base(f.At) + ":")
		for _, r := range f.Ranges {
			if r.State != "delivered" {
				b.WriteString(" " + r.State + " " + strconv.FormatInt(r.Start, 10) + "-" + strconv.FormatInt(r.End, 10) + " (" + strconv.Itoa(r.Records) + ")")
			}
		}
		if f.Unsent != nil {
			b.WriteString(" not sent " + strconv.FormatInt(f.Unsent.Start, 10) + "-" + strconv.FormatInt(f.Unsent.End, 10))
		}
		b.WriteString(f.Error + "\n")
	}
	return b.String()
}

// proven lets the binary verify all that the agent has shipped. Unless files are
// gone these are all records of its topics.
func proven(t *testing.T, a *agent) {
	t.Helper()
	v := verify(t, a)
	there := 0
	for _, topic := range v.Topics {
		for _, p := range topic.Partitions {
			there += int(p.End - p.Begin)
		}
	}
	t.Logf("verify: %d records of %d files; %d records in the topics, %d of them of files that are gone", v.Records, len(v.Files), there, v.Strange)
	if !v.Proven || v.Records+v.Strange != there {
		t.Errorf("verify: not proven, or records are left over\n%s", v.bad())
	}
}

// After kills and rotations, with some files compressed since, all is proven, and
// what is written from the topic is the same bytes. Then each thing that is done
// by hand to the topic or the files is named with its bytes.
func TestVerify(t *testing.T) {
	t.Parallel()
	r := random(t)
	st := newStage(t, sharedBroker(t), 2, r.Uint64(), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 5_000, Rotate: time.Second, Keep: 1000, Late: 100 * time.Millisecond})
	for range min(kills(t), 5) {
		wait(t, lifetime(r))
		st.agent.kill()
		st.agent.start()
		st.live()
	}
	stop()
	st.exact()
	want := map[string][][32]byte{}
	for _, l := range st.logs {
		want[l.Path] = originals(t, l.Path)
		must(t, exec.Command("gzip", l.Path+".1", l.Path+".2").Run())
	}
	proven(t, st.agent)
	st.rebuilds(want)
	st.damages()
}

// live verifies under load: what is acknowledged is proven, the rest is not sent
// yet.
func (st *stage) live() {
	st.t.Helper()
	v := verify(st.t, st.agent)
	for _, f := range v.Files {
		for _, r := range f.Ranges {
			if r.State != "delivered" {
				st.t.Errorf("under load: %s %d-%d %s", f.At, r.Start, r.End, r.State)
			}
		}
		if f.Error != "" {
			st.t.Errorf("under load: %s", f.Error)
		}
	}
}

// originals is the sums of the files that a log has been, the oldest first.
func originals(t *testing.T, path string) (sums [][32]byte) {
	t.Helper()
	names := []string{path}
	for n := 1; ; n++ {
		name := path + "." + strconv.Itoa(n)
		if _, err := os.Stat(name); err != nil {
			break
		}
		names = append([]string{name}, names...)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		must(t, err)
		if len(text) > 0 {
			sums = append(sums, sha256.Sum256(text))
		}
	}
	return sums
}

// rebuilds has the files written from the topic, and compares them.
func (st *stage) rebuilds(want map[string][][32]byte) {
	st.t.Helper()
	dir := filepath.Join(tempDir(st.t), "again")
	out, errs, status := command(st.t, "verify", "--config", st.agent.conf, "--rebuild", dir)
	if status != 0 {
		st.t.Errorf("rebuild: status %d\n%s%s", status, out, errs)
	}
	for path, sums := range want {
		got, err := filepath.Glob(filepath.Join(dir, path) + ".*")
		must(st.t, err)
		if len(got) != len(sums) {
			st.t.Errorf("%s: %d files were written, want %d", path, len(got), len(sums))
			continue
		}
		for i, name := range got {
			text, err := os.ReadFile(name)
			must(st.t, err)
			if sha256.Sum256(text) != sums[i] {
				st.t.Errorf("%s is not what was shipped", name)
			}
		}
		st.t.Logf("%s: %d files written again, the same bytes", filepath.Base(path), len(got))
	}
}

// damages adds to the topic and to the files by hand.
func (st *stage) damages() {
	t := st.t
	t.Helper()
	topic, err := lines.OpenTopic(st.broker.Bootstrap(), st.topic)
	must(t, err)
	defer topic.Close()
	path := st.logs[0].Path
	var one lines.Record // of the file that is at the path now
	must(t, topic.Read(t.Context(), func(r lines.Record) {
		if r.Headers["path"] == path && r.Headers["offset"] != "0" {
			one = r
			one.Value = bytes.Clone(r.Value)
		}
	}))
	start, err := strconv.ParseInt(one.Headers["offset"], 10, 64)
	must(t, err)
	spot := strconv.FormatInt(start, 10) + "-" + strconv.FormatInt(start+int64(len(one.Value))+1, 10) + " (1)"
	name := filepath.Base(path)

	st.produce(one, one.Value)
	st.says(name+": repeated "+spot+"\n", st.agent)
	st.produce(one, append([]byte("another "), one.Value...))
	st.says(name+": different "+spot+"\n", st.agent)

	f, err := os.OpenFile(st.logs[1].Path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	must(t, err)
	_, err = io.WriteString(f, "never sent\n")
	must(t, err)
	last := strconv.FormatInt(size, 10) + "-" + strconv.FormatInt(size+int64(len("never sent\n")), 10)
	other := filepath.Base(st.logs[1].Path)
	st.says(name+": different "+spot+"\n"+other+": not sent "+last+"\n", st.agent)
	// Without the agent's state, all that is in the files should be there.
	stranger := newAgent(t, config{broker: st.broker.Addr, inputs: []input{{paths: []string{filepath.Join(st.dir, "*.log")}, topic: st.topic}}})
	st.says(name+": different "+spot+"\n"+other+": missing "+last+" (1)\n", stranger)
}

// says demands what verify says.
func (st *stage) says(want string, a *agent) {
	st.t.Helper()
	v := verify(st.t, a)
	if got := v.bad(); got != want {
		st.t.Errorf("verify says %q, want %q", got, want)
	}
}

// produce puts a record into the topic that names the place of another.
func (st *stage) produce(as lines.Record, value []byte) {
	st.t.Helper()
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	conf.Producer.Partitioner = sarama.NewManualPartitioner
	p, err := sarama.NewSyncProducer([]string{st.broker.Addr}, conf)
	must(st.t, err)
	defer p.Close()
	_, _, err = p.SendMessage(&sarama.ProducerMessage{
		Topic: st.topic, Partition: as.Partition, Key: sarama.StringEncoder(as.Key), Value: sarama.ByteEncoder(value),
		Headers: []sarama.RecordHeader{
			{Key: []byte("path"), Value: []byte(as.Headers["path"])},
			{Key: []byte("offset"), Value: []byte(as.Headers["offset"])},
		},
	})
	must(st.t, err)
}

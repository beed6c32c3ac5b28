package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailrace/test/lines"
)

// steady is 8,000 lines a second over four logs, rotated now and then.
var steady = lines.Load{Rate: 2_000, Rotate: 15 * time.Second, Keep: 10, Late: 300 * time.Millisecond}

// The machine loses its power, and with it the journal's last second; again
// before all that was in doubt is found; and then again.
func TestJournalLosesASecond(t *testing.T) {
	st := newStage(t, sharedBroker(t), 4, seed(t), config{})
	copies := watchState(t, st.agent.state)
	st.agent.start()
	stop := st.write(heavy)
	for _, life := range []time.Duration{5, 2, 1, 5} {
		wait(t, life*time.Second)
		st.agent.kill()
		copies.restore(time.Second)
		wait(t, time.Second) // the broker takes what it has received
		st.agent.start()
	}
	stop()
	st.exact()
	st.agent.unrepeated()
}

// The journal of a minute ago, as an image of the disk would have it.
func TestJournalLosesAMinute(t *testing.T) {
	st := newStage(t, sharedBroker(t), 4, seed(t), config{})
	copies := watchState(t, st.agent.state)
	st.agent.start()
	stop := st.write(steady)
	wait(t, 70*time.Second)
	st.agent.kill()
	copies.restore(time.Minute)
	wait(t, time.Second)
	st.agent.start()
	wait(t, 5*time.Second)
	stop()
	st.exact()
	st.agent.unrepeated()
}

// The state directory is gone. What the topic has of the files that are still
// there is found there.
func TestStateRemoved(t *testing.T) {
	st := newStage(t, sharedBroker(t), 4, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000})
	wait(t, 8*time.Second)
	st.agent.kill()
	must(t, os.RemoveAll(st.agent.state))
	st.agent.start()
	wait(t, 20*time.Second)
	st.agent.kill() // while it waits
	st.agent.start()
	stop()
	st.exact()
	st.agent.unrepeated()
}

// unrepeated demands that the agent spoke of no possible repeats.
func (a *agent) unrepeated() {
	a.t.Helper()
	if strings.Contains(a.said(), "possible repeats") {
		a.t.Error("the agent spoke of possible repeats")
	}
}

// copies is what the journal was, a few times a second. Its files only grow.
type copies struct {
	t    *testing.T
	dir  string
	all  []stateCopy
	text map[string][]byte // the longest of each file
	ask  chan func()
}

// stateCopy is the newest file of a journal at a time.
type stateCopy struct {
	at   time.Time
	name string
	size int
}

func watchState(t *testing.T, dir string) *copies {
	c := &copies{t: t, dir: dir, text: map[string][]byte{}, ask: make(chan func())}
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				c.take()
			case do := <-c.ask:
				do()
			case <-t.Context().Done():
				return
			}
		}
	}()
	return c
}

func (c *copies) take() {
	names, _ := filepath.Glob(filepath.Join(c.dir, "journal.0*"))
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	name := names[len(names)-1]
	if p, err := os.ReadFile(name); err == nil {
		c.text[name] = p
		c.all = append(c.all, stateCopy{time.Now(), name, len(p)})
	}
}

// restore puts the state back as it was some time ago, on a machine that was
// started again since.
func (c *copies) restore(age time.Duration) {
	c.t.Helper()
	done := make(chan bool)
	c.ask <- func() {
		defer close(done)
		now := time.Now()
		at := slices.IndexFunc(c.all, func(s stateCopy) bool { return now.Sub(s.at) < age })
		if at < 0 {
			c.t.Error("no copy of the state is as young")
			return
		}
		old := c.all[max(0, at-1)]
		names, _ := filepath.Glob(filepath.Join(c.dir, "journal.0*"))
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				c.t.Error(err)
			}
		}
		p, err := otherBoot(c.text[old.name][:old.size])
		if err == nil {
			err = errors.Join(os.WriteFile(old.name, p, 0o600), os.Chtimes(old.name, longAgo, longAgo))
		}
		if err != nil {
			c.t.Error(err)
		}
		c.all, c.text = nil, map[string][]byte{}
	}
	<-done
}

// longAgo is before this machine came up.
var longAgo = time.Now().AddDate(-1, 0, 0)

// otherBoot changes the boot that a journal file was written in, to one before
// this. An image of the disk has the same files.
func otherBoot(p []byte) ([]byte, error) {
	line, rest, _ := bytes.Cut(p, []byte{'\n'})
	var first map[string]map[string]any
	d := json.NewDecoder(bytes.NewReader(line[min(9, len(line)):]))
	d.UseNumber()
	if err := d.Decode(&first); err != nil {
		return nil, err
	}
	first["header"]["boot"], first["header"]["time"] = "another", longAgo.UnixMilli()
	delete(first["header"], "file")
	delete(first["header"], "birth")
	body, err := json.Marshal(first)
	return append(record(body), rest...), err
}

// record is a line of the journal.
func record(body []byte) []byte {
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)), body)
}

// age makes all that a journal tells older.
func age(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "journal.0*"))
	must(t, err)
	field := regexp.MustCompile(`"time":\d+`)
	for _, name := range names {
		p, err := os.ReadFile(name)
		must(t, err)
		var aged []byte
		for line := range bytes.Lines(p) {
			aged = append(aged, record(field.ReplaceAllFunc(bytes.TrimSpace(line[9:]), func(f []byte) []byte {
				millis, err := strconv.ParseInt(string(f[7:]), 10, 64)
				must(t, err)
				return fmt.Appendf(nil, `"time":%d`, millis-by.Milliseconds())
			}))...)
		}
		must(t, os.WriteFile(name, aged, 0o600))
	}
}

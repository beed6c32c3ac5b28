package test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"tailrace/test/lines"
)

// A kind of log whose records are not its lines.
type kind struct {
	name    string
	options string // of its input
	begin   string // what each file begins with
	// write is what a program writes for the n-th entry, in pieces, and the
	// values that come of it, in the order in which they begin.
	write func(r *rand.Rand, n int) (pieces, values []string)
}

var kinds = []kind{
	{name: "traces", options: "multiline: {start: '^\\d', quiet: 2s}", write: writeTrace},
	{name: "pods", options: "container: cri", write: writePod},
	{name: "wide", options: "encoding: utf-16", begin: "\xff\xfe", write: writeWide},
	{name: "few", options: "exclude_lines: [DEBUG, '^#']", write: writeFew},
	{name: "objects", options: "format: json\n    max_line: 1KiB\n    long_lines: truncate", write: writeLong},
}

func writeTrace(r *rand.Rand, n int) (pieces, values []string) {
	text := fmt.Sprintf("%d trace", n)
	for i := range r.IntN(6) {
		text += fmt.Sprintf("\n\tat %d.%d", n, i)
	}
	for _, line := range strings.SplitAfter(text+"\n", "\n") {
		cut := r.IntN(len(line) + 1)
		pieces = append(pieces, line[:cut], line[cut:])
	}
	return pieces, []string{text}
}

func writePod(r *rand.Rand, n int) (pieces, values []string) {
	line := func(rest string, args ...any) {
		pieces = append(pieces, "2026-11-23T00:00:00.123456789Z "+fmt.Sprintf(rest, args...)+"\n")
	}
	long := fmt.Sprintf("%d long ", n)
	line("stdout P %s", long)
	values = []string{long}
	for i := range r.IntN(5) {
		switch r.IntN(3) {
		case 0:
			line("stderr F %d.%d err", n, i)
			values = append(values, fmt.Sprintf("%d.%d err", n, i))
		default:
			line("stdout P more ")
			values[0] += "more "
		}
	}
	line("stdout F end")
	values[0] += "end"
	return pieces, values
}

func writeWide(_ *rand.Rand, n int) (pieces, values []string) {
	text := fmt.Sprintf("%d ünï 你好 𠀀 \u0a0a", n)
	var b []byte
	for _, u := range utf16.Encode([]rune(text + "\n")) {
		b = append(b, byte(u), byte(u>>8))
	}
	return []string{string(b)}, []string{text}
}

func writeFew(r *rand.Rand, n int) (pieces, values []string) {
	text := fmt.Sprintf("%d line", n)
	switch r.IntN(3) {
	case 0:
		return []string{"DEBUG " + text + "\n"}, nil
	case 1:
		return []string{"# " + text + "\n"}, nil
	}
	return []string{text + "\n"}, []string{text}
}

func writeLong(r *rand.Rand, n int) (pieces, values []string) {
	text := fmt.Sprintf("%d \"%s", n, strings.Repeat("0123456789", r.IntN(300)))
	return []string{text[:len(text)/2], text[len(text)/2:] + "\n"}, []string{text[:min(len(text), 1024)]}
}

// recordLog is a log that a program writes, and what is to come of it.
type recordLog struct {
	kind
	path  string
	count int // of rotated files
	want  []string
}

// run writes until end is closed, and then finishes the entry.
func (l *recordLog) run(r *rand.Rand, end <-chan struct{}) error {
	f, err := l.open()
	if err != nil {
		return err
	}
	defer func() { f.Close() }()
	for n := 0; ; n++ {
		select {
		case <-end:
			return nil
		default:
		}
		pieces, values := l.write(r, n)
		l.want = append(l.want, values...)
		for _, p := range pieces {
			if _, err := f.WriteString(p); err != nil {
				return err
			}
			if r.IntN(50) == 0 {
				time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond) // a program that hesitates
			}
			if r.IntN(700) == 0 && strings.HasSuffix(p, "\n") && l.begin == "" || l.begin != "" && r.IntN(700) == 0 {
				f.Close()
				if f, err = l.rotate(); err != nil {
					return err
				}
			}
		}
	}
}

func (l *recordLog) open() (*os.File, error) {
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(l.begin)
	}
	return f, err
}

// rotate is what logrotate does: each file gets the next number.
func (l *recordLog) rotate() (*os.File, error) {
	for i := l.count; i >= 0; i-- {
		from := l.path
		if i > 0 {
			from = fmt.Sprintf("%s.%d", l.path, i)
		}
		if err := os.Rename(from, fmt.Sprintf("%s.%d", l.path, i+1)); err != nil {
			return nil, err
		}
	}
	l.count++
	return l.open()
}

// Multi-line records, containers, UTF-16, what is left out and JSON are exact
// while the agent is killed and files are renamed, also in the midst of a record.
func TestRecordsKilled(t *testing.T) {
	r := random(t)
	b := sharedBroker(t)
	dir := tempDir(t)
	c := config{broker: b.Addr}
	var logs []*recordLog
	for _, k := range kinds {
		l := &recordLog{kind: k, path: filepath.Join(dir, k.name+".log")}
		logs = append(logs, l)
		topic := topicOf(t) + "." + k.name
		must(t, b.CreateTopic(topic, 1, nil))
		c.inputs = append(c.inputs, input{paths: []string{l.path}, topic: topic, more: "    " + k.options + "\n"})
	}
	agent := newAgent(t, c)
	agent.start()
	agent.begun()
	end := make(chan struct{})
	var writers sync.WaitGroup
	for _, l := range logs {
		own := rand.New(rand.NewPCG(r.Uint64(), 1))
		writers.Go(func() {
			if err := l.run(own, end); err != nil {
				t.Error(err)
			}
		})
	}
	for range kills(t) {
		wait(t, lifetime(r))
		agent.kill()
		wait(t, downtime(r))
		agent.start()
	}
	close(end)
	writers.Wait()
	for i, l := range logs {
		recordsArrive(t, b.Addr, c.inputs[i].topic, len(l.want))
	}
	agent.stop(stopLimit)
	for i, l := range logs {
		l.check(t, b.Addr, c.inputs[i].topic)
	}
}

// recordsArrive waits until the topic has n records, or stands still.
func recordsArrive(t *testing.T, broker, name string, n int) {
	t.Helper()
	topic, err := lines.OpenTopic(broker, name)
	must(t, err)
	defer topic.Close()
	for last, moved := -1, time.Now(); last < n && time.Since(moved) < stalled; wait(t, 50*time.Millisecond) {
		if end, err := topic.End(); err == nil && end > last {
			last, moved = end, time.Now()
		}
	}
}

func (l *recordLog) check(t *testing.T, broker, name string) {
	t.Helper()
	topic, err := lines.OpenTopic(broker, name)
	must(t, err)
	defer topic.Close()
	var got []string
	must(t, topic.Read(t.Context(), func(r lines.Record) { got = append(got, l.text(t, r)) }))
	t.Logf("%s: %d records, %d rotations", l.name, len(got), l.count)
	if slices.Equal(got, l.want) {
		return
	}
	at := 0
	for at < min(len(got), len(l.want)) && got[at] == l.want[at] {
		at++
	}
	t.Errorf("%s: %d records, want %d; from record %d on %.300q, want %.300q",
		l.name, len(got), len(l.want), at, got[at:min(len(got), at+3)], l.want[at:min(len(l.want), at+3)])
}

// text is the value, or the message in it.
func (l *recordLog) text(t *testing.T, r lines.Record) string {
	t.Helper()
	if l.name != "objects" {
		return string(r.Value)
	}
	return message(t, r)
}

// message is the text in an object of format json, which must say where it is
// from.
func message(t *testing.T, r lines.Record) string {
	t.Helper()
	var v struct {
		Time time.Time `json:"@timestamp"`
		Host struct {
			Name string `json:"name"`
		} `json:"host"`
		Log struct {
			File struct {
				Path string `json:"path"`
			} `json:"file"`
			Offset int64 `json:"offset"`
		} `json:"log"`
		Message string `json:"message"`
	}
	must(t, json.Unmarshal(r.Value, &v))
	if v.Host.Name != host || v.Log.File.Path != r.Headers["path"] || fmt.Sprint(v.Log.Offset) != r.Headers["offset"] || !v.Time.Equal(r.Time) {
		t.Errorf("%s is not from %v at %v", r.Value, r.Headers, r.Time)
	}
	if long := len(v.Message) == 1024; long != (r.Headers["truncated"] != "") && !long {
		t.Errorf("%d bytes, headers %v", len(v.Message), r.Headers)
	}
	return v.Message
}

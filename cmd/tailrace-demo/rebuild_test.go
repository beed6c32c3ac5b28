package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/IBM/sarama"
)

// record is a message as the agent makes it.
func record(path string, offset int, part, value string) *sarama.ConsumerMessage {
	m := &sarama.ConsumerMessage{Value: []byte(value), Headers: []*sarama.RecordHeader{
		{Key: []byte("path"), Value: []byte(path)},
		{Key: []byte("offset"), Value: []byte(strconv.Itoa(offset))},
	}}
	if part != "" {
		m.Headers = append(m.Headers, &sarama.RecordHeader{Key: []byte("part"), Value: []byte(part)})
	}
	return m
}

func TestRebuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("one\n\nthree\r\nrest"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := readOriginal(path)
	if err != nil || o.size != 12 || o.held != 4 || o.lines != 3 {
		t.Fatalf("%+v, %v", o, err)
	}
	type rec struct {
		offset int
		part   string
		value  string
	}
	f := func(records []rec, exact bool, lost, repeated int64) {
		t.Helper()
		r := newRebuilt(o)
		for _, rec := range records {
			_, offset, data, err := origin(record(path, rec.offset, rec.part, rec.value))
			if err != nil {
				t.Fatal(err)
			}
			r.record(offset, data)
		}
		if r.exact() != exact || r.lost() != lost || r.repeated != repeated {
			t.Errorf("%v: exact %v, lost %d, repeated %d", records, r.exact(), r.lost(), r.repeated)
		}
	}
	// Each line once; then with the line that was ended later.
	whole := []rec{{0, "", "one"}, {4, "", ""}, {5, "", "three\r"}}
	f(whole, true, 0, 0)
	f(append(whole[:3:3], rec{12, "", "rest and more"}), true, 0, 0)
	// A line in three pieces.
	f([]rec{{0, "", "one"}, {4, "", ""}, {5, "1", "th"}, {7, "2", "ree"}, {10, "3/3", "\r"}}, true, 0, 0)
	// Missing at the beginning, in the middle, at the end; all of it.
	f(whole[1:], false, 4, 0)
	f([]rec{whole[0], whole[2]}, false, 1, 0)
	f(whole[:2], false, 7, 0)
	f(nil, false, 12, 0)
	// Repeated.
	f([]rec{whole[0], whole[1], whole[0], whole[2]}, false, 0, 1)
	// Altered, at the same length.
	f([]rec{{0, "", "onE"}, whole[1], whole[2]}, false, 0, 0)
}

func TestOriginOfStrangeRecords(t *testing.T) {
	f := func(m *sarama.ConsumerMessage) {
		t.Helper()
		if _, _, _, err := origin(m); err == nil {
			t.Error("no error")
		}
	}
	f(&sarama.ConsumerMessage{Value: []byte("x")})
	f(record("", 1, "", "x"))
	f(record("/x", -1, "", "x"))
	m := record("/x", 0, "", "x")
	m.Headers[1].Value = []byte("ten")
	f(m)
}

func TestReadOriginals(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	long := strings.Repeat("x", 3<<20) + "\n"
	if err := os.WriteFile(path, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(dir, "s")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, filepath.Join(dir, "h")); err != nil {
		t.Fatal(err)
	}
	// One file under three names is shipped once; its line is longer than a buffer.
	files, err := readOriginals([]string{path, filepath.Join(dir, "s"), filepath.Join(dir, "h")})
	if err != nil || len(files) != 1 || files[0].lines != 1 || files[0].size != int64(len(long)) {
		t.Errorf("%+v, %v", files, err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "none")} {
		if _, err := readOriginals([]string{name}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailrace/agent/verify"
)

// What the agent did not ship since another file had the same bytes is not proven,
// unless something else than the bytes says that it is a copy.
func TestVerifyTakenForShipped(t *testing.T) {
	banner := strings.Repeat("=", 1500) + "\n"
	lines := banner + strings.Repeat("a line\n", 100)
	for _, c := range []struct {
		name string
		runs bool // an agent does while the log, which is shipped, is changed
		// change makes of it what is verified when an agent has shipped the rest.
		change func(t *testing.T, log string)
		want   string
	}{
		{"written again", false, func(t *testing.T, log string) {
			must(t, os.Remove(log))
			add(t, log, lines+"more\n")
		}, "app.log: taken_for_shipped 0-2201 (101)\n"},
		{"written again, and renamed", false, func(t *testing.T, log string) {
			must(t, os.WriteFile(log+".new", []byte(lines), 0o644))
			must(t, os.Rename(log+".new", log))
		}, "app.log: taken_for_shipped 0-2201 (101)\n"},
		{"edited", true, func(t *testing.T, log string) {
			must(t, os.Remove(log))
			add(t, log, lines[:2145]+"A line\n"+lines[2152:])
		}, "app.log: taken_for_shipped 0-2145 (93) different 2145-2152 (1) repeated 2152-2201 (7)\n"},
		{"edited, and the former kept", true, func(t *testing.T, log string) {
			must(t, os.Rename(log, log+".former"))
			add(t, log, lines[:2145]+"A line\n"+lines[2152:])
		}, ""},
		{"copied with its times", false, func(t *testing.T, log string) {
			info, err := os.Stat(log)
			must(t, err)
			must(t, os.Remove(log))
			add(t, log, lines)
			must(t, os.Chtimes(log, info.ModTime(), info.ModTime()))
			add(t, log, "more\n")
		}, ""},
		{"copied and truncated", false, func(t *testing.T, log string) {
			must(t, os.WriteFile(log+".1", []byte(lines), 0o644))
			must(t, os.Truncate(log, 0))
			add(t, log, "more\n")
		}, ""},
		{"renamed", false, func(t *testing.T, log string) {
			must(t, os.Rename(log, log+".1"))
			add(t, log, lines)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			add(t, b.log, lines)
			l := b.start()
			b.until(func(s *Shipment) bool { return len(s.Files) > 0 && s.Files[0].To == int64(len(lines)) })
			if !c.runs {
				b.settled(l)
			}
			time.Sleep(20 * time.Millisecond) // the clock of a file system may go in steps
			c.change(t, b.log)
			if !c.runs {
				l = b.start()
			}
			r := b.settled(l)
			if told(r) != c.want {
				t.Errorf("%q, want %q", told(r), c.want)
			}
			if c.want != "" && !strings.Contains(r.Files[0].Note, "were not shipped") {
				t.Errorf("note %q", r.Files[0].Note)
			}
			must(t, os.Rename(b.log, filepath.Join(filepath.Dir(b.log), "app.log.2")))
			if _, r := b.verify(); (told(r) == "") != (c.want == "") {
				t.Errorf("after a rename: %q", told(r))
			}
		})
	}
}

// A record proves the bytes of one file only.
func TestVerifyTakenFromAnother(t *testing.T) {
	b := newBed(t)
	banner := strings.Repeat("=", 1500) + "\n"
	add(t, b.log, banner+"one\n")
	b.settled(b.start())
	must(t, os.Rename(b.log, b.log+".1"))
	add(t, b.log, banner)
	s, err := Shipped(b.config, Question{})
	must(t, err)
	next := s.Files[0]
	next.At, next.Open = b.log, func() (*os.File, error) { return os.Open(b.log) }
	next.To, next.Alike = int64(len(banner)), int64(len(banner))
	j := verify.Job{Client: b.clients(), Files: []verify.File{s.Files[0], next}, Own: s.Own}
	r, err := j.Run(t.Context())
	must(t, err)
	if told(r) != "app.log: missing 0-1501 (1)\n" || !strings.Contains(r.Files[1].Note, "first 1501 bytes were not shipped") {
		t.Errorf("%q, note %q", told(r), r.Files[1].Note)
	}
}

// A file that has two names is there once, wherever the one that was followed is now;
// and what is left alone is not expected anywhere.
func TestVerifyOtherName(t *testing.T) {
	b := newBed(t)
	add(t, b.log, "one\n")
	if r := b.settled(b.start()); !r.Proven {
		t.Fatal(told(r))
	}
	must(t, os.Link(b.log, filepath.Join(filepath.Dir(b.log), "b.log")))
	must(t, os.Rename(b.log, b.log+".1"))
	if _, r := b.verify(); !r.Proven || len(r.Files) != 1 {
		t.Errorf("%d files: %s", len(r.Files), told(r))
	}
	b.config.Inputs[0].IgnoreOlder = time.Minute
	aside, old := filepath.Join(filepath.Dir(b.log), "aside.log"), time.Now().Add(-time.Hour)
	add(t, aside, "two\n")
	must(t, os.Chtimes(aside, old, old))
	if _, r := b.verify(); !r.Proven || len(r.Files) != 1 {
		t.Errorf("%d files: %s", len(r.Files), told(r))
	}
	if _, err := Shipped(b.config, Question{Paths: []string{aside}}); err == nil || !strings.Contains(err.Error(), "ignore_older") {
		t.Errorf("named: %v", err)
	}
}

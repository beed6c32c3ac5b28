package kafka

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailrace/agent/deadletter"
)

// checkDeadLetter demands one dead letter with the line.
func checkDeadLetter(t *testing.T, path, line string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var letter deadletter.Letter
	must(t, json.Unmarshal(text, &letter))
	if string(letter.Value) != line || letter.Topic != "logs" || letter.Path != "/var/log/a.log" || letter.Cause == "" {
		t.Errorf("dead letter %+v", letter)
	}
}

// A program that writes long lines does not fill the log: people are told once,
// and see in the status how many there were.
func TestManyLinesTooLarge(t *testing.T) {
	for _, plain := range []bool{false, true} {
		r := newRig(t, "logs")
		r.plain, r.codec = plain, "none"
		var lines strings.Builder
		for i := range 50 {
			fmt.Fprintf(&lines, "%d %s\n", i, strings.Repeat("x", 5000))
		}
		r.sources["logs"] = newSource(1, "/var/log/a.log", lines.String())
		r.limitTopic("logs", 1000)
		u := r.start()
		r.settled(u, "logs")
		if s := u.out.Stats(); len(s) != 1 || s[0].Shortened != 50 {
			t.Errorf("%+v", s)
		}
		u.end()
		if n := strings.Count(r.log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d errors in\n%s", n, r.log.String())
		}
	}
}

// While long lines come, it is said every minute how many there were.
func TestSayShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ta tally
		f := func(want int) {
			t.Helper()
			if n := ta.sayShort(); n != want {
				t.Errorf("says %d, want %d", n, want)
			}
		}
		f(1)
		f(0)
		f(0)
		time.Sleep(sayEvery)
		f(3)
		f(0)
	})
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/agent"
	"tailrace/agent/config"
	"tailrace/inputs/tail/explain"
	"tailrace/test/port"
)

// place is a directory with logs, a configuration, and an agent that can be
// started on it.
type place struct {
	t      *testing.T
	dir    string // of the logs
	config string
}

func newPlace(t *testing.T, brokers string) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{t: t, dir: filepath.Join(dir, "logs"), config: filepath.Join(dir, "config.yaml")}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("inputs:\n  - paths: [%s/*.log]\n    exclude: [%[1]s/debug*]\n    topic: app\n"+
		"outputs: {kafka: {brokers: [%q]}}\nhostname: h\nstate_dir: %s/state\n", p.dir, brokers, dir)
	if err := os.WriteFile(p.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// write appends to a log.
func (p *place) write(name, text string) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// start runs an agent; the function that it returns ends it.
func (p *place) start() (stop func()) {
	p.t.Helper()
	cfg, err := config.Load(p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	kill, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, cfg, agent.Options{Log: slog.New(slog.DiscardHandler), Version: "1.2", Kill: kill})
	}()
	return func() {
		cancel()
		close(kill)
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	}
}

// until runs a command until it says what it should, all of it.
func (p *place) until(says []string, args ...string) string {
	p.t.Helper()
	var out, missing string
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var status int
		var errOut string
		out, errOut, status = tailrace(append(args, "--config", p.config)...)
		if status != exitOK {
			p.t.Fatalf("tailrace %q: status %d, %s", args, status, errOut)
		}
		missing = ""
		for _, s := range says {
			if !strings.Contains(out, s) {
				missing = s
			}
		}
		if missing == "" {
			return out
		}
	}
	p.t.Fatalf("tailrace %q never says %q: %s", args, missing, out)
	return ""
}

// What becomes of a file, in words, with a running agent and without.
func TestExplain(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app"))
	p := newPlace(t, addr)
	p.write("app.log.1", "before\n")
	p.write("app.log", "1\n2\nhalf")
	p.write("debug.log", "1\n")
	p.write("other.txt", "1\n")
	log := filepath.Join(p.dir, "app.log")
	p.until([]string{log + " will be followed once the agent runs", "and none has: this is by the configuration alone"}, "explain", log)

	stop := p.start()
	out := p.until([]string{
		log + " is followed: its lines go to topic app\n",
		"  Pattern:  " + p.dir + "/*.log (" + p.config + ":2)\n",
		"  Read:     up to byte 4, 4 bytes to go\n",
		"  Shipped:  up to byte 4: all that was read\n",
		"  Waits:    for a newline: the last 4 bytes are the beginning of a line\n",
		"    app.log.1  7 bytes: ",
		"Told by the running agent: process " + fmt.Sprint(os.Getpid()),
	}, "explain", log)
	if strings.Contains(out, "Error:") || strings.Contains(out, "was changed after") {
		t.Errorf("got %s", out)
	}
	p.until([]string{"is not followed: it is excluded\n", "Excluded: by " + p.dir + "/debug*\n"}, "explain", filepath.Join(p.dir, "debug.log"))
	p.until([]string{"no pattern of the configuration matches it\n", "Nearest:  " + p.dir + "/*.log",
		`matches up to ` + p.dir + `; then "other.txt" does not match "*.log"`}, "explain", filepath.Join(p.dir, "other.txt"))
	p.until([]string{"is a directory\n", "  app.log  followed, to topic app, 4 bytes unread\n", "  debug.log  excluded\n", "  other.txt  no pattern matches it\n"}, "explain", p.dir)
	p.until([]string{"is a pattern\n", "followed, to topic app"}, "explain", filepath.Join(p.dir, "*.log"))

	var e agent.Explanation
	out = p.until(nil, "explain", "--json", log)
	if err := json.Unmarshal([]byte(out), &e); err != nil || !e.Running || e.Verdict != "followed" || len(e.Files) != 2 {
		t.Errorf("%v in %s", err, out)
	}
	now := time.Now().Add(time.Minute)
	if err := os.Chtimes(p.config, now, now); err != nil {
		t.Fatal(err)
	}
	p.until([]string{p.config + " was changed after that agent started"}, "explain", log)

	stop()
	p.write("app.log", "\n")
	p.until([]string{" is followed: its lines go to topic app\n", "  Read:     up to byte 4, 5 bytes to go\n",
		"No agent runs on ", "this is by the configuration, and by its journal as of "}, "explain", log)
	p.until([]string{"tailrace does not run", "2 files known, 1 file followed", "all that was sent is acknowledged; 5 bytes wait in the files that are known"}, "status")
}

// A file whose input was removed is told as such, with what is unread of it and
// how it can be followed again; and a link to itself with what is wrong with it.
func TestExplainNotFollowed(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app"))
	p := newPlace(t, addr)
	p.write("app.log", "1\n")
	log, loop := filepath.Join(p.dir, "app.log"), filepath.Join(p.dir, "loop.log")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	stop := p.start()
	p.until([]string{"  Shipped:  up to byte 2: all that was read\n"}, "explain", log)
	out := p.until([]string{loop + " is not followed: symbolic links lead round in a circle"}, "explain", loop)
	if strings.Contains(out, "Missing:") || strings.Contains(out, "tried again") {
		t.Errorf("got %s", out)
	}
	stop()
	p.write("app.log", "2\n")
	text, err := os.ReadFile(p.config)
	if err == nil {
		err = os.WriteFile(p.config, []byte(strings.Replace(string(text), "/*.log]", "/web*.log]", 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.until([]string{log + " was followed, and is no longer in the configuration\n", "  Nearest:  " + p.dir + "/web*.log",
		"  Waits:    for an input that matches it: until then 2 bytes are not shipped\n"}, "explain", log)
}

// A topic that waits is told with each of its files.
func TestExplainTrouble(t *testing.T) {
	p := newPlace(t, port.Held(t).Addr)
	p.write("app.log", "1\n")
	stop := p.start()
	defer stop()
	log := filepath.Join(p.dir, "app.log")
	p.until([]string{"Error:    topic app waits since ", "connection lost", "  Shipped:  nothing"}, "explain", log)
	out := p.until([]string{"tailrace 1.2 on h, with state in ", "following 1 file, ", "Topic app: 1 file\n", "2 bytes wait in files", "! It waits since "}, "status")
	if strings.Contains(out, "Lost") {
		t.Errorf("got %s", out)
	}
	var s agent.Status
	out = p.until(nil, "status", "--json")
	if err := json.Unmarshal([]byte(out), &s); err != nil || len(s.Topics) != 1 || s.Topics[0].Trouble == "" || s.Topics[0].Backlog != 2 {
		t.Errorf("%v in %s", err, out)
	}
}

// What is lost is told with its path and its cause, also after the end.
func TestExplainLoss(t *testing.T) {
	p := newPlace(t, port.Held(t).Addr) // so that nothing is read
	p.write("app.log", "1\n2\n3\n")
	stop := p.start()
	log := filepath.Join(p.dir, "app.log")
	p.until([]string{"for its turn with 6 bytes"}, "explain", log)
	if err := os.Truncate(log, 0); err != nil {
		t.Fatal(err)
	}
	p.until([]string{"  Lost:     6 bytes", "because the file was truncated before they were read"}, "explain", log)
	p.until([]string{"! Lost: 6 bytes", " of " + log + ", because"}, "status")
	stop()
	p.until([]string{"  Lost:     6 bytes"}, "explain", log)
	if out := p.until([]string{"! Lost: 6 bytes"}, "status"); strings.Count(out, "Lost") != 1 {
		t.Errorf("got %s", out)
	}
	if out := p.until(nil, "explain", filepath.Join(p.dir, "other.log")); strings.Contains(out, "Lost") {
		t.Errorf("another file lost it: %s", out)
	}
}

// An agent that runs and has no socket is not taken for none.
func TestExplainWithoutSocket(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(1, "app"))
	p := newPlace(t, addr)
	p.write("app.log", "1\n")
	stop := p.start()
	defer stop()
	log := filepath.Join(p.dir, "app.log")
	p.until([]string{"  Shipped:  up to byte 2: all that was read\n", "Told by the running agent"}, "explain", log)
	if err := os.Remove(filepath.Join(filepath.Dir(p.config), "state", "tailrace.sock")); err != nil {
		t.Fatal(err)
	}
	p.until([]string{"  Shipped:  up to byte 2: all that was read\n", "An agent runs on ", fmt.Sprintf("could not be asked: process %d", os.Getpid())}, "explain", log)
	p.until([]string{"tailrace runs, with state in "}, "status")
}

// A mistake is told as everywhere.
func TestExplainMistakes(t *testing.T) {
	p := newPlace(t, "localhost:9092")
	mustFail(t, exitFailed, []string{"name the files", "tailrace explain --help"}, "explain", "--config", p.config)
	mustFail(t, exitFailed, []string{"give flags only"}, "status", "x", "--config", p.config)
	if err := os.WriteFile(p.config, []byte("inputs: []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustFail(t, exitConfig, []string{"outputs"}, "explain", "/x", "--config", p.config)
}

func TestByteCount(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := byteCount(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	f(0, "0 bytes")
	f(1, "1 byte")
	f(10239, "10239 bytes")
	f(10240, "10240 bytes (10 KiB)")
	f(10<<20, "10485760 bytes (10 MiB)")
	f(3<<40, "3298534883328 bytes (3072 GiB)")
	f(20000<<40, "21990232555520000 bytes (20000 TiB)")
}

// All that is in trouble is in the status, though not a thousand lines of it.
func TestStatusTrouble(t *testing.T) {
	s := agent.Status{
		Origin:  agent.Origin{Running: true, Since: time.Now(), Version: "1", Hostname: "h", StateDir: "/s"},
		Summary: "in trouble", Files: agent.Files{Parked: 12, Unlisted: 1},
		Topics: []agent.Topic{{Topic: "app", Files: 1, Acked: 1, Repeats: 3, GivenUp: 2, Shortened: 4,
			Pause: "while it is read back", PauseSince: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), PauseUntil: time.Date(2026, 1, 2, 3, 5, 35, 0, time.Local)}},
		Unlisted: []agent.Parked{{Path: "/closed", Error: "permission denied"}},
		Lost:     []agent.Loss{{Path: "/a.log", Cause: "deleted", Bytes: 5, Lines: 1}},
		Journal:  &agent.JournalStatus{Failing: []string{"write"}},
	}
	for i := range 12 {
		s.Parked = append(s.Parked, agent.Parked{Path: fmt.Sprintf("/log%02d", i), Error: "is bad"})
	}
	var out strings.Builder
	if err := printStatus(&out, &config.Config{Outputs: config.Outputs{Kafka: &config.Kafka{}}}, &s, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"tailrace 1 on h, with state in /s: in trouble.\n", "1 record in Kafka since the start; 0 bytes wait in files, 0 records under way\n",
		"  It waits since 2026-01-02 03:04:05 until 2026-01-02 03:05:35, while it is read back\n", "! 3 records may be in it twice\n", "! 2 records were read and not acknowledged", "! 4 lines shortened, since",
		"! These files cannot be read (12):\n    /log00: is bad\n", "    /log09: is bad\n    and 2 more\n",
		"! These directories cannot be listed (1):\n    /closed: permission denied\n",
		"! Lost: 5 bytes, 1 line of /a.log, because the file was deleted before they were read\n",
		"! The journal in /s fails to write",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// What a topic waits for is told once, not for its files again.
func TestExplainTellsOneWait(t *testing.T) {
	f := explain.File{Size: 6, State: explain.Followed, Waits: []explain.Wait{{For: explain.ForTurn, Bytes: 6}, {For: explain.ForNewline, Bytes: 2}}}
	for pause, want := range map[string]string{
		"":                      "  Waits:    for its turn with 6 bytes",
		"while it is read back": "  Waits:    for a newline",
	} {
		e := agent.Explanation{Output: &agent.Topic{Topic: "app", Pause: pause}}
		var out strings.Builder
		(&words{out: &out}).progress(&e, &f)
		if got := out.String(); !strings.Contains(got, want) || strings.Contains(got, "turn") != (pause == "") {
			t.Errorf("got %s", got)
		}
	}
}
